"""OpenShift AI 2.8: two models on one ModelMesh runtime, and what this version reports and accepts."""

from __future__ import annotations

import json

import pytest

from rehearsal.cluster import Cluster
from tests.e2e.openshift_ai import Platform
from tests.e2e.rehearsing import Kubectl

pytestmark = pytest.mark.e2e
RHODS = "2.8"
SERVICE = "http://modelmesh-serving.shop.svc.cluster.local:8008/v2/models"


@pytest.fixture(scope="module")
def platform(kubectl: Kubectl, cluster: Cluster) -> Platform:
    if cluster.rhods != "2.8":
        pytest.skip(f"this rehearsal is one for OpenShift AI {cluster.rhods}")
    found = Platform(kubectl, cluster, "2.8")
    found.install()
    found.until(lambda: found.get("dsc", "a-cluster").get("status", {}).get("phase") == "Ready")
    found.seed("triton-repo/fraud/1/model.onnx")
    found.apply("models")
    return found


def test_conditions_are_in_lower_case_and_removed_ones_absent(platform: Platform) -> None:
    found = platform.conditions("dsc", "a-cluster")
    assert found["ReconcileComplete"]["reason"] == "ReconcileCompleted"
    assert found["model-meshReady"]["status"] == found["dashboardReady"]["status"] == "True"
    assert "kserveReady" not in found
    assert platform.get("dsc", "a-cluster")["status"]["installedComponents"]["model-mesh"] is True


def test_the_initialization_never_gets_ready_without_service_mesh(platform: Platform) -> None:
    assert platform.get("dsci", "default-dsci")["status"]["phase"] == "Progressing"


@pytest.mark.parametrize("name", ["fraud", "fraud-v2"])
def test_both_models_answer_from_one_runtime(platform: Platform, name: str) -> None:
    assert 0 < platform.answers(f"{SERVICE}/{name}/infer") < 0.01
    status = platform.get("isvc", name, "-n", "shop")["status"]
    assert status["modelStatus"]["states"]["activeModelState"] == "Loaded"
    assert status["modelStatus"]["transitionStatus"] == "UpToDate"
    assert status["url"] == "grpc://modelmesh-serving.shop:8033"


def test_only_inference_has_a_route_in_rest(platform: Platform) -> None:
    assert platform.ask(f"{SERVICE}/fraud")["code"] == 5


def test_each_model_has_a_public_address(platform: Platform) -> None:
    host = platform.get("route", "fraud-v2", "-n", "shop")["spec"]["host"]
    assert platform.answers(f"https://{host}/v2/models/fraud-v2/infer") > 0


def test_a_runtime_that_is_not_there_is_named_in_the_status(platform: Platform) -> None:
    lost = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": "lost",
            "namespace": "shop",
            "annotations": {"serving.kserve.io/deploymentMode": "ModelMesh"},
        },
        "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}, "runtime": "nosuch"}}},
    }
    platform.kubectl("apply", "-f", "-", stdin=json.dumps(lost))
    found = platform.until(
        lambda: (
            platform.get("isvc", "lost", "-n", "shop").get("status", {}).get("modelStatus", {}).get("lastFailureInfo")
        )
    )
    assert isinstance(found, dict)
    assert found["reason"] == "RuntimeNotRecognized"
    platform.kubectl("delete", "isvc", "lost", "-n", "shop")


def test_a_second_cluster_is_accepted_and_is_an_error(platform: Platform) -> None:
    second = {
        "apiVersion": "datasciencecluster.opendatahub.io/v1",
        "kind": "DataScienceCluster",
        "metadata": {"name": "second"},
        "spec": {},
    }
    platform.kubectl("apply", "-f", "-", stdin=json.dumps(second))
    platform.until(
        lambda: platform.conditions("dsc", "a-cluster")["Degraded"].get("reason") == "DuplicateDataScienceCluster"
    )
    assert platform.get("dsc", "a-cluster")["status"]["phase"] == "Error"
    platform.kubectl("delete", "dsc", "second")
    platform.until(lambda: platform.get("dsc", "a-cluster")["status"]["phase"] == "Ready")


@pytest.mark.soak  # the same code as on 3.4, whose own test is not left out
def test_uninstall_by_config_map_leaves_what_the_product_leaves(platform: Platform) -> None:
    platform.uninstall()
    assert platform.get("group.user.openshift.io", "rhods-admins")
    assert platform.get("crd", "inferenceservices.serving.kserve.io")
    assert not platform.get("mutatingwebhookconfiguration", "mutating.odh-model-controller.opendatahub.io")
