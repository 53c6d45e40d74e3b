"""Waits: as soon as it is true, as soon as it never will be, and with reasons at the end."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import bootstrap.kube.wait as waiting
from bootstrap.errors import Forbidden, Gone, Unauthorized, WaitFailed, WaitTimeout
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref
from bootstrap.kube.readiness import condition_is
from bootstrap.kube.readiness.verdict import failed
from bootstrap.kube.wait import Target, wait
from tests.unit.kube.stub import Fault, Stub

DEPLOYMENT = Ref("apps/v1", "Deployment", "demo", "minio")
CONFIG = Ref("v1", "ConfigMap", "demo", "c")


def deployment(available: int, **status: Any) -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "minio", "namespace": "demo", "generation": 1},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": available, **status},
    }


def config(**meta: Any) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "demo", **meta}}


@pytest.fixture
def later() -> Any:
    """Runs things a moment later, and sees to it that they have run."""
    timers: list[threading.Timer] = []

    def start(seconds: float, work: Any) -> None:
        timers.append(threading.Timer(seconds, work))
        timers[-1].start()

    yield start
    for timer in timers:
        timer.join()


def eventually(true: Any, seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_true_already_is_not_waited_for(stub: Stub, client: Client) -> None:
    stub.add(deployment(1))
    wait(client, [Target(DEPLOYMENT)], timeout=5, why="MinIO")


def test_what_becomes_true_ends_the_wait(stub: Stub, client: Client, later: Any) -> None:
    stub.add(deployment(0))
    later(0.5, lambda: stub.add(deployment(1)))
    wait(client, [Target(DEPLOYMENT)], timeout=5, why="MinIO")


def test_what_the_cluster_warns_about_is_told_while_it_lasts(
    stub: Stub, client: Client, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "COMPLAINTS_EVERY", 0.1)
    monkeypatch.setattr(waiting, "TELL_EVERY", 0.1)
    monkeypatch.setattr(waiting, "last_warning", lambda *_: "Pod minio-1: Failed: ErrImagePull")
    stub.add(deployment(0))
    said: list[str] = []
    later(0.8, lambda: stub.add(deployment(1)))
    wait(client, [Target(DEPLOYMENT)], timeout=5, why="MinIO", on_progress=said.append)
    assert "ErrImagePull" not in said[0]
    assert any(line.endswith("(Pod minio-1: Failed: ErrImagePull)") for line in said)


def test_an_object_that_does_not_exist_yet_is_waited_for(stub: Stub, client: Client, later: Any) -> None:
    later(0.3, lambda: stub.add(config()))
    wait(client, [Target(CONFIG)], timeout=5, why="the settings")


def test_a_kind_that_is_not_served_yet_is_waited_for(stub: Stub, client: Client, later: Any) -> None:
    def serve() -> None:
        stub.kinds["demo.example/v1"] = {"Thing": ("things", False)}
        stub.add({"apiVersion": "demo.example/v1", "kind": "Thing", "metadata": {"name": "t"}})

    later(0.3, serve)
    wait(client, [Target(Ref("demo.example/v1", "Thing", None, "t"))], timeout=5, why="the thing")


@pytest.mark.parametrize("error", [None, {"code": 410, "reason": "Expired", "message": "too old"}])
def test_a_watch_that_ends_or_is_too_old_is_begun_again(stub: Stub, client: Client, later: Any, error: Any) -> None:
    stub.add(deployment(0))

    def interrupt() -> None:
        eventually(lambda: stub.watchers)
        stub.end_watches(error)
        stub.add(deployment(1))

    later(0.1, interrupt)
    wait(client, [Target(DEPLOYMENT)], timeout=8, why="MinIO")
    assert sum("watch" not in path and "deployments" in path for _, path in stub.requests) == 2


@pytest.mark.usefixtures("impatient")
def test_an_api_server_that_fails_for_a_while_does_not_end_the_wait(stub: Stub, client: Client) -> None:
    stub.add(deployment(1))
    stub.faults = [Fault("GET", "deployments", 503, 3), Fault("GET", "deployments", 0, 2)]
    wait(client, [Target(DEPLOYMENT)], timeout=10, why="MinIO")


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_fails_is_not_taken_for_absence(stub: Stub, client: Client) -> None:
    stub.add(config())
    stub.faults = [Fault("GET", "configmaps", 500, 100, "etcd is down")]
    with pytest.raises(WaitTimeout, match="cannot be read: etcd is down"):
        wait(client, [Target(CONFIG, absent=True)], timeout=1.5, why="it to go")


def test_absence_is_seen_as_it_happens(stub: Stub, client: Client, later: Any) -> None:
    stub.add(config())
    later(0.3, lambda: client.delete(CONFIG))
    wait(client, [Target(CONFIG, absent=True)], timeout=5, why="it to go")


def test_many_targets_are_watched_at_once(stub: Stub, client: Client, later: Any) -> None:
    refs = [Ref("v1", "ConfigMap", f"n{i % 3}", f"c{i}") for i in range(12)]

    def watches() -> int:
        return sum("watch=true" in path for _, path in stub.requests)

    def make() -> None:
        end = time.monotonic() + 5
        while watches() < 3 and time.monotonic() < end:  # on a busy machine the lists alone may see everything
            time.sleep(0.02)
        for ref in refs:
            stub.add(
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": ref.name, "namespace": ref.namespace}}
            )

    later(0.2, make)
    wait(client, [Target(ref) for ref in refs], timeout=10, why="all of them")
    assert watches() == 3


def test_a_final_failure_ends_the_wait_at_once(stub: Stub, client: Client) -> None:
    stub.add(deployment(0))
    started = time.monotonic()
    with pytest.raises(WaitFailed, match=r"waiting for MinIO cannot succeed: 1 of 1 not ready\n.*timed out"):
        wait(client, [Target(DEPLOYMENT, check=lambda _: failed("timed out"))], timeout=30, why="MinIO")
    assert time.monotonic() - started < 10


def test_a_failure_that_heals_within_its_grace_is_forgiven(stub: Stub, client: Client, later: Any) -> None:
    check = lambda obj: failed("broken", grace=3) if "bad" in obj["metadata"]["labels"] else condition_is("X")(obj)  # noqa: E731
    stub.add({**config(labels={"bad": "1"})})
    well = {**config(labels={}), "status": {"conditions": [{"type": "X", "status": "True"}]}}
    later(0.4, lambda: stub.add(well))
    wait(client, [Target(CONFIG, check=check)], timeout=8, why="it")


def test_a_failure_that_lasts_longer_than_its_grace_ends_the_wait(stub: Stub, client: Client) -> None:
    stub.add(config())
    started = time.monotonic()
    with pytest.raises(WaitFailed, match="broken"):
        wait(client, [Target(CONFIG, check=lambda obj: failed("broken", grace=1))], timeout=30, why="it")
    assert 1 <= time.monotonic() - started < 10


def test_a_timeout_names_object_reason_warning_and_next_step(stub: Stub, client: Client) -> None:
    stub.add(deployment(0))
    for second, (reason, kind) in enumerate(
        [("FailedMount", "Warning"), ("FailedScheduling", "Warning"), ("Pulled", "Normal")]
    ):
        stub.add(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": reason.lower(), "namespace": "demo"},
                "type": kind,
                "reason": reason,
                "message": "0/1 nodes are available",
                "lastTimestamp": f"2026-01-01T00:00:0{second}Z",
                "involvedObject": {"kind": "Pod", "name": "minio-7d9-x"},
            }
        )
    with pytest.raises(WaitTimeout) as caught:
        wait(client, [Target(DEPLOYMENT), Target(CONFIG)], timeout=2, why="the storage")
    assert str(caught.value).splitlines() == [
        "waited 2 s for the storage: 2 of 2 not ready",
        "  Deployment demo/minio: 0 of 1 replicas are available",
        "    last warning: Pod minio-7d9-x: FailedScheduling: 0/1 nodes are available",
        "  ConfigMap demo/c: does not exist yet",
        "  next: `make status`, or look at it yourself: oc describe deployment.apps minio -n demo",
    ]


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, Unauthorized, "does not accept these credentials .*expired or revoked.*; sign in again"),
        (403, Forbidden, "configmaps is forbidden"),
    ],
)
def test_rights_that_end_in_the_middle_of_a_wait_end_it_at_once_and_say_so(
    stub: Stub, client: Client, status: int, error: type[Exception], said: str
) -> None:
    watched = lambda: any("watch=true" in path for _, path in stub.requests)  # noqa: E731

    def expire() -> None:
        eventually(lambda: watched() and stub.watchers)
        stub.faults = [Fault("GET", "/configmaps", status, 99, "configmaps is forbidden")]
        stub.end_watches()

    thread = threading.Thread(target=expire)
    thread.start()
    started = time.monotonic()
    with pytest.raises(error, match=said):
        wait(client, [Target(CONFIG)], timeout=30, why="it")
    assert time.monotonic() - started < 10
    thread.join()


def test_progress_says_what_is_lacking(stub: Stub, client: Client) -> None:
    said: list[str] = []
    stub.add(config())
    stub.add(deployment(0))
    with pytest.raises(WaitTimeout):
        wait(client, [Target(CONFIG), Target(DEPLOYMENT)], timeout=2, why="it", on_progress=said.append)
    assert said[-1] == "1/2 ready, Deployment demo/minio: 0 of 1 replicas are available"


def test_no_thread_is_left_behind(stub: Stub, client: Client) -> None:
    before = threading.active_count()
    with pytest.raises(WaitTimeout):
        wait(client, [Target(CONFIG), Target(DEPLOYMENT)], timeout=0.3, why="it")
    eventually(lambda: not any("_follow" in thread.name for thread in threading.enumerate()))
    stub.end_watches()
    eventually(lambda: threading.active_count() <= before + 2)  # the stub's own connections


def configs(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Five objects, and pages of two."""
    monkeypatch.setattr("bootstrap.kube.client.PAGE", 2)
    for name in "abcde":
        stub.add({**config(), "metadata": {"name": name, "namespace": "demo"}})
    return list("abcde")


def pages(stub: Stub) -> list[str]:
    return [path.partition("?")[2] for method, path in stub.requests if "/configmaps" in path and method == "GET"]


def test_a_list_of_many_pages_is_whole(stub: Stub, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    names = configs(stub, monkeypatch)
    assert [one["metadata"]["name"] for one in client.list("v1", "ConfigMap", "demo")] == names
    assert pages(stub) == ["limit=2", "limit=2&continue=2", "limit=2&continue=4"]


def test_pages_that_are_too_old_to_go_on_from_are_read_again_all_at_once(
    stub: Stub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = configs(stub, monkeypatch)
    stub.faults = [Fault("GET", "continue=4", 410, 1, "the provided continue parameter is too old")]
    assert [one["metadata"]["name"] for one in client.list("v1", "ConfigMap", "demo")] == names
    assert pages(stub) == ["limit=2", "limit=2&continue=2", "limit=2&continue=4", ""]


def test_a_list_that_is_gone_from_its_beginning_is_an_error(stub: Stub, client: Client) -> None:
    stub.faults = [Fault("GET", "/configmaps", 410, 1, "too old")]
    with pytest.raises(Gone, match="too old"):
        client.list("v1", "ConfigMap")


def test_a_kind_that_goes_while_it_is_listed_has_no_objects(stub: Stub, client: Client) -> None:
    stub.add(config())
    assert client.list("v1", "ConfigMap")
    stub.faults = [Fault("GET", "configmaps", 404, 1)]  # discovery had still told of it
    assert client.list("v1", "ConfigMap") == []
