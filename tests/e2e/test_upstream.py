"""Manifests that nobody here wrote run as they are: Argo CD's and KServe's own, read from their Go modules."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.cluster import Cluster
from rehearsal.toolchain import data, ensure
from tests.e2e.openshift_ai import Platform
from tests.e2e.packages import Installation
from tests.e2e.rehearsing import Kubectl, eventually, rehearsal

pytestmark = pytest.mark.e2e
SHARES_CLUSTER = True
ARGO, TARGET = "argocd", "t-from-git"
Get = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def get(kubectl: Kubectl) -> Get:
    """An object or a list, {} where it is missing."""
    return lambda *what: json.loads(kubectl("get", *what, "-o", "json", check=False) or "{}")


@pytest.fixture(scope="module")
def argo(kubectl: Kubectl, get: Get) -> Iterator[str]:
    """The namespace of an Argo CD from its own install.yaml, all of its pods ready."""
    manifest = str(data("argocd") / "manifests" / "install.yaml")
    kubectl("create", "namespace", ARGO)
    try:
        kubectl("apply", "--server-side", "-n", ARGO, "-f", manifest)
        eventually(lambda: all_ready(get, ARGO, 7), 300, 1)
        yield ARGO
    finally:
        kubectl("delete", "application", "--all", "-n", ARGO, "--wait=false")
        kubectl("delete", "namespace", TARGET, "--ignore-not-found", "--wait=false")
        kubectl("delete", "-n", ARGO, "-f", manifest, "--wait=false")
        kubectl("delete", "namespace", ARGO, "--wait=false")


def all_ready(get: Get, namespace: str, count: int) -> bool:
    """Whether so many pods exist and each is ready."""
    pods = get("pods", "-n", namespace).get("items", [])
    conditions = [item for pod in pods for item in pod["status"].get("conditions") or [] if item["type"] == "Ready"]
    return len(pods) == count and [item["status"] for item in conditions] == ["True"] * count


def test_argo_cd_runs_from_its_own_install_manifest(argo: str, get: Get) -> None:
    pods = get("pods", "-n", argo)["items"]
    images = {container["image"].partition(":")[0] for pod in pods for container in pod["spec"]["containers"]}
    assert images == {"quay.io/argoproj/argocd", "ghcr.io/dexidp/dex", "public.ecr.aws/docker/library/redis"}
    accounts = {pod["spec"]["serviceAccountName"] for pod in pods}
    assert {"argocd-server", "argocd-repo-server", "argocd-application-controller"} < accounts


def test_an_application_from_git_is_synced_healthy_and_healed(
    argo: str, get: Get, cluster: Cluster, kubectl: Kubectl
) -> None:
    trusted = json.dumps({"data": {"git.apps.rehearsal.test": cluster.ca_bundle.read_text()}})
    kubectl("patch", "configmap", "argocd-tls-certs-cm", "-n", argo, "--type=merge", "-p", trusted)
    revision = rehearsal("git", "--name", cluster.name, root=cluster.root.parent).stdout.strip()
    kubectl("apply", "-f", "-", stdin=json.dumps(application(cluster.git_url)))

    def status() -> Any:
        return get("application.argoproj.io", "from-git", "-n", argo).get("status") or {}

    eventually(lambda: status().get("sync", {}).get("status") == "Synced", every=1)
    eventually(lambda: status()["health"]["status"] == "Healthy", every=1)
    assert status()["sync"]["revision"] == revision
    kubectl("patch", "configmap", "from-git", "-n", TARGET, "--type=merge", "-p", '{"data":{"word":"by hand"}}')
    eventually(lambda: get("configmap", "from-git", "-n", TARGET)["data"]["word"] == "as committed")


def application(repository: str) -> dict[str, Any]:
    """An Application of two objects in the Git snapshot."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "from-git", "namespace": ARGO},
        "spec": {
            "project": "default",
            "source": {"repoURL": repository, "targetRevision": "main", "path": "tests/data/gitops"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": TARGET},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["CreateNamespace=true"],
            },
        },
    }


@pytest.fixture
def cert_manager(kubectl: Kubectl) -> Iterator[Installation]:
    """What KServe's manifests need on any cluster: an operator that makes certificates."""
    found = Installation(
        kubectl, "cert-manager-operator", "openshift-cert-manager-operator", "stable-v1", "redhat-operators"
    )
    found.subscribe()
    eventually(found.succeeded, 240, 1)
    yield found
    found.remove()


@pytest.mark.soak  # two of its programs are built for this test alone
def test_kserve_runs_from_its_own_default_configuration(
    cert_manager: Installation, kubectl: Kubectl, get: Get, cluster: Cluster, namespace: str
) -> None:
    ensure(["kserve-localmodel", "kube-rbac-proxy"])
    folder = str(data("kserve") / "config" / "default")
    try:
        eventually(lambda: not get("namespace", "kserve"), every=1)
        kubectl("apply", "--server-side", "-k", folder)
        eventually(lambda: all_ready(get, "kserve", 2), 180, 1)
        pods = get("pods", "-n", "kserve")["items"]
        assert sorted(container["image"] for pod in pods for container in pod["spec"]["containers"]) == [
            "kserve/kserve-controller:latest",
            "kserve/kserve-localmodel-controller:latest",
            "quay.io/brancz/kube-rbac-proxy:v0.18.0",
        ]
        said = Platform(kubectl, cluster, "").refused(badly_named(namespace))
        assert 'admission webhook "inferenceservice.kserve-webhook-server' in said
    finally:
        kubectl("delete", "-k", folder, "--ignore-not-found", "--wait=false")


def badly_named(namespace: str) -> dict[str, Any]:
    """An InferenceService whose name Kubernetes takes and KServe does not."""
    meta = {"name": "0nothing", "namespace": namespace}
    spec = {"predictor": {"model": {"modelFormat": {"name": "onnx"}}}}
    return {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": meta, "spec": spec}
