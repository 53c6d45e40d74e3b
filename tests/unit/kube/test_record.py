"""The record: what is ours, kept in the cluster, written before and never for nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from bootstrap.errors import GuardError
from bootstrap.kube import lease
from bootstrap.kube.client import Client
from bootstrap.kube.objects import LABELS, Ref
from bootstrap.kube.record import RECORD, Change, Keeper, Record, check_cluster, exclusive, leftovers, read
from tests.unit.kube.stub import Fault, Stub

MINE = Ref("v1", "ConfigMap", "demo", "mine")
OLD = Ref("v1", "ConfigMap", "demo", "old")


def keeper(client: Client) -> Keeper:
    return Keeper(client, version="1.0", settings={"NAMESPACE": "demo"})


def test_without_a_record_there_is_none_and_nothing_is_written(stub: Stub, client: Client) -> None:
    assert read(client) is None
    keeper(client)
    assert not stub.writes


def test_intent_adoption_and_installs_come_back_as_written(stub: Stub, client: Client) -> None:
    keeper(client).intend([MINE])
    keeper(client).adopt([OLD])
    keeper(client).installed("rhods-operator", "rhods-operator.3.4.0")
    record = read(client)
    assert record is not None
    assert MINE in record.created
    assert RECORD in record.created
    assert record.adopted == {OLD}
    assert record.installed == {"rhods-operator": "rhods-operator.3.4.0"}
    assert (record.version, record.settings, record.server) == ("1.0", {"NAMESPACE": "demo"}, client.server)
    check_cluster(client, record)


def test_noting_the_same_again_writes_nothing(stub: Stub, client: Client) -> None:
    keeper(client).intend([MINE])
    written = len(stub.writes)
    Keeper(client, version="1.1", settings={}).intend([MINE])
    assert len(stub.writes) == written


def test_what_we_made_is_not_adopted_by_a_later_run_nor_the_other_way_round(client: Client) -> None:
    keeper(client).intend([MINE])
    keeper(client).adopt([MINE, OLD])
    keeper(client).intend([OLD])
    record = read(client)
    assert record is not None
    assert MINE in record.created
    assert record.adopted == {OLD}
    assert OLD not in record.created


def test_two_writers_do_not_lose_each_others_notes(stub: Stub, client: Client) -> None:
    keeper(client).intend([MINE])
    stub.faults = [Fault("PUT", "serving-demo-record", 409, 2)]
    keeper(client).intend([OLD])
    record = read(client)
    assert record is not None
    assert {MINE, OLD} <= record.created


def test_an_operator_that_is_gone_is_not_taken_for_ours_when_others_install_it(client: Client) -> None:
    subscription = Ref("operators.coreos.com/v1alpha1", "Subscription", "redhat-ods-operator", "rhods-operator")
    keeper(client).intend([subscription, MINE])
    keeper(client).installed("rhods-operator", "rhods-operator.3.4.0")
    keeper(client).forget([subscription])
    record = read(client)
    assert record is not None
    assert record.installed == {}
    assert MINE in record.created


def test_a_reset_is_noted_and_later_notes_keep_it(client: Client) -> None:
    keeper(client).intend([MINE])
    keeper(client).was_reset()
    keeper(client).adopt([OLD])
    record = read(client)
    assert record is not None
    assert record.reset.endswith("Z")


def test_ours_is_what_carries_our_labels_and_is_in_the_record() -> None:
    record = Record("id", "1.0", "https://x", created={MINE}, adopted={OLD})
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "demo", "labels": LABELS}}
    assert record.owns(obj) is None
    assert "labels" in str(record.owns({**obj, "metadata": {"name": "mine", "namespace": "demo"}}))
    other = {**obj, "metadata": {**obj["metadata"], "name": "other"}}
    assert "not in the record" in str(record.owns(other))
    old = {**obj, "metadata": {**obj["metadata"], "name": "old"}}
    assert "was there before" in str(record.owns(old))


def test_the_record_of_another_cluster_stops_everything(client: Client) -> None:
    with pytest.raises(GuardError, match=r"the record is about cluster elsewhere, but http://127.0.0.1:.* is cluster"):
        check_cluster(client, Record("elsewhere", "1.0", "https://x"))


def test_a_broken_record_is_not_guessed_at(stub: Stub, client: Client) -> None:
    stub.add(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": RECORD.name, "namespace": RECORD.namespace}}
    )
    with pytest.raises(GuardError, match="is no record of the demo"):
        read(client)


def test_the_second_run_is_told_who_is_at_work(client: Client) -> None:
    with (
        exclusive(client, holder="alice"),
        pytest.raises(GuardError, match=r"another run is at work on this cluster: alice on .*, process"),
        exclusive(client, holder="bob"),
    ):
        pass
    with exclusive(client, holder="bob"):
        pass


@pytest.fixture
def old(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Lease whose holder has given no sign of life for long, by the clock of this machine."""
    spec = {"holderIdentity": "killed", "leaseDurationSeconds": 1, "renewTime": "2020-01-01T00:00:00.000000Z"}
    meta = {"name": lease.LEASE.name, "namespace": lease.NAMESPACE}
    stub.add({"apiVersion": lease.LEASE.api_version, "kind": "Lease", "metadata": meta, "spec": spec})
    monkeypatch.setattr(lease, "SLACK", 0.1)


def test_a_lease_that_is_renewed_by_a_clock_behind_ours_is_kept(
    old: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renewed(_: float) -> None:
        live = client.get(lease.LEASE)
        client.replace({**live, "spec": {**live["spec"], "renewTime": "2020-01-01T00:00:20.000000Z"}})

    monkeypatch.setattr(time, "sleep", renewed)
    with (
        pytest.raises(GuardError, match=r"killed \(its clock differs from the one here\)"),
        exclusive(client, holder="a"),
    ):
        pass


def test_a_run_whose_lease_another_run_has_taken_ends(client: Client) -> None:
    def run() -> None:
        with exclusive(client, holder="alice", seconds=1):
            live = client.get(lease.LEASE)
            client.replace({**live, "spec": {**live["spec"], "holderIdentity": "bob"}})
            time.sleep(20)

    with pytest.raises(GuardError, match="another run took this cluster over"):
        run()


def test_a_lease_that_nobody_renews_is_taken_over(old: None, client: Client) -> None:
    with exclusive(client, holder="alice"):
        assert client.get(lease.LEASE)["spec"]["holderIdentity"].startswith("alice")


def test_nobody_waits_for_a_run_of_this_machine_that_was_killed(client: Client) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with exclusive(client, holder="somebody"):
        live = client.get(lease.LEASE)
        killed = f"admin on {lease.this_machine()}, process {ended.pid}"
        client.replace({**live, "spec": {**live["spec"], "holderIdentity": killed}})
        with exclusive(client, holder="somebody else"):
            assert "somebody else" in client.get(lease.LEASE)["spec"]["holderIdentity"]


def test_two_runs_that_start_at_the_same_moment_are_told_apart(stub: Stub, client: Client) -> None:
    stub.faults = [Fault("POST", "leases", 409, 1)]
    with pytest.raises(GuardError, match="another run has just started"), exclusive(client, holder="alice"):
        pass


def test_a_lease_that_teardown_took_along_is_no_fault(stub: Stub, client: Client) -> None:
    with exclusive(client, holder="alice"):
        client.delete(lease.LEASE)


def test_leftovers_are_found_by_labels_without_what_controllers_made(stub: Stub, client: Client) -> None:
    made = {"name": "child", "namespace": "demo", "labels": LABELS, "ownerReferences": [{"name": "x"}]}
    stub.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": made})
    stub.add(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "demo", "labels": LABELS}}
    )
    stub.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "demo"}})
    assert leftovers(client) == [MINE]


def test_a_changed_object_is_noted_with_what_it_said_at_first(client: Client) -> None:
    first, later = Change({"spec": {"on": False}}, {"spec": {"on": True}}), Change({"spec": {}}, {"spec": {}})
    keeper(client).changing(OLD, first)
    keeper(client).changing(OLD, later)
    found = read(client)
    assert found is not None
    assert found.changed == {OLD: Change(first.was, later.now)}
    assert Record.from_data(found.to_data()) == found
    keeper(client).put_back([OLD])
    assert (read(client) or found).changed == {}
