"""Records of containers become the status that a kubelet would report."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.node.node import node_status
from rehearsal.node.pvc import persistent_volume, wants_volume
from rehearsal.node.records import PodFacts, Record, Running, State, Terminated, Waiting, recall, records
from rehearsal.node.status import container_status, image_id, merge_patch, phase_of, pod_status, qos_class

DONE, FAILED, RUNS, WAITS = Terminated(0, "Completed"), Terminated(1, "Error"), Running("t"), Waiting()


def pod(policy: str = "Always", **status: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "x"}]
    spec = {"restartPolicy": policy, "containers": containers}
    return {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": spec, "status": status}


def record(state: State, last: Terminated | None = None, **facts: Any) -> Record:
    return Record("c", "x", state=state, last=last, **facts)


@pytest.mark.parametrize(
    ("policy", "states", "phase"),
    [
        ("Always", [WAITS], "Pending"),
        ("Always", [RUNS, WAITS], "Pending"),
        ("Always", [RUNS], "Running"),
        ("Always", [DONE], "Running"),
        ("Never", [DONE, RUNS], "Running"),
        ("Never", [DONE, DONE], "Succeeded"),
        ("Never", [DONE, FAILED], "Failed"),
        ("OnFailure", [DONE], "Succeeded"),
        ("OnFailure", [FAILED], "Running"),
    ],
)
def test_phase(policy: str, states: list[State], phase: str) -> None:
    assert phase_of(pod(policy), PodFacts([], [record(state) for state in states])) == phase


def test_a_crash_looping_pod_is_running() -> None:
    waiting = record(Waiting("CrashLoopBackOff"), last=FAILED, restarts=3)
    assert phase_of(pod(), PodFacts([], [waiting])) == "Running"
    status = container_status(waiting)
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert (status["lastState"]["terminated"]["exitCode"], status["restartCount"]) == (1, 3)


@pytest.mark.parametrize(
    ("policy", "init", "phase"),
    [("Never", FAILED, "Failed"), ("Always", FAILED, "Pending"), ("Always", RUNS, "Pending")],
)
def test_init_containers_hold_the_pod_back(policy: str, init: State, phase: str) -> None:
    facts = PodFacts([Record("i", "x", init=True, state=init)], [record(Waiting("PodInitializing"))])
    assert phase_of(pod(policy), facts) == phase
    assert condition(pod_status(pod(policy), facts), "Initialized")["status"] == "False"


def test_a_running_sidecar_keeps_the_phase_until_it_has_ended() -> None:
    sidecar = Record("s", "x", sidecar=True, init=True, state=RUNS, started=True)
    facts = PodFacts([sidecar], [record(DONE)])
    assert phase_of(pod("Never"), facts) == "Running"
    sidecar.state = FAILED
    assert phase_of(pod("Never"), facts) == "Succeeded"


def condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(item for item in status["conditions"] if item["type"] == kind)


def test_conditions_say_what_is_not_ready_and_keep_their_times() -> None:
    status = pod_status(pod(), PodFacts([], [record(RUNS)], sandbox_ready=True))
    assert condition(status, "Ready")["message"] == "containers with unready status: [c]"
    assert condition(status, "PodReadyToStartContainers")["status"] == "True"
    old = [{"type": "Ready", "status": "False", "lastTransitionTime": "long ago"}, {"type": "Mine", "status": "True"}]
    again = pod_status(pod(conditions=old), PodFacts([], [record(RUNS)]))
    assert condition(again, "Ready")["lastTransitionTime"] == "long ago"
    assert condition(again, "Mine") == {"type": "Mine", "status": "True"}
    ready = pod_status(pod(conditions=old), PodFacts([], [record(RUNS, ready=True)]))
    assert condition(ready, "Ready")["lastTransitionTime"] != "long ago"


def test_a_readiness_gate_keeps_a_pod_from_being_ready() -> None:
    gated = pod()
    gated["spec"]["readinessGates"] = [{"conditionType": "gate"}]
    status = pod_status(gated, PodFacts([], [record(RUNS, ready=True)]))
    assert condition(status, "Ready")["reason"] == "ReadinessGatesNotReady"
    assert condition(status, "ContainersReady")["status"] == "True"


def test_a_restarted_agent_goes_on_counting() -> None:
    running = {"name": "c", "restartCount": 2, "containerID": "x", "state": {"running": {"startedAt": "t"}}}
    old = pod(containerStatuses=[running])
    facts = records(old)
    recall(old, facts)
    assert facts.main[0].restarts == 3
    assert facts.main[0].last is not None
    assert (facts.main[0].last.code, facts.main[0].last.reason) == (137, "ContainerStatusUnknown")


def test_the_patch_replaces_addresses_instead_of_adding_to_them() -> None:
    patch = merge_patch(pod(), {"podIPs": [{"ip": "10.128.0.10"}]})
    assert patch["status"]["podIPs"] == [{"$patch": "replace"}, {"ip": "10.128.0.10"}]
    assert patch["metadata"] == {"uid": "u"}


def test_image_ids_are_stable_digests() -> None:
    assert image_id("quay.io/a/b:1").startswith("quay.io/a/b@sha256:")
    assert image_id("quay.io/a/b:1") == image_id("quay.io/a/b:1") != image_id("quay.io/a/b:2")
    assert image_id("a@sha256:00") == "a@sha256:00"


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "0.5"}}, "Burstable"),
    ],
)
def test_quality_of_service(resources: dict[str, Any], expected: str) -> None:
    given = pod()
    given["spec"]["containers"][0]["resources"] = resources
    assert qos_class(given) == expected


def test_the_node_is_as_large_as_it_pretends_and_a_full_one_takes_nothing() -> None:
    size = {"cpu": "16", "memory": "64Gi"}
    assert node_status({}, size, None, "v1")["allocatable"]["cpu"] == "16"
    full = node_status({}, size, {"cpu": "100m", "memory": "128Mi"}, "v1")
    assert (full["allocatable"]["cpu"], full["capacity"]["cpu"]) == ("100m", "16")


def test_a_claim_waits_for_its_first_consumer_and_gets_a_volume_on_this_node() -> None:
    waits = {"metadata": {"name": "rehearsal-local"}, "provisioner": "rehearsal/local",
             "volumeBindingMode": "WaitForFirstConsumer", "reclaimPolicy": "Delete"}  # fmt: skip
    metadata: dict[str, Any] = {"name": "data", "namespace": "n", "uid": "1", "resourceVersion": "5"}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"metadata": metadata, "spec": spec}
    assert not wants_volume(claim, waits)
    metadata["annotations"] = {"volume.kubernetes.io/selected-node": "rehearsal"}
    assert wants_volume(claim, waits)
    assert not wants_volume(claim, {**waits, "provisioner": "other"})
    volume = persistent_volume(claim, waits)
    assert volume["metadata"]["name"] == "pvc-1"
    assert volume["spec"]["claimRef"]["name"] == "data"
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
