"""Other people's work on the same cluster survives a teardown, and nothing of ours does once theirs is gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bootstrap.kube.connection import connect
from tests.e2e.journey import User, user
from tests.e2e.listing import Listing, restored, settled
from tests.e2e.rehearsing import RUNNING, Kubectl, eventually, kubectl_for

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
SPACE, HOME, ARGO = "serving-demo-gitops", "redhat-ods-operator", "openshift-gitops"
RECORD = ("configmap", "serving-demo-record", "-n", "serving-demo-record")
APPLICATION: dict[str, Any] = {
    "project": "default",
    "source": {"repoURL": "https://git.example.com/theirs.git", "path": ".", "targetRevision": "main"},
    "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
}
SUBSCRIPTION = {
    "channel": "stable",
    "name": "hello-operator",
    "source": "community-operators",
    "sourceNamespace": "openshift-marketplace",
}
PREDICTOR = {"predictor": {"containers": [{"name": "kserve-container", "image": "registry.example.com/theirs:1"}]}}
THEIRS: list[tuple[str, str, str | None, str, Any]] = [
    ("v1", "Namespace", None, "shop", None),
    ("operators.coreos.com/v1alpha1", "Subscription", HOME, "theirs", SUBSCRIPTION),
    ("argoproj.io/v1alpha1", "Application", ARGO, "theirs", APPLICATION),
    ("serving.kserve.io/v1beta1", "InferenceService", "shop", "theirs", PREDICTOR),
]
DSC = ("datasciencecluster", "default-dsc")


@pytest.fixture(scope="module")
def before(somebody: User) -> Listing:
    return settled(connect(somebody.cluster.kubeconfig))


def as_object(version: str, kind: str, namespace: str | None, name: str, spec: Any) -> dict[str, Any]:
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **({"spec": spec} if spec else {})}


def as_they_wrote_it(kubectl: Kubectl) -> list[Any]:
    """Who their objects are and what they are to be."""
    found = []
    for _, kind, namespace, name, _ in THEIRS:
        where = ("-n", namespace) if namespace else ()
        live = json.loads(kubectl("get", kind, name, *where, "-o", "json"))
        assert "deletionTimestamp" not in live["metadata"], f"{kind} {name} is going"
        found.append((live["metadata"]["uid"], live.get("spec")))
    found.append(json.loads(kubectl("get", *DSC, "-o", "json"))["spec"])
    return found


def hello(kubectl: Kubectl) -> bool:
    """Whether their operator works."""
    said = kubectl("get", "csv", "hello-operator.v1.0.0", "-n", HOME, "-o", "jsonpath={.status.phase}", check=False)
    return said == "Succeeded"


def test_another_cluster_behind_the_same_path_is_not_touched(
    somebody: User,
    kubectl: Kubectl,
    before: Listing,
    state_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(RUNNING, raising=False)  # the other cluster is one of its own
    somebody.run("demo")
    path = tmp_path / "kubeconfig"
    shutil.copy(somebody.cluster.kubeconfig, path)
    here = User(somebody.cluster, somebody.state, {**somebody.environment, "KUBECONFIG": str(path)})
    assert "would delete" in here.run("teardown", "DRY_RUN=1")
    record = json.loads(kubectl("get", *RECORD, "-o", "json"))
    with user(state_root, tmp_path / "state", "other", "3.4") as another:
        shutil.copy(another.cluster.kubeconfig, path)
        there = User(another.cluster, somebody.state, {**another.environment, "KUBECONFIG": str(path)})
        assert "there is no demo here" in there.run("teardown", "YES=1", code=2)
        plant = kubectl_for(another.cluster)
        plant("create", "namespace", "serving-demo-record")
        meta = {"name": record["metadata"]["name"], "namespace": record["metadata"]["namespace"]}
        plant("apply", "-f", "-", stdin=json.dumps({**record, "metadata": meta}))
        client = connect(another.cluster.kubeconfig)
        then = settled(client)
        for verb in ("teardown", "reset"):
            assert "the record is about cluster" in there.run(verb, "YES=1", code=2)
        restored(client, then)
        assert there.writes() == []
    kubectl("get", "namespace", SPACE)


def test_without_a_record_labels_tell_what_is_ours_once_allowed(somebody: User, kubectl: Kubectl) -> None:
    kubectl("delete", "namespace", "serving-demo-record")
    said = somebody.run("teardown", "YES=1", code=2)
    assert f"  Namespace {SPACE}" in said
    assert "`make teardown ADOPT_LEFTOVERS=1` deletes all of it" in said
    said = somebody.run("teardown", "YES=1", "ADOPT_LEFTOVERS=1", "KEEP=operators")
    assert "stays: operator rhods-operator: KEEP=operators" in said
    assert not kubectl("get", "namespace", SPACE, "--ignore-not-found")
    assert kubectl("get", *DSC, "-o", "name")


def test_everything_of_somebody_else_survives(somebody: User, kubectl: Kubectl, before: Listing) -> None:
    somebody.run("demo")
    kubectl("apply", "-f", "-", stdin="---\n".join(json.dumps(as_object(*one)) + "\n" for one in THEIRS))
    kubectl(
        "patch",
        *DSC,
        "--type=merge",
        "-p",
        json.dumps({"spec": {"components": {"ray": {"managementState": "Managed"}}}}),
    )
    eventually(lambda: hello(kubectl), 120)
    theirs = as_they_wrote_it(kubectl)
    said = somebody.run("teardown", "YES=1")
    assert "stays: operator rhods-operator: somebody else uses it: DataScienceCluster default-dsc" in said
    assert f"stays: operator openshift-gitops-operator: somebody else uses it: Application {ARGO}/theirs" in said
    assert as_they_wrote_it(kubectl) == theirs
    assert hello(kubectl)
    assert not kubectl("get", "namespace", SPACE, "--ignore-not-found")

    kubectl("delete", "isvc", "theirs", "-n", "shop")
    kubectl("delete", "application", "theirs", "-n", ARGO)
    kubectl("delete", *DSC)
    kubectl("delete", "namespace", "shop")
    said = somebody.run("teardown", "YES=1")
    assert f"stays: Namespace {HOME}: it holds what is not ours: Subscription {HOME}/theirs" in said
    eventually(lambda: hello(kubectl), 120)

    kubectl("delete", "subscription", "theirs", "-n", HOME)
    kubectl("delete", "csv", "hello-operator.v1.0.0", "-n", HOME)
    kubectl("delete", "crd", "greetings.rehearsal.serving-demo.io")
    kubectl("delete", "operators.operators.coreos.com", f"hello-operator.{HOME}")
    somebody.run("teardown", "YES=1")
    restored(connect(somebody.cluster.kubeconfig), before)
