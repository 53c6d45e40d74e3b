"""What the stand-ins around InferenceServices decide: storage, Routes, admission, the dashboard, ModelMesh."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.operators.dashboard import selection
from rehearsal.operators.model_controller import routes, storage_config, webhooks
from rehearsal.operators.modelmesh import __main__ as modelmesh
from rehearsal.operators.modelmesh import layout, objects, status

Obj = dict[str, Any]
BOTH = {"opendatahub.io/managed": "true", "opendatahub.io/dashboard": "true"}
VALUES = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "word",
    "AWS_S3_ENDPOINT": "http://store:9000",
    "AWS_DEFAULT_REGION": "here",
    "AWS_S3_BUCKET": "goods",
}


def connection(labels: dict[str, str] = BOTH, kind: str | None = "s3") -> Obj:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in VALUES.items()}
    notes = {"opendatahub.io/connection-type": kind} if kind else {}
    return {"metadata": {"name": "c", "labels": labels, "annotations": notes}, "data": data}


def entry(secret: Obj, era: str) -> Obj:
    found: Obj = json.loads(base64.b64decode(storage_config.data([secret], era)["c"]))
    return found


@pytest.mark.parametrize(
    ("era", "extra"), [("3.4", {}), ("2.25", {"default_bucket": "goods"}), ("2.8", {"default_bucket": "goods"})]
)
def test_a_connection_becomes_what_the_storage_code_reads(era: str, extra: Obj) -> None:
    assert entry(connection(), era) == {
        "access_key_id": "key",
        "secret_access_key": "word",
        "endpoint_url": "http://store:9000",
        "region": "here",
        "bucket": "goods",
        "type": "s3",
        **extra,
    }


def test_a_connection_without_its_type_annotation_has_an_empty_type() -> None:
    assert entry(connection(kind=None), "3.4")["type"] == ""


@pytest.mark.parametrize("missing", BOTH)
def test_a_connection_needs_both_labels(missing: str) -> None:
    labels = {key: value for key, value in BOTH.items() if key != missing}
    assert storage_config.data([connection(labels)], "3.4") == {}


def test_keys_of_an_entry_are_sorted() -> None:
    text = base64.b64decode(storage_config.data([connection()], "2.25")["c"]).decode()
    assert list(json.loads(text)) == sorted(json.loads(text))


def isvc(name: str = "fraud", labels: Obj | None = None, notes: Obj | None = None, **predictor: Any) -> Obj:
    meta = {"name": name, "namespace": "shop", "uid": "u", "labels": labels or {}, "annotations": notes or {}}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": meta,
        "spec": {"predictor": predictor},
    }


def service(*names: str) -> Obj:
    return {"metadata": {"name": "fraud-predictor"}, "spec": {"ports": [{"name": name, "port": 1} for name in names]}}


@pytest.mark.parametrize(
    ("ports", "target"), [(("http1", "h2c"), "http1"), (("grpc", "http"), "http"), (("https", "x"), "https")]
)
def test_a_route_leads_to_port_http_or_to_the_first_named_one(ports: tuple[str, ...], target: str) -> None:
    found = routes.route(isvc(), service(*ports))
    assert found is not None
    assert (found["spec"]["port"]["targetPort"], found["spec"]["tls"]["termination"]) == (target, "edge")
    assert found["metadata"]["ownerReferences"][0]["uid"] == "u"


def test_a_protected_route_reencrypts_to_https() -> None:
    found = routes.route(isvc(notes={routes.AUTH: "true"}), service("https"))
    assert found is not None
    assert (found["spec"]["port"]["targetPort"], found["spec"]["tls"]["termination"]) == ("https", "reencrypt")


def test_the_timeout_is_the_sum_of_the_components_or_the_annotation() -> None:
    assert routes.timeout(isvc(timeout=70)) == "70s"
    assert routes.timeout(isvc(model={})) == "30s"
    assert routes.timeout(isvc(notes={routes.TIMEOUT: "5m"})) == "5m"


def test_standard_is_another_word_for_raw() -> None:
    assert routes.mode(isvc(notes={"serving.kserve.io/deploymentMode": "Standard"})) == "RawDeployment"


def judged(name: str, space: str, era: str) -> str:
    protected = {"redhat-ods-applications", *(("knative-serving", "mesh") if era == "2.25" else ())}
    return webhooks.judge({"name": name, "namespace": space}, protected, era).message


def test_protected_namespaces_and_long_names_are_refused() -> None:
    lead = 'InferenceService.serving.kserve.io "m" is invalid: metadata.namespace: Invalid value: '
    assert (
        judged("m", "redhat-ods-applications", "3.4")
        == f'{lead}"redhat-ods-applications": specified namespace is protected'
    )
    assert judged("m", "knative-serving", "2.25")
    assert not judged("m", "knative-serving", "3.4")
    assert "maximum length of 53 characters (current length: 54)" in judged("m" * 54, "shop", "3.4")
    assert not judged("m" * 54, "shop", "2.25")


def project(labels: Obj, name: str = "shop") -> Obj:
    return {"metadata": {"name": name, "labels": labels}, "status": {"phase": "Active"}}


@pytest.mark.parametrize(
    ("labels", "era", "project_of", "serving", "platform"),
    [
        ({}, "2.8", False, False, "choose"),
        ({}, "2.25", True, False, "choose"),
        ({}, "3.4", False, False, "single"),
        ({selection.DASHBOARD: "true"}, "2.25", True, False, "choose"),
        ({selection.DASHBOARD: "true"}, "3.4", True, True, "single"),
        ({selection.DASHBOARD: "no"}, "2.8", True, False, "choose"),
        ({selection.DASHBOARD: "true", selection.MESH: "true"}, "2.8", True, True, "multi"),
        ({selection.DASHBOARD: "true", selection.MESH: "false"}, "2.25", True, True, "single"),
    ],
)
def test_projects_are_selected_as_each_dashboard_does(
    labels: Obj, era: str, project_of: bool, serving: bool, platform: str
) -> None:
    [found] = selection.projects([project(labels)], era)
    assert (found["aiProject"], found["modelServing"], found["platform"]) == (project_of, serving, platform)


def test_system_projects_are_not_listed() -> None:
    names = ("openshift-x", "kube-x", "default", "system", "openshift", "redhat-ods-applications")
    assert selection.projects([project({}, name) for name in names], "3.4") == []


def template(support: str | None) -> Obj:
    runtime = {
        "kind": "ServingRuntime",
        "metadata": {"name": "r"},
        "spec": {"containers": [{}], "supportedModelFormats": []},
    }
    notes = {selection.SUPPORT: support} if support else {}
    return {
        "metadata": {"name": "t", "labels": {selection.DASHBOARD: "true"}, "annotations": notes},
        "objects": [runtime],
    }


@pytest.mark.parametrize(
    ("support", "era", "platforms", "wizard"),
    [
        (None, "2.8", ["multi"], True),
        (None, "2.25", ["multi"], True),
        (None, "3.4", ["single"], False),
        ('["single"]', "3.4", ["single"], True),
        ('["single","multi"]', "2.25", ["single", "multi"], True),
    ],
)
def test_a_template_is_offered_where_its_annotation_says(
    support: str | None, era: str, platforms: list[str], wizard: bool
) -> None:
    [found] = selection.templates([template(support)], {}, era)
    assert (found["platforms"], found["wizard"]) == (platforms, wizard)


def test_connections_need_different_marks_by_version() -> None:
    plain = connection({selection.DASHBOARD: "true"}, None)
    typed = connection({selection.DASHBOARD: "true"})
    assert selection.connections([plain, typed], "2.8") == []
    assert selection.connections([connection(kind=None)], "2.8") == ["c"]
    assert selection.connections([plain, typed], "3.4") == ["c"]


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("files", "single", "expected"),
    [
        (["1/m.onnx"], False, {"m/1/model.onnx"}),
        (["card.onnx"], False, {"m/1/model.onnx"}),
        (["card.onnx"], True, {"m/1/model.onnx"}),
        (["1/m.onnx", "12/m.onnx"], False, {"m/12/model.onnx"}),
        # the folder above the model: nothing that Triton could read
        (["fraud/1/m.onnx"], False, {"m/1/model.onnx/1/m.onnx"}),
        (["config.pbtxt", "1/m.onnx"], False, {"m/config.pbtxt", "m/1/m.onnx"}),
    ],
)
def test_models_are_laid_out_as_the_adapter_does(
    tmp_path: Path, files: list[str], single: bool, expected: set[str]
) -> None:
    source, repository = tmp_path / "source", tmp_path / "repository"
    for name in files:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text('name: "other"\nbackend: "x"\n')
    layout.adapt(source, repository, "m", "onnx", single)
    assert tree(repository) == expected
    if "m/config.pbtxt" in expected:
        assert "other" not in (repository / "m/config.pbtxt").read_text()


def test_a_path_is_cut_off_as_a_string() -> None:
    assert layout.targets(["models/fraud2/1/m"], "models/fraud") == {"models/fraud2/1/m": "2/1/m"}


def mesh_model(before: str = "") -> Obj:
    found = isvc(model={"modelFormat": {"name": "onnx", "version": "1"}})
    found["status"] = {"modelStatus": {"states": {"activeModelState": before}}} if before else {}
    return found


def states(found: Obj) -> tuple[str, str, str, str]:
    model = found["modelStatus"]
    reason = (model["lastFailureInfo"] or {}).get("reason", "")
    return found["conditions"][1]["status"], model["states"]["activeModelState"], model["transitionStatus"], reason


LOADED, FAILED = {"state": "Loaded"}, {"state": "FailedToLoad", "message": "m"}


@pytest.mark.parametrize(
    ("answers", "before", "expected"),
    [
        ([LOADED, LOADED], "", ("True", "Loaded", "UpToDate", "")),
        ([FAILED, FAILED], "", ("False", "FailedToLoad", "UpToDate", "ModelLoadFailed")),
        ([FAILED], "Loaded", ("True", "Loaded", "BlockedByFailedLoad", "ModelLoadFailed")),
    ],
)
def test_modelmesh_reports_what_its_pods_say(answers: list[Obj], before: str, expected: tuple[str, ...]) -> None:
    pods = [(f"modelmesh-serving-triton-5c86d9d-7xk2{n}", answer) for n, answer in enumerate(answers)]
    assert states(status.reported(mesh_model(before), "id", pods)) == expected


def test_modelmesh_waits_for_pods_and_knows_its_runtimes() -> None:
    assert states(status.blocked(mesh_model(), "id", status.WAITING)) == (
        "False",
        "Pending",
        "UpToDate",
        "RuntimeUnhealthy",
    )
    missing = status.blocked(mesh_model(), "id", status.NOT_RECOGNIZED)
    assert states(missing) == ("False", "FailedToLoad", "UpToDate", "RuntimeNotRecognized")
    assert missing["url"] == "grpc://modelmesh-serving.shop:8033"


def test_a_model_without_a_runtime_gets_one_that_takes_its_format() -> None:
    formats = [{"name": "onnx", "version": "1", "autoSelect": True}]
    runtimes = {"r": {"metadata": {"name": "r"}, "spec": {"multiModel": True, "supportedModelFormats": formats}}}
    assert modelmesh.choose(mesh_model(), runtimes) == "r"
    assert modelmesh.choose(isvc(model={"modelFormat": {"name": "keras"}}), runtimes) is None
    assert modelmesh.choose(isvc(model={"runtime": "other", "modelFormat": {"name": "onnx"}}), runtimes) is None


def test_a_models_id_changes_with_its_content_alone() -> None:
    assert objects.model_id(isvc(model={"a": 1})) == objects.model_id(isvc(labels={"x": "y"}, model={"a": 1}))
    assert objects.model_id(isvc(model={"a": 1})) != objects.model_id(isvc(model={"a": 2}))


def test_modelmesh_keeps_some_ports_for_itself() -> None:
    runtime = {"spec": {"multiModel": True, "containers": [{"name": "triton", "ports": [{"containerPort": 8033}]}]}}
    found = asyncio.run(modelmesh.validate({"object": runtime}))
    assert (found.allowed, found.message) == (False, "Port 8033 is reserved for internal use")
