"""OpenShift AI 2.25, from a hand-written Subscription to an answer, and how it refuses."""

from __future__ import annotations

import json

import pytest

from rehearsal.cluster import Cluster
from tests.e2e.openshift_ai import Platform
from tests.e2e.rehearsing import Kubectl

# `make test` walks the whole journey on 2.25 (test_secrets.py)
pytestmark = [pytest.mark.e2e, pytest.mark.soak]
RHODS = "2.25"
DSC = "datasciencecluster.opendatahub.io/v1"


@pytest.fixture(scope="module")
def platform(kubectl: Kubectl, cluster: Cluster) -> Platform:
    if cluster.rhods != "2.25":
        pytest.skip(f"this rehearsal is one for OpenShift AI {cluster.rhods}")
    found = Platform(kubectl, cluster, "2.25")
    found.install()
    found.until(lambda: found.conditions("dsc", "a-cluster").get("Ready", {}).get("status") == "True")
    found.seed("triton-repo/fraud/1/model.onnx")
    found.apply("model")
    return found


def test_the_model_answers_by_its_route(platform: Platform) -> None:
    host = platform.until(lambda: platform.get("route", "fraud", "-n", "shop").get("spec", {}).get("host"))
    assert 0 < platform.answers(f"https://{host}/v2/models/fraud/infer") < 0.01


def test_the_cluster_says_what_2_25_says(platform: Platform) -> None:
    status = platform.get("dsc", "a-cluster")["status"]
    assert status["installedComponents"]["kserve"] is True
    assert status["installedComponents"]["model-mesh"] is False
    host = platform.get("route", "rhods-dashboard", "-n", "redhat-ods-applications")["spec"]["host"]
    assert status["components"]["dashboard"]["url"] == host
    assert platform.get("consolelink", "rhodslink")["spec"]["href"] == f"https://{host}"
    initialization = platform.conditions("dsci", "default-dsci")
    assert initialization["CapabilityServiceMesh"]["reason"] == "MissingOperator"
    assert platform.get("dsci", "default-dsci")["status"]["phase"] == "Ready"


def test_a_second_cluster_is_denied(platform: Platform) -> None:
    second = {"apiVersion": DSC, "kind": "DataScienceCluster", "metadata": {"name": "second"}, "spec": {}}
    assert "denied the request: Only one instance of DataScienceCluster object is allowed" in platform.refused(second)


def test_serverless_kserve_is_not_ready_without_its_operators(platform: Platform) -> None:
    serving = {"kserve": {"serving": {"managementState": "Managed"}, "defaultDeploymentMode": "Serverless"}}
    patch = json.dumps({"spec": {"components": serving}})
    platform.kubectl("patch", "dsc", "a-cluster", "--type=merge", f"--patch={patch}")
    found = platform.until(
        lambda: (
            (platform.conditions("dsc", "a-cluster")["KserveReady"].get("reason") == "Error")
            and platform.conditions("dsc", "a-cluster")["KserveReady"]
        )
    )
    assert isinstance(found, dict)
    assert "ServiceMesh operator must be installed for this component's configuration" in found["message"]
    assert "Serverless operator must be installed for this component's configuration" in found["message"]
    status = platform.get("dsc", "a-cluster")
    assert status["status"]["observedGeneration"] < status["metadata"]["generation"]


def test_uninstall_by_config_map_leaves_what_the_product_leaves(platform: Platform) -> None:
    platform.uninstall()
    assert platform.get("group.user.openshift.io", "rhods-admins")
    assert platform.get("crd", "inferenceservices.serving.kserve.io")
    assert platform.get("mutatingwebhookconfiguration", "mutating.odh-model-controller.opendatahub.io")
