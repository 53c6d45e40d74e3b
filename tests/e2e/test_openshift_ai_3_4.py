"""OpenShift AI 3.4, from a hand-written Subscription to an answer, and how it refuses."""

from __future__ import annotations

import json

import pytest

from rehearsal.cluster import Cluster
from tests.e2e.openshift_ai import Obj, Platform
from tests.e2e.rehearsing import Kubectl

pytestmark = pytest.mark.e2e
DSC = "datasciencecluster.opendatahub.io"
SERVING = "serving.kserve.io/v1beta1"


@pytest.fixture(scope="module")
def platform(kubectl: Kubectl, cluster: Cluster) -> Platform:
    if cluster.rhods != "3.4":
        pytest.skip(f"this rehearsal is one for OpenShift AI {cluster.rhods}")
    found = Platform(kubectl, cluster, "3.4")
    found.install()
    found.until(lambda: found.conditions("dsc", "a-cluster").get("Ready", {}).get("status") == "True")
    found.seed("triton-repo/fraud/1/model.onnx")
    found.apply("model")
    return found


def test_the_cluster_is_ready_for_its_generation(platform: Platform) -> None:
    dsc = platform.get("dsc", "a-cluster")
    assert dsc["status"]["observedGeneration"] == dsc["metadata"]["generation"]
    assert dsc["status"]["phase"] == "Ready"
    assert platform.get("dsci", "default-dsci")["status"]["phase"] == "Ready"


def test_the_model_answers_by_its_route(platform: Platform) -> None:
    host = platform.until(lambda: platform.get("route", "fraud", "-n", "shop").get("spec", {}).get("host"))
    assert 0 < platform.answers(f"https://{host}/v2/models/fraud/infer") < 0.01


def test_the_gateway_leads_to_a_page_that_shows_the_project(platform: Platform) -> None:
    link = platform.get("consolelink", "rhodslink")["spec"]["href"]
    assert link == f"https://{platform.get('gatewayconfig', 'default-gateway')['status']['domain']}/"
    listing = json.loads(platform.inside("curl", "-sk", "--max-time", "20", f"{link}api/listing"))
    project = next(item for item in listing["projects"] if item["name"] == "shop")
    assert (project["aiProject"], project["connections"]) == (True, ["shop-storage"])
    assert "shop/fraud" in listing["inferenceServices"]
    assert "shop/triton-one" in listing["servingRuntimes"]


def test_the_old_address_redirects(platform: Platform) -> None:
    host = platform.get("route", "rhods-dashboard", "-n", "redhat-ods-applications")["spec"]["host"]
    headers = platform.inside("curl", "-skI", "--max-time", "20", f"https://{host}/")
    assert "location: https://rh-ai." in headers.lower()


def test_a_template_without_its_annotation_is_not_offered(platform: Platform) -> None:
    runtime = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": "plain"},
        "spec": {"containers": [{"name": "kserve-container"}], "supportedModelFormats": [{"name": "onnx"}]},
    }
    template = {
        "apiVersion": "template.openshift.io/v1",
        "kind": "Template",
        "metadata": {
            "name": "plain",
            "namespace": "redhat-ods-applications",
            "labels": {"opendatahub.io/dashboard": "true"},
        },
        "objects": [runtime],
    }
    platform.kubectl("apply", "-f", "-", stdin=json.dumps(template))
    link = platform.get("consolelink", "rhodslink")["spec"]["href"]
    listing = json.loads(platform.inside("curl", "-sk", "--max-time", "20", f"{link}api/listing"))
    found = next(item for item in listing["templates"] if item["name"] == "plain")
    assert (found["valid"], found["wizard"]) == (True, False)


def test_a_second_cluster_is_denied(platform: Platform) -> None:
    second = {"apiVersion": f"{DSC}/v2", "kind": "DataScienceCluster", "metadata": {"name": "second"}, "spec": {}}
    assert "denied the request: Only one instance of DataScienceCluster object is allowed" in platform.refused(second)


def test_modelmesh_in_v1_is_accepted_and_dropped(platform: Platform) -> None:
    patch = json.dumps({"spec": {"components": {"modelmeshserving": {"managementState": "Managed"}}}})
    platform.kubectl("patch", f"datascienceclusters.v1.{DSC}", "a-cluster", "--type=merge", f"--patch={patch}")
    assert "modelmeshserving" not in platform.get(f"datascienceclusters.v2.{DSC}", "a-cluster")["spec"]["components"]


def model(name: str, namespace: str = "shop", **annotations: str) -> Obj:
    meta = {"name": name, "namespace": namespace, "annotations": dict(annotations)}
    spec = {"predictor": {"model": {"modelFormat": {"name": "onnx"}, "runtime": "triton-one"}}}
    return {"apiVersion": SERVING, "kind": "InferenceService", "metadata": meta, "spec": spec}


def test_models_are_refused_by_name_namespace_and_connection(platform: Platform) -> None:
    assert "length of 53 characters (current length: 54)" in platform.refused(model("m" * 54))
    assert "specified namespace is protected" in platform.refused(model("m", "redhat-ods-applications"))
    missing = model("m", **{"opendatahub.io/connections": "nosuch"})
    text = "Secret 'nosuch' referenced in annotation 'opendatahub.io/connections' not found in namespace 'shop'"
    assert text in platform.refused(missing)


def test_a_connection_without_its_type_is_of_no_use(platform: Platform) -> None:
    platform.kubectl("create", "secret", "generic", "untyped", "-n", "shop", "--from-literal=AWS_S3_BUCKET=goods")
    labels = ("opendatahub.io/dashboard=true", "opendatahub.io/managed=true")
    platform.kubectl("label", "secret", "untyped", "-n", "shop", *labels)
    platform.until(lambda: platform.get("secret", "storage-config", "-n", "shop")["data"].get("untyped"))
    wrong = model("wrong")
    wrong["spec"]["predictor"]["model"]["storage"] = {"key": "untyped", "path": "triton-repo/"}
    platform.kubectl("apply", "-f", "-", stdin=json.dumps(wrong))
    platform.until(lambda: "storage type" in platform.kubectl("get", "events", "-n", "shop"))
    platform.kubectl("delete", "isvc", "wrong", "-n", "shop")
    platform.kubectl("delete", "secret", "untyped", "-n", "shop")


def test_a_path_without_its_slash_brings_the_siblings_too(platform: Platform) -> None:
    """S3 knows prefixes and no folders: the storage initializer loads `triton-repo2/` as a model named 2."""
    platform.seed("triton-repo2/other/1/model.onnx")
    loose = model("slashless", **{"serving.kserve.io/deploymentMode": "RawDeployment"})
    loose["spec"]["predictor"]["model"]["storage"] = {"key": "shop-storage", "path": "triton-repo"}
    platform.kubectl("apply", "-f", "-", stdin=json.dumps(loose))
    selected = ("-n", "shop", "-l", "serving.kserve.io/inferenceservice=slashless")

    def said(container: str) -> str:
        return platform.kubectl("logs", *selected, "-c", container, "--tail=-1", check=False)

    platform.until(lambda: "triton-repo2/other/1/model.onnx" in said("storage-initializer"))
    platform.until(
        lambda: platform.get("pods", *selected)["items"][0]["status"]["containerStatuses"][0]["restartCount"]
    )
    previous = platform.kubectl("logs", *selected, "-c", "kserve-container", "--previous", "--tail=-1", check=False)
    assert "failed to load" in said("kserve-container") + previous
    assert platform.conditions("isvc", "slashless", "-n", "shop")["Ready"]["status"] == "False"
    platform.kubectl("delete", "isvc", "slashless", "-n", "shop")


def test_kserve_is_configured_as_the_product_does(platform: Platform) -> None:
    data = platform.get("configmap", "inferenceservice-config", "-n", "redhat-ods-applications")["data"]
    assert json.loads(data["deploy"])["defaultDeploymentMode"] == "RawDeployment"
    assert json.loads(data["ingress"])["disableIngressCreation"] is True
    assert json.loads(data["service"])["serviceClusterIPNone"] is False, "the fixture wants Headed"
    assert json.loads(data["credentials"])["storageSpecSecretName"] == "storage-config"


def test_of_three_replicas_one_leads(platform: Platform) -> None:
    pods = platform.get("pods", "-n", "redhat-ods-operator", "-l", "name=rhods-operator")["items"]
    lease = platform.get("lease", "07ed84f7.opendatahub.io", "-n", "redhat-ods-operator")
    assert len(pods) == 3
    assert lease["spec"]["holderIdentity"] in {pod["metadata"]["name"] for pod in pods}


def test_the_initialization_made_its_namespaces_group_and_policies(platform: Platform) -> None:
    labels = platform.get("namespace", "redhat-ods-applications")["metadata"]["labels"]
    assert labels["opendatahub.io/generated-namespace"] == "true"
    assert platform.get("namespace", "redhat-ods-monitoring")
    assert platform.get("group.user.openshift.io", "rhods-admins")
    assert platform.get("networkpolicy", "-n", "redhat-ods-applications")["items"]
    assert platform.get("configmap", "odh-trusted-ca-bundle", "-n", "shop")


def test_uninstall_by_config_map_leaves_what_the_product_leaves(platform: Platform) -> None:
    platform.uninstall()
    assert platform.get("group.user.openshift.io", "rhods-admins")
    assert platform.get("crd", "inferenceservices.serving.kserve.io")
    assert platform.get("mutatingwebhookconfiguration", "mutating.odh-model-controller.opendatahub.io")
    platform.kubectl("delete", "mutatingwebhookconfiguration", "mutating.odh-model-controller.opendatahub.io")
