"""A refresh is asked for where Argo CD's last look went wrong, once, and not too often."""

from __future__ import annotations

from typing import Any

from bootstrap.argocd import EVERY, REFRESH, Refresher
from bootstrap.kube.objects import Obj, Ref

APPLICATION = Ref("argoproj.io/v1alpha1", "Application", "openshift-gitops", "serving-demo-storage")


class Cluster:
    """Holds one Application and takes merge patches of its annotations."""

    def __init__(self, *conditions: str) -> None:
        self.obj: Obj = {"metadata": {}, "status": {"conditions": [{"type": name} for name in conditions]}}
        self.patches = 0

    def find(self, ref: Ref) -> Obj:
        return self.obj

    def patch(self, ref: Ref, body: Any) -> None:
        self.patches += 1
        self.obj["metadata"] |= body.get("metadata", {})
        self.obj |= {"operation": body["operation"]} if "operation" in body else {}


def asked(cluster: Cluster, seconds: float) -> int:
    now = [0.0]
    refresh = Refresher(cluster, [APPLICATION], clock=lambda: now[0])  # type: ignore[arg-type]
    while now[0] < seconds:
        now[0] += 1
        refresh()
    return cluster.patches


def test_a_failed_comparison_is_asked_for_again() -> None:
    cluster = Cluster("ComparisonError", "UnknownError")
    assert asked(cluster, EVERY - 1) == 0
    assert asked(cluster, EVERY) == 1
    assert cluster.obj["metadata"]["annotations"] == {REFRESH: "normal"}


def test_what_is_asked_for_already_is_not_asked_again() -> None:
    assert asked(Cluster("ComparisonError"), 5 * EVERY) == 1


def test_an_application_that_was_looked_at_is_left_alone() -> None:
    assert asked(Cluster(), 5 * EVERY) == 0


def test_a_sync_that_was_given_up_is_begun_again_once_at_a_time() -> None:
    cluster = Cluster("SyncError")
    cluster.obj["spec"] = {
        "source": {"targetRevision": "abc"},
        "syncPolicy": {"automated": {"prune": True}, "syncOptions": ["ServerSideApply=true"], "retry": {"limit": 10}},
    }
    assert asked(cluster, 5 * EVERY) == 1
    sync = {"revision": "abc", "prune": True, "syncOptions": ["ServerSideApply=true"]}
    assert cluster.obj["operation"] == {
        "initiatedBy": {"username": "serving-demo"},
        "sync": sync,
        "retry": {"limit": 10},
    }
    del cluster.obj["operation"]
    cluster.obj["status"]["operationState"] = {"phase": "Running"}
    assert asked(cluster, 5 * EVERY) == 1


def test_argo_cd_having_looked_without_luck_is_asked_once_more() -> None:
    cluster = Cluster("ComparisonError")
    assert asked(cluster, EVERY) == 1
    cluster.obj["metadata"] = {}
    assert asked(cluster, EVERY) == 2
