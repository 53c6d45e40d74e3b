"""Health, metadata and metrics."""

import time


def test_health(server) -> None:
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert (server.http("GET", path).status, server.http("GET", path).body) == (200, b"")


def test_server_metadata(server) -> None:
    found = server.http("GET", "/v2").json
    assert found["name"] == "triton"
    assert {"model_repository", "model_configuration", "binary_tensor_data"} <= set(found["extensions"])


def test_model_metadata_with_and_without_a_configuration(server) -> None:
    for name in ("fraud", "no-config"):
        assert server.http("GET", f"/v2/models/{name}").json == {
            "name": name,
            "versions": ["1"],
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": "dense_input", "datatype": "FP32", "shape": [-1, 7]}],
            "outputs": [{"name": "dense_3", "datatype": "FP32", "shape": [-1, 1]}],
        }


def test_model_configuration(server) -> None:
    found = server.http("GET", "/v2/models/fraud/config").json
    assert (found["backend"], found["max_batch_size"]) == ("onnxruntime", 0)
    assert [(one["name"], one["data_type"], one["dims"]) for one in found["input"] + found["output"]] == [
        ("dense_input", "TYPE_FP32", [-1, 7]),
        ("dense_3", "TYPE_FP32", [-1, 1]),
    ]


def test_model_readiness(server) -> None:
    assert server.http("GET", "/v2/models/fraud/ready").status == 200
    assert server.http("GET", "/v2/models/fraud/versions/1/ready").status == 200
    for path in ("nosuch/ready", "fraud/versions/9/ready"):
        answer = server.http("GET", f"/v2/models/{path}")
        assert (answer.status, answer.json) == (400, {"error": "Model version not ready"})


def test_unknown_models_and_paths(server) -> None:
    answer = server.http("GET", "/v2/models/nosuch")
    assert (answer.status, answer.json["error"]) == (404, "Request for unknown model: 'nosuch' is not found")
    answer = server.http("GET", "/v2/models/fraud/versions/9")
    assert (answer.status, answer.json["error"]) == (404, "Request for unknown model: 'fraud' version 9 is not found")
    for path in ("/", "/nosuch", "/v2/models/fraud/versions/x"):
        answer = server.http("GET", path)
        assert (answer.status, answer.json) == (404, {"error": "Not Found"})
    answer = server.http("GET", "/v2/models/fraud/infer")
    assert (answer.status, answer.json) == (405, {"error": "Method Not Allowed"})


def test_metrics_count_what_was_asked(server) -> None:
    def successes() -> float:
        text = server.http("GET", "/metrics", port="metrics").body.decode()
        line = next(
            line for line in text.splitlines() if line.startswith('nv_inference_request_success{model="fraud",')
        )
        return float(line.split()[-1])

    before = successes()
    row = {"name": "dense_input", "datatype": "FP32", "shape": [1, 7], "data": [0] * 7}
    assert server.infer([row]).status == 200
    end = time.monotonic() + 10
    while successes() == before and time.monotonic() < end:
        time.sleep(0.05)  # the answer may leave before it is counted
    assert successes() == before + 1
