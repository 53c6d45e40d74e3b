"""Which models are served: at the start, and by request."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

MODEL = Path(__file__).resolve().parents[2] / "model"
ROW = {"name": "dense_input", "datatype": "FP32", "shape": [1, 7], "data": [0.5] * 7}


def index(server, **body):
    return {(one["name"], one.get("version")): one for one in server.http("POST", "/v2/repository/index", body).json}


def test_the_index_lists_served_versions(server) -> None:
    found = index(server)
    assert found["fraud", "1"] == {"name": "fraud", "version": "1", "state": "READY"}
    assert ("two-versions", "2") in found
    assert ("two-versions", "1") not in found


def test_load_unload_and_a_new_version(server) -> None:
    folder = server.repository / "loaded-later"
    (folder / "1").mkdir(parents=True)
    try:
        shutil.copy(MODEL / "fraud/1/model.onnx", folder / "1/model.onnx")
        assert server.http("POST", "/v2/repository/models/loaded-later/load", {}).status == 200
        first = server.infer([ROW], "loaded-later").json
        (folder / "2").mkdir()
        shutil.copy(MODEL / "fraud-v2/1/model.onnx", folder / "2/model.onnx")
        assert server.infer([ROW], "loaded-later").json == first
        assert server.http("POST", "/v2/repository/models/loaded-later/load", {}).status == 200
        assert server.infer([ROW], "loaded-later").json["model_version"] == "2"
        assert server.http("POST", "/v2/repository/models/loaded-later/unload", {}).status == 200
        assert server.http("GET", "/v2/models/loaded-later/ready").status == 400
        answer = server.infer([ROW], "loaded-later")
        assert (answer.status, "loaded-later" in answer.json["error"]) == (404, True)
        listed = [one for (name, _), one in index(server).items() if name == "loaded-later"]
        assert listed
        assert all(one.get("state") != "READY" for one in listed)  # Triton says UNLOADING before UNAVAILABLE
        assert not [name for name, _ in index(server, ready=True) if name == "loaded-later"]
    finally:
        shutil.rmtree(folder)


def test_a_broken_model_does_not_load_and_others_answer(server) -> None:
    file = server.repository / "broken" / "1" / "model.onnx"
    file.parent.mkdir(parents=True)
    try:
        file.write_bytes(b"not a model")
        answer = server.http("POST", "/v2/repository/models/broken/load", {})
        assert answer.status == 400
        assert "broken" in answer.json["error"]
        assert index(server)["broken", "1"]["state"] == "UNAVAILABLE"
        assert index(server)["broken", "1"]["reason"]
        answer = server.http("GET", "/v2/health/ready")
        assert (answer.status, answer.body) == (400, b"")
        assert server.infer([ROW]).status == 200
    finally:
        server.http("POST", "/v2/repository/models/broken/unload", {})
        shutil.rmtree(file.parent.parent)


def test_an_unknown_model_cannot_be_loaded(server) -> None:
    answer = server.http("POST", "/v2/repository/models/nosuch/load", {})
    assert answer.status in (400, 500)
    assert answer.json["error"] == "failed to load 'nosuch', failed to poll from model repository"


def test_a_server_without_models_is_ready(bare_server) -> None:
    assert bare_server.http("GET", "/v2/health/ready").status == 200
    assert bare_server.http("POST", "/v2/repository/index", {}).json == []
    assert bare_server.http("GET", "/v2/models/model/ready").status == 400
    assert bare_server.infer([ROW], "model").status == 404


def test_models_are_not_loaded_by_request_unless_the_server_was_told_so(bare_server) -> None:
    for what in ("load", "unload"):
        answer = bare_server.http("POST", f"/v2/repository/models/fraud/{what}", {})
        assert answer.status == 503
        assert answer.json["error"] == "explicit model load / unload is not allowed if polling is enabled"


@pytest.mark.parametrize(
    ("content", "arguments"),
    [("broken", ()), ("nothing", ()), ("deep", ()), ("fine", ("--no-such-option=1",)), ("misnamed", ())],
    ids=["broken model", "no repository", "a level too deep", "unknown option", "name other than its folder"],
)
def test_a_server_that_cannot_serve_ends(kind, tmp_path, content, arguments, serve) -> None:
    repository = tmp_path / "models"
    if content == "broken":
        (repository / "fraud/1").mkdir(parents=True)
        (repository / "fraud/1/model.onnx").write_bytes(b"not a model")
    elif content == "deep":
        shutil.copytree(MODEL / "fraud", repository, ignore=shutil.ignore_patterns("config.pbtxt"))
    elif content != "nothing":
        shutil.copytree(MODEL / "fraud", repository / "fraud")
    if content == "misnamed":
        (repository / "fraud/config.pbtxt").write_text('name: "other"\nbackend: "onnxruntime"\nmax_batch_size: 0\n')
    for _ in range(3):  # the real server hangs in its own way out once in a hundred times, all being said
        server = serve(kind, repository, tmp_path, *arguments)
        try:
            seconds = 60 if kind == "v2server" else 20
            assert server.process.wait(seconds) == 1, server.log.read_text(errors="replace")
            return
        except subprocess.TimeoutExpired:
            assert kind == "triton", server.log.read_text(errors="replace")
            server.process.kill()  # it would not heed the fixture's SIGTERM either
    pytest.fail(server.log.read_text(errors="replace"))


def test_polling_finds_a_new_version(kind, tmp_path, serve) -> None:
    repository = tmp_path / "models"
    shutil.copytree(MODEL / "fraud", repository / "fraud")
    server = serve(kind, repository, tmp_path, "--model-control-mode=poll", "--repository-poll-secs=1", wait=True)
    assert server.infer([ROW]).json["model_version"] == "1"
    shutil.copytree(MODEL / "fraud-v2/1", repository / "fraud/2")
    deadline = time.monotonic() + 60
    while server.infer([ROW]).json["model_version"] != "2":
        assert time.monotonic() < deadline, "the second version was not served within 60 s"
        time.sleep(0.2)


def test_a_signal_ends_the_server_with_success(kind, tmp_path, serve) -> None:
    repository = tmp_path / "models"
    shutil.copytree(MODEL / "fraud", repository / "fraud")
    server = serve(kind, repository, tmp_path, wait=True)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
