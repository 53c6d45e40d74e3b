"""The demo on an OpenShift AI and an Argo CD that others installed: both are as they were, once it is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap.kube.connection import connect
from tests.e2e.conftest import kubectl_for
from tests.e2e.journey import User, user
from tests.e2e.listing import Listing, difference, listing, settled
from tests.e2e.openshift_ai import Platform

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


@pytest.fixture(scope="module")
def somebody(state_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    with user(state_root, tmp_path_factory.mktemp("state"), "adopted", RHODS) as found:
        kubectl = kubectl_for(found.cluster)
        kubectl("apply", "-f", "-", stdin="---\n".join(json.dumps(obj) + "\n" for obj in GITOPS))
        platform = Platform(kubectl, found.cluster, RHODS)
        platform.install()
        platform.until(lambda: platform.get("dsc", "a-cluster").get("status", {}).get("phase") == "Ready", 300)
        available = "Available"
        platform.until(lambda: platform.get("argocd", ARGO, "-n", ARGO).get("status", {}).get("phase") == available)
        kubectl("patch", *AUTHORITIES, "--type=merge", "-p", json.dumps({"data": {"others.example.com": "theirs"}}))
        yield found


@pytest.fixture(scope="module")
def before(somebody: User) -> Listing:
    return settled(connect(somebody.cluster.kubeconfig))


@pytest.mark.parametrize("delivery", ["gitops", "direct"])
def test_what_was_there_is_as_it_was(delivery: str, somebody: User, before: Listing) -> None:
    said = somebody.run("already-have-rhods", f"DELIVERY={delivery}")
    assert "known answers exactly" in said
    kubectl = kubectl_for(somebody.cluster)
    authorities = json.loads(kubectl("get", *AUTHORITIES, "-o", "json"))["data"]
    assert authorities["others.example.com"] == "theirs"
    assert len(authorities) == (2 if delivery == "gitops" else 1)
    somebody.run("teardown", "YES=1")
    assert not "\n".join(difference(before, listing(connect(somebody.cluster.kubeconfig))))


def test_another_value_for_the_repository_is_a_conflict(somebody: User) -> None:
    kubectl = kubectl_for(somebody.cluster)
    kubectl("patch", *AUTHORITIES, "--type=merge", "-p", json.dumps({"data": {"git.apps.rehearsal.test": "other"}}))
    said = somebody.run("gitops", "DELIVERY=gitops", code=1)
    assert "ConfigMap openshift-gitops/argocd-tls-certs-cm: somebody else manages .data.git.apps.rehearsal.test" in said
    assert json.loads(kubectl("get", *AUTHORITIES, "-o", "json"))["data"]["git.apps.rehearsal.test"] == "other"
