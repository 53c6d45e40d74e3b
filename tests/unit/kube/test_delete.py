"""Delete: only what is ours, in order, and told why where it does not go."""

from __future__ import annotations

from typing import Any

import pytest

from bootstrap.errors import DeleteStuck
from bootstrap.kube.client import Client
from bootstrap.kube.delete import delete
from bootstrap.kube.objects import LABELS, Obj, Ref, carries_our_labels
from bootstrap.kube.wait import Target
from tests.unit.kube.stub import Fault, Stub

SPACE = Ref("v1", "Namespace", None, "demo")


def ours(obj: Obj) -> str | None:
    return None if carries_our_labels(obj) else "it is not ours"


def add(stub: Stub, api_version: str, kind: str, name: str, *, labels: dict[str, str] = LABELS, **more: Any) -> Ref:
    meta = {"name": name, "labels": labels, **({} if kind in {"Namespace", "APIService"} else {"namespace": "demo"})}
    return Ref.of(
        stub.add({"apiVersion": api_version, "kind": kind, "metadata": {**meta, **more.pop("meta", {})}, **more})
    )


def test_only_what_is_ours_goes_and_what_is_gone_is_no_fault(stub: Stub, client: Client) -> None:
    mine, theirs = add(stub, "v1", "ConfigMap", "mine"), add(stub, "v1", "ConfigMap", "theirs", labels={})
    absent = Ref("v1", "ConfigMap", "demo", "absent")
    done = delete(client, [mine, theirs, absent], timeout=5, is_ours=ours)
    assert (done.gone, done.absent, done.kept) == ([mine], [absent], {theirs: "it is not ours"})
    assert client.find(mine) is None
    assert client.find(theirs) is not None


def test_users_go_before_what_they_use_and_namespaces_last(stub: Stub, client: Client) -> None:
    refs = [
        add(stub, "v1", "Namespace", "demo"),
        add(stub, "v1", "Secret", "s"),
        add(stub, "apps/v1", "Deployment", "d"),
    ]
    delete(client, refs, timeout=5, is_ours=ours)
    assert [path.rsplit("/", 1)[1] for method, path in stub.requests if method == "DELETE"] == ["d", "s", "demo"]


def test_a_dry_run_lists_and_deletes_nothing(stub: Stub, client: Client) -> None:
    mine = add(stub, "v1", "ConfigMap", "mine")
    assert delete(client, [mine], timeout=5, is_ours=ours, dry_run=True).gone == [mine]
    assert not stub.writes


def test_an_object_that_was_made_anew_in_the_meantime_stays(stub: Stub, client: Client) -> None:
    mine = add(stub, "v1", "ConfigMap", "mine")

    def swap(obj: Obj) -> str | None:
        key = ("v1/configmaps", "demo", "mine")
        stub.objects.pop(key)
        add(stub, "v1", "ConfigMap", "mine")
        return None

    with pytest.raises(DeleteStuck, match="ConfigMap demo/mine: the UID in the precondition does not match"):
        delete(client, [mine], timeout=5, is_ours=swap)
    assert client.find(mine) is not None


def test_every_refusal_is_told(stub: Stub, client: Client) -> None:
    refs = [add(stub, "v1", "ConfigMap", name) for name in ("a", "b")]
    stub.faults = [Fault("DELETE", "configmaps/", 403, 2, "not allowed")]
    with pytest.raises(DeleteStuck, match="ConfigMap demo/a: not allowed\n  ConfigMap demo/b: not allowed"):
        delete(client, refs, timeout=5, is_ours=ours)


@pytest.mark.parametrize(
    ("finalizer", "workload", "said", "deserted"),
    [
        (
            "inferenceservice.finalizers",
            None,
            "of KServe: its Deployment kserve-controller-manager is not there, so nobody removes it",
            True,
        ),
        (
            "inferenceservice.finalizers",
            0,
            "of KServe: its Deployment demo/kserve-controller-manager does not run "
            "(0 of 1 replicas are available): get it to run first",
            True,
        ),
        ("inferenceservice.finalizers", 1, "of KServe: it runs; its log says why it is not done", False),
        ("kubernetes.io/pvc-protection", None, "of the volume controller: a Pod still uses it", False),
        (
            "who.example/knows",
            None,
            "its owner is not known here; see whether the controller of who.example runs",
            True,
        ),
    ],
)
def test_a_finalizer_is_explained_by_its_owner(
    stub: Stub, client: Client, finalizer: str, workload: int | None, said: str, deserted: bool
) -> None:
    if workload is not None:
        status = {"updatedReplicas": 1, "availableReplicas": workload}
        add(stub, "apps/v1", "Deployment", "kserve-controller-manager", spec={"replicas": 1}, status=status)
    mine = add(stub, "v1", "ConfigMap", "mine", meta={"finalizers": [finalizer]})
    with pytest.raises(DeleteStuck) as caught:
        delete(client, [mine], timeout=0.5, is_ours=ours)
    assert f"ConfigMap demo/mine: finalizer {finalizer}" in str(caught.value)
    assert said in str(caught.value)
    assert ("FORCE_FINALIZERS=1 takes the finalizers off" in str(caught.value)) == deserted
    assert ("a greater TIMEOUT waits longer" in str(caught.value)) != deserted


def test_a_stuck_namespace_names_conditions_broken_apis_and_webhooks(stub: Stub, client: Client) -> None:
    held = {"type": "NamespaceDeletionDiscoveryFailure", "status": "True", "message": "metrics is not available"}
    space = add(stub, "v1", "Namespace", "demo", meta={"finalizers": ["x"]}, status={"conditions": [held]})
    broken = {"type": "Available", "status": "False", "reason": "MissingEndpoints", "message": "nobody there"}
    add(stub, "apiregistration.k8s.io/v1", "APIService", "v1.metrics", status={"conditions": [broken]})
    webhook = {
        "name": "check.kserve",
        "clientConfig": {"service": {"namespace": "gone", "name": "webhook"}},
        "rules": [{"operations": ["DELETE"]}],
    }
    stub.add(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "kserve"},
            "webhooks": [webhook],
        }
    )
    with pytest.raises(DeleteStuck) as caught:
        delete(client, [space], timeout=0.5, is_ours=ours)
    said = str(caught.value)
    assert "Namespace demo: NamespaceDeletionDiscoveryFailure: metrics is not available" in said
    assert "APIService v1.metrics: it does not answer: MissingEndpoints: nobody there" in said
    assert "webhook check.kserve calls Service gone/webhook, which is gone: delete this configuration" in said


def test_force_takes_finalizers_off_aloud_and_only_on_order(stub: Stub, client: Client) -> None:
    mine = add(stub, "v1", "ConfigMap", "mine", meta={"finalizers": ["who.example/knows"]})
    said: list[str] = []
    delete(client, [mine], timeout=0.3, is_ours=ours, force_finalizers=True, on_progress=said.append)
    assert "ConfigMap demo/mine: taking off who.example/knows by force" in said
    assert client.find(mine) is None


def test_force_on_a_namespace_touches_only_what_is_being_deleted_in_it_and_names_each(
    stub: Stub, client: Client
) -> None:
    space = add(stub, "v1", "Namespace", "demo", meta={"finalizers": ["kubernetes"]})
    going = {"finalizers": ["who.example/knows"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    add(stub, "v1", "ConfigMap", "held", meta=going)
    add(stub, "apps/v1", "Deployment", "held", meta=going)
    add(stub, "v1", "ConfigMap", "staying", meta={"finalizers": ["who.example/knows"]})
    add(stub, "v1", "ConfigMap", "elsewhere", meta={**going, "namespace": "other"})
    said: list[str] = []
    delete(client, [space], timeout=0.3, is_ours=ours, force_finalizers=True, on_progress=said.append)
    assert [line for line in said if "by force" in line] == [
        "ConfigMap demo/held: taking off who.example/knows by force",
        "Deployment demo/held: taking off who.example/knows by force",
        "Namespace demo: taking off kubernetes by force",
    ]
    patched = [path for method, path in stub.requests if method == "PATCH"]
    spaced = ["/api/v1/namespaces/demo/configmaps/held", "/apis/apps/v1/namespaces/demo/deployments/held"]
    assert sorted(patched) == sorted([*spaced, "/api/v1/namespaces/demo"])


def test_what_stays_although_it_was_forced_is_told_without_force_as_the_way_on(
    stub: Stub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bootstrap.kube.delete.STRIPPED_SECONDS", 0.3)
    space = add(stub, "v1", "Namespace", "demo", spec={"finalizers": ["kubernetes"]}, meta={"finalizers": ["who/x"]})
    monkeypatch.setattr(client, "patch", lambda *_: {})
    with pytest.raises(DeleteStuck, match=r"put right what is named above and run this again$"):
        delete(client, [space], timeout=0.3, is_ours=ours, force_finalizers=True)


def test_what_an_object_would_delete_along_stays_where_that_is_wanted(stub: Stub, client: Client) -> None:
    finalizers = ["resources-finalizer.argocd.argoproj.io/background"]
    mine = add(stub, "v1", "ConfigMap", "mine", meta={"finalizers": finalizers})
    delete(client, [mine], timeout=5, is_ours=ours, orphaning="resources-finalizer.argocd.argoproj.io")
    methods = [method for method, path in stub.requests if path.endswith("/mine") and method != "GET"]
    assert methods == ["PATCH", "DELETE"]
    assert client.find(mine) is None


def test_a_successor_of_the_same_name_is_not_waited_for() -> None:
    target = Target(SPACE, absent=True, uid="old")
    successor = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo", "uid": "new"}}
    assert target.verdict(successor, "").ready
    successor["metadata"]["uid"] = "old"  # type: ignore[index]
    assert not target.verdict(successor, "").ready
