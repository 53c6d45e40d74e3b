"""Apply: what is sent, what is left alone, and what is said."""

from __future__ import annotations

import time
from threading import Timer
from typing import Any

import pytest

from bootstrap.errors import ApplyFailed, ConflictError
from bootstrap.kube.apply import Applied, apply
from bootstrap.kube.client import Client
from bootstrap.kube.objects import LABELS, Obj, Ref
from tests.unit.kube.stub import Fault, Stub

SPACE: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo", "labels": LABELS}}
DEMO = Ref.of(SPACE)


def config(name: str, **data: str) -> Obj:
    meta = {"name": name, "namespace": "demo", "labels": LABELS}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def run(client: Client, *objs: Obj, seconds: float = 5, **options: Any) -> Applied:
    return apply(client, objs, deadline=time.monotonic() + seconds, **options)


def test_a_second_apply_writes_nothing(stub: Stub, client: Client) -> None:
    first = run(client, SPACE, *(config(f"c{i}", a="1") for i in range(8)))
    assert len(first.created) == 9
    written = len(stub.writes)
    assert written == 9
    second = run(client, SPACE, *(config(f"c{i}", a="1") for i in range(8)))
    assert (len(second.unchanged), second.changed) == (9, False)
    assert len(stub.writes) == written


def test_a_changed_value_is_configured_and_the_rest_unchanged(client: Client) -> None:
    run(client, SPACE, config("a", x="1"), config("b", x="1"))
    applied = run(client, SPACE, config("a", x="2"), config("b", x="1"))
    assert [ref.name for ref in applied.configured] == ["a"]
    assert len(applied.unchanged) == 2


def test_a_field_that_is_no_longer_wanted_is_sent_away(stub: Stub, client: Client) -> None:
    run(client, SPACE, config("a", x="1", y="2"))
    before = len(stub.writes)
    run(client, SPACE, config("a", x="1"))
    assert len(stub.writes) == before + 1


def test_drift_by_others_is_found(stub: Stub, client: Client) -> None:
    run(client, SPACE, config("a", x="1"))
    client.patch(Ref.of(config("a")), {"data": {"x": "by hand"}})
    assert [ref.name for ref in run(client, SPACE, config("a", x="1")).configured] == ["a"]


def test_secret_texts_are_compared_as_the_data_they_become(stub: Stub, client: Client) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": config("s")["metadata"], "stringData": {"k": "v"}}
    run(client, SPACE, secret)
    written = len(stub.writes)
    assert not run(client, SPACE, secret).changed
    assert len(stub.writes) == written


def test_namespaces_come_first_whatever_the_order_given(stub: Stub, client: Client) -> None:
    run(client, config("a"), SPACE)
    assert [path.split("?")[0] for _, path in stub.writes] == [
        "/api/v1/namespaces/demo",
        "/api/v1/namespaces/demo/configmaps/a",
    ]


def test_the_intent_is_told_before_the_first_write(stub: Stub, client: Client) -> None:
    run(client, SPACE, config("old"))
    writes_then: list[tuple[list[str], int]] = []
    start = len(stub.writes)
    intent = lambda refs: writes_then.append(([ref.name for ref in refs], len(stub.writes) - start))  # noqa: E731
    run(client, SPACE, config("old"), config("new"), before_create=intent)
    assert writes_then == [(["new"], 0)]


def test_a_conflict_names_field_and_manager_and_changes_nothing(stub: Stub, client: Client) -> None:
    run(client, SPACE, config("a", x="1"))
    client.apply(config("a", x="theirs"), manager="kubectl-edit", force=True)
    with pytest.raises(ConflictError) as caught:
        run(client, SPACE, config("a", x="1"))
    assert str(caught.value) == (
        "ConfigMap demo/a: somebody else manages .data.x (managed by kubectl-edit); it is left as it is: "
        "`make reset` makes it the demo's again, and that change is lost"
    )
    assert client.get(Ref.of(config("a")))["data"] == {"x": "theirs"}


def test_force_takes_back_only_what_carries_our_labels(client: Client, stub: Stub) -> None:
    run(client, SPACE, config("ours", x="1"))
    client.apply(config("ours", x="theirs"), manager="kubectl-edit", force=True)
    assert run(client, config("ours", x="1"), force=True).configured
    foreign = config("foreign", x="theirs")
    foreign["metadata"] = {"name": "foreign", "namespace": "demo"}
    client.apply(foreign, manager="somebody")
    with pytest.raises(ConflictError, match="managed by somebody"):
        run(client, config("foreign", x="1"), force=True)


def test_all_refusals_are_told_at_once_and_nothing_more_is_written_after_the_first(stub: Stub, client: Client) -> None:
    run(client, SPACE)
    stub.faults = [Fault("PATCH", f"configmaps/bad{i}", 422, message=f"bad{i} is invalid") for i in range(3)]
    stub.faults.append(Fault("PATCH", "deployments/late", 422, message="late is invalid"))
    late = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "late", "namespace": "demo"}}
    with pytest.raises(ApplyFailed) as caught:
        run(client, late, *(config(f"bad{i}") for i in range(3)))
    assert caught.value.problems == [
        "ConfigMap demo/bad0: bad0 is invalid",
        "ConfigMap demo/bad1: bad1 is invalid",
        "ConfigMap demo/bad2: bad2 is invalid",
        "Deployment demo/late: late is invalid",
    ]
    assert next(path for _, path in stub.requests if "deployments/late?" in path).endswith("dryRun=All")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PATCH", "configmaps/a", 500, 2, 'Internal error occurred: failed calling webhook "x": no endpoints'),
        Fault("PATCH", "configmaps/a", 409, 1, "the object has been modified"),
        Fault("PATCH", "configmaps/a", 429, 1, "too many requests", {"Retry-After": "1"}),
        Fault("PATCH", "configmaps/a", 503, 2, "apiserver is shutting down"),
        Fault("PATCH", "configmaps/a", 0, 1),
    ],
    ids=["webhook", "optimistic-lock", "too-many", "restarting", "broken-connection"],
)
def test_passing_trouble_is_waited_out(stub: Stub, client: Client, fault: Fault) -> None:
    stub.faults = [fault]
    assert len(run(client, SPACE, config("a")).created) == 2


def test_passing_trouble_ends_at_the_deadline_with_the_servers_words(stub: Stub, client: Client) -> None:
    run(client, SPACE)
    stub.faults = [Fault("PATCH", "configmaps/a", 500, 1000, 'failed calling webhook "x"')]
    started = time.monotonic()
    with pytest.raises(ApplyFailed, match='ConfigMap demo/a: failed calling webhook "x"'):
        run(client, SPACE, config("a"), seconds=1)
    assert time.monotonic() - started < 10


def test_a_dry_run_writes_nothing_and_shows_hashes_for_secrets(stub: Stub, client: Client) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": config("s")["metadata"], "stringData": {"k": "hunter2"}}
    run(client, SPACE, secret, config("a", x="1"))
    written = len(stub.writes)
    secret["stringData"] = {"k": "hunter3"}
    outcome = run(client, SPACE, secret, config("a", x="2"), config("b"), dry_run=True)
    assert len(stub.writes) == written
    assert [ref.name for ref in outcome.created] == ["b"]
    assert [ref.name for ref in outcome.configured] == ["a", "s"]
    shown = "\n".join(outcome.diffs.values())
    assert "-  x: '1'" in shown
    assert "+  x: '2'" in shown
    assert "hunter" not in shown
    assert "aHVudGVy" not in shown
    assert "+  k: hash:" in shown


def test_a_dry_run_foresees_what_has_no_namespace_or_kind_yet(stub: Stub, client: Client) -> None:
    thing = {"apiVersion": "demo.example/v1", "kind": "Thing", "metadata": {"name": "t", "namespace": "demo"}}
    outcome = run(client, SPACE, config("a"), thing, dry_run=True)
    assert [str(ref) for ref in outcome.created] == ["Namespace demo", "ConfigMap demo/a", "Thing demo/t"]
    assert not stub.writes


def test_an_unknown_kind_is_named_soon(client: Client) -> None:
    thing = {"apiVersion": "demo.example/v1", "kind": "Thing", "metadata": {"name": "t"}}
    with pytest.raises(ApplyFailed, match=r"Thing t: this cluster does not serve Thing \(demo.example/v1\)"):
        run(client, thing, seconds=1)


def test_objects_of_a_new_kind_wait_until_it_is_served(stub: Stub, client: Client) -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.demo.example"},
        "spec": {"group": "demo.example", "versions": [{"name": "v1"}]},
        "status": {"conditions": [{"type": "Established", "status": "True"}]},
    }
    stub.add(crd)
    stub.kinds["demo.example/v1"] = {}
    serve = lambda: stub.kinds["demo.example/v1"].update({"Thing": ("things", False)})  # noqa: E731
    later = Timer(0.5, serve)
    later.start()
    thing = {"apiVersion": "demo.example/v1", "kind": "Thing", "metadata": {"name": "t"}}
    assert [ref.kind for ref in run(client, crd, thing).created] == ["Thing"]
    later.join()


def test_an_object_that_is_being_deleted_is_waited_out(stub: Stub, client: Client) -> None:
    run(client, SPACE, config("a", x="1"))
    client.patch(Ref.of(config("a")), {"metadata": {"finalizers": ["demo.example/hold"]}})
    client.delete(Ref.of(config("a")))
    free = lambda: client.patch(Ref.of(config("a")), {"metadata": {"finalizers": None}})  # noqa: E731
    later = Timer(0.4, free)
    later.start()
    assert [ref.name for ref in run(client, SPACE, config("a", x="1")).created] == ["a"]
    later.join()


@pytest.mark.parametrize(
    ("objs", "said"),
    [
        ([config("a"), config("a")], "ConfigMap demo/a: given twice"),
        (
            [{"kind": "ConfigMap", "metadata": {"name": "x"}}],
            "ConfigMap: apiVersion, kind and metadata.name must be set",
        ),
    ],
)
def test_a_set_that_cannot_be_right_is_refused_before_anything_is_asked(
    stub: Stub, client: Client, objs: list[Obj], said: str
) -> None:
    with pytest.raises(ApplyFailed, match=said):
        run(client, *objs)
    assert not stub.requests


def test_lists_are_opened_and_progress_is_told(client: Client) -> None:
    said: list[str] = []
    listed = {"apiVersion": "v1", "kind": "List", "items": [SPACE, config("a")]}
    assert len(run(client, listed, on_progress=said.append).created) == 2
    assert said == ["1/2 applied", "2/2 applied"]
