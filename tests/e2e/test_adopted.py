"""The demo beside an Argo CD, then also on an OpenShift AI, of somebody else: both are as they were once it is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bootstrap.kube.client import Client
from bootstrap.kube.connection import connect
from tests.e2e.journey import User
from tests.e2e.listing import restored, settled
from tests.e2e.openshift_ai import Platform
from tests.e2e.rehearsing import kubectl_for

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
RHODS, ARGO = "3.4", "openshift-gitops"
OPERATOR = "openshift-gitops-operator"
AUTHORITIES = ("configmap", "argocd-tls-certs-cm", "-n", ARGO)
GITOPS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATOR}},
    {
        "apiVersion": "operators.coreos.com/v1",
        "kind": "OperatorGroup",
        "metadata": {"name": "by-hand", "namespace": OPERATOR},
        "spec": {"upgradeStrategy": "Default"},
    },
    {
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "Subscription",
        "metadata": {"name": "by-hand", "namespace": OPERATOR},
        "spec": {
            "channel": "latest",
            "name": OPERATOR,
            "source": "redhat-operators",
            "sourceNamespace": "openshift-marketplace",
        },
    },
]
ADOPTED = (
    ("operators.coreos.com/v1alpha1", "Subscription"),
    ("operators.coreos.com/v1alpha1", "ClusterServiceVersion"),
    ("operators.coreos.com/v1", "OperatorGroup"),
    ("argoproj.io/v1beta1", "ArgoCD"),
    ("datasciencecluster.opendatahub.io/v2", "DataScienceCluster"),
    ("dscinitialization.opendatahub.io/v2", "DSCInitialization"),
    ("storage.k8s.io/v1", "StorageClass"),
)


@pytest.fixture(scope="module")
def platform(somebody: User) -> Platform:
    return Platform(kubectl_for(somebody.cluster), somebody.cluster, RHODS)


@pytest.fixture(scope="module")
def argo_cd(platform: Platform) -> None:
    """OpenShift GitOps as somebody installs it by hand, with an authority of theirs."""
    platform.kubectl("apply", "-f", "-", stdin="---\n".join(json.dumps(obj) + "\n" for obj in GITOPS))
    platform.until(lambda: platform.get("argocd", ARGO, "-n", ARGO).get("status", {}).get("phase") == "Available", 300)
    theirs = json.dumps({"data": {"others.example.com": "theirs"}})
    platform.kubectl("patch", *AUTHORITIES, "--type=merge", "-p", theirs)


@pytest.fixture(scope="module")
def openshift_ai(platform: Platform, argo_cd: None) -> None:
    """OpenShift AI as somebody installs it by hand."""
    platform.install()
    platform.until(lambda: platform.get("dsc", "a-cluster").get("status", {}).get("phase") == "Ready", 300)


def adopted(client: Client) -> dict[str, Any]:
    """What others installed, as they wrote it: the generation tells of every change, also of one that was undone."""
    noise = ("managedFields", "resourceVersion")
    found = [obj for kind in ADOPTED for obj in client.list(*kind)]
    metas = [{key: value for key, value in obj["metadata"].items() if key not in noise} for obj in found]
    return {meta["uid"]: (meta, obj.get("spec")) for meta, obj in zip(metas, found, strict=True)}


def gives_back(somebody: User, platform: Platform, verb: str, delivery: str) -> None:
    """The demo comes up beside what is there, and once it is gone all of that is as it was."""
    client = connect(somebody.cluster.kubeconfig)
    before, theirs = settled(client, quiet=15), adopted(client)
    assert "known answers exactly" in somebody.run(verb, f"DELIVERY={delivery}")
    authorities = platform.get(*AUTHORITIES)["data"]
    assert authorities["others.example.com"] == "theirs"
    assert len(authorities) == (2 if delivery == "gitops" else 1)
    assert "all there, nothing to change" in somebody.run(verb, f"DELIVERY={delivery}")
    somebody.run("teardown", "YES=1")
    client = connect(somebody.cluster.kubeconfig)  # kinds have come and gone
    restored(client, before)
    assert adopted(client) == theirs


def test_an_argo_cd_that_was_there_delivers_a_fresh_openshift_ai(
    somebody: User, platform: Platform, argo_cd: None
) -> None:
    gives_back(somebody, platform, "demo", "gitops")


@pytest.mark.parametrize("delivery", ["gitops", "direct"])
def test_what_was_there_is_as_it_was(
    delivery: str, somebody: User, platform: Platform, argo_cd: None, openshift_ai: None
) -> None:
    gives_back(somebody, platform, "already-have-rhods", delivery)


def test_a_cluster_that_was_made_to_serve_stops_again(somebody: User, platform: Platform, openshift_ai: None) -> None:
    removed = {"spec": {"components": {"kserve": {"managementState": "Removed"}}}}
    platform.kubectl("patch", "dsc", "a-cluster", "--type=merge", "-p", json.dumps(removed))
    platform.until(lambda: not platform.get("deployment", "kserve-controller-manager", "-n", "redhat-ods-applications"))
    before = settled(connect(somebody.cluster.kubeconfig), quiet=15)
    said = somebody.run("already-have-rhods", "DELIVERY=direct", code=1)
    assert "ALLOW_DSC_PATCH=1" in said
    assert "known answers exactly" in somebody.run("already-have-rhods", "DELIVERY=direct", "ALLOW_DSC_PATCH=1")
    assert "would put back what DataScienceCluster a-cluster said before" in somebody.run("teardown", "DRY_RUN=1")
    somebody.run("teardown", "YES=1")
    restored(connect(somebody.cluster.kubeconfig), before)
