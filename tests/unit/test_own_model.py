"""A model of the user's: what goes into the bucket, which pods it brings, and what is known of its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap import desired, grpc_v2, own_model, verify
from bootstrap.errors import DemoError, SettingsError, VerifyError
from bootstrap.settings import Settings, load
from tests.unit.cluster import Objects, plan, visit

BYTES = b"not really ONNX"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "mine.onnx"
    path.write_bytes(BYTES)
    return path


def settings(model: Path, **more: Any) -> Settings:
    return Settings(model=model, state_dir=model.parent / "state", **more)


def answers(model: Path, sha256: str = "", **more: Any) -> Path:
    one = {"name": "row", "inputs": [], "outputs": [{"name": "label", "datatype": "INT64", "data": [7]}]}
    path = model.with_suffix(".answers.json")
    path.write_text(json.dumps({"sha256": sha256 or own_model.digest(model), "answers": [one], **more}))
    return path


def test_the_slot_holds_its_bytes_and_a_configuration_that_fits_any_model(model: Path) -> None:
    here = visit(Objects(), model.parent / "state", model=model)
    folders = here.model_folders()
    folder = Path(folders["triton-repo/fraud"])
    assert (folder / "1" / "model.onnx").read_bytes() == BYTES
    assert "dense_input" not in (folder / "config.pbtxt").read_text()
    assert visit(Objects(), model.parent / "state", model=model).model_folders() == folders


def test_the_other_slot_keeps_its_model(model: Path) -> None:
    here = visit(Objects(), model.parent, era="modelmesh", model=model)
    assert here.model_folders()["triton-repo-v2/fraud-v2"].endswith("model/fraud-v2")


def test_other_bytes_bring_other_pods(model: Path) -> None:
    def spec(**more: Any) -> dict[str, Any]:
        application = desired.serving(plan(**more)).applied["delivery"][0]
        return dict(application["spec"]["source"])

    (patch,) = spec(model=model)["kustomize"]["patches"]
    (added,) = yaml.safe_load(patch["patch"])
    assert (added["path"], added["value"]) == (
        "/metadata/annotations/serving-demo~1model",
        own_model.digest(model)[:16],
    )
    (service,) = [
        obj
        for obj in desired.serving(plan(delivery="direct", model=model)).applied["delivery"]
        if obj["kind"] == "InferenceService"
    ]
    assert service["metadata"]["annotations"][own_model.ANNOTATION] == added["value"]
    assert "patches" not in spec().get("kustomize", {})


def test_a_rollout_counts_only_when_the_pods_are_of_this_model(model: Path) -> None:
    def deployment(mark: str | None) -> dict[str, Any]:
        notes = {own_model.ANNOTATION: mark} if mark else {}
        template = {"metadata": {"annotations": notes}}
        status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
        conditions = [{"type": "Available", "status": "True"}]
        meta = {"name": "fraud-predictor", "generation": 1}
        whole = {**status, "readyReplicas": 1, "conditions": conditions}
        spec = {"replicas": 1, "template": template}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec, "status": whole}

    (awaited,) = [one for one in desired.serving(plan(model=model)).awaited["delivery"] if one.mark]
    check = desired.Awaited.from_json(awaited.to_json()).target().predicate
    assert check(deployment(own_model.mark(settings(model)))).ready
    assert check(deployment(None)).reason == "its pods are still those of another model"
    (ours,) = [one for one in desired.serving(plan()).awaited["delivery"] if one.ref.kind == "Deployment"]
    assert ours.target().predicate(deployment(None)).ready
    assert not ours.target().predicate(deployment("abc")).ready


def test_its_answers_lie_beside_it_and_are_about_it(model: Path) -> None:
    assert own_model.known(settings(model), model) is None
    path = answers(model)
    found = own_model.known(settings(model), model)
    assert found
    assert len(found["answers"]) == 1
    answers(model, sha256="0" * 64)
    with pytest.raises(
        DemoError, match=r"answers of another model \(sha256 000000000000\) than MODEL .*make answers MO"
    ):
        own_model.known(settings(model), model)
    path.write_text("[]")
    with pytest.raises(DemoError, match="is no file of known answers"):
        own_model.known(settings(model), model)
    with pytest.raises(DemoError, match=r"gone\.json"):
        own_model.known(settings(model, answers=model.parent / "gone.json"), model)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty; expected one ONNX file"), (None, "does not exist; give the path of a file")]
)
def test_a_file_that_is_no_model_is_refused(content: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        load({"MODEL": str(path)}, None, {})


def test_without_answers_verify_says_that_it_compared_nothing() -> None:
    said = str(verify.Proof("fraud", "https://x", 0, 0.0, own=True))
    assert "NO ANSWER WAS COMPARED" in said
    assert "`make answers MODEL=<file>`" in said


def test_whole_numbers_and_texts_have_to_be_equal(model: Path) -> None:
    here = visit(Objects(), model.parent, model=model)
    outputs = [
        {"name": "label", "datatype": "INT64", "data": [7, 8]},
        {"name": "word", "datatype": "BYTES", "data": ["ä"]},
    ]
    answer = {"name": "row", "outputs": outputs}
    right = {"label": [7, 8], "word": ["ä"]}
    assert verify.compare(here, "fraud", answer, right, verify.OWN, "REST") == 0
    with pytest.raises(VerifyError, match=r"row 'row'\[1\] over gRPC: expected 8, got 9; "):
        verify.compare(here, "fraud", answer, {**right, "label": [7, 9]}, verify.OWN, "gRPC")
    with pytest.raises(VerifyError, match=r"expected 'ä', got 'a'"):
        verify.compare(here, "fraud", answer, {**right, "word": ["a"]}, verify.OWN, "REST")


def test_large_numbers_may_differ_by_their_size(model: Path) -> None:
    here = visit(Objects(), model.parent, model=model)
    answer = {"name": "row", "outputs": [{"name": "sum", "datatype": "FP32", "data": [1e6]}]}
    assert verify.compare(here, "fraud", answer, {"sum": [1e6 + 1]}, verify.OWN, "REST") == 1
    with pytest.raises(VerifyError):
        verify.compare(here, "fraud", answer, {"sum": [1e6 + 1000]}, verify.OWN, "REST")


@pytest.mark.parametrize(
    ("datatype", "values"),
    [(name, [1, 0, 1] if name != "BOOL" else [True, False]) for name in grpc_v2.FORMATS] + [("BYTES", ["", "ö", "ab"])],
)
def test_every_datatype_travels_over_grpc(datatype: str, values: list[Any]) -> None:
    assert grpc_v2.unpacked(datatype, grpc_v2.packed(datatype, values)) == values
