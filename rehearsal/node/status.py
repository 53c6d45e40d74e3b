"""From records to a PodStatus, as a kubelet reports it. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from rehearsal.node.records import PodFacts, Record, Running, Terminated, Waiting, now

Obj = dict[str, Any]


def pod_status(pod: Obj, facts: PodFacts) -> Obj:
    """The status of a pod; conditions keep their times where nothing changed."""
    phase = phase_of(pod, facts)
    status: Obj = {
        "phase": phase,
        "observedGeneration": pod["metadata"].get("generation"),
        "conditions": conditions(pod, facts, phase),
        "qosClass": (pod.get("status") or {}).get("qosClass") or qos_class(pod),
        "containerStatuses": [container_status(record) for record in facts.main],
    }
    if facts.start:
        status |= {"hostIP": facts.host_ip, "hostIPs": [{"ip": facts.host_ip}], "startTime": facts.start}
    if facts.ip:
        status |= {"podIP": facts.ip, "podIPs": [{"ip": facts.ip}]}
    if facts.init:
        status["initContainerStatuses"] = [container_status(record) for record in facts.init]
    if facts.override:
        status |= {"reason": facts.override[1], "message": facts.override[2]}
    return status


def phase_of(pod: Obj, facts: PodFacts) -> str:
    """Pending, Running, Succeeded or Failed, by the kubelet's rules."""
    if facts.override:
        return facts.override[0]
    policy = pod["spec"].get("restartPolicy", "Always")
    if not initialized(facts):
        ends = [record.state for record in facts.init if not record.sidecar and isinstance(record.state, Terminated)]
        failed = any(state.code for state in ends if isinstance(state, Terminated))
        return "Failed" if failed and policy == "Never" else "Pending"
    states = [record.state for record in facts.main]
    if any(isinstance(record.state, Waiting) and record.last is None for record in facts.main):
        return "Pending"
    if any(not isinstance(state, Terminated) for state in states) or policy == "Always":
        return "Running"
    if any(record.sidecar and isinstance(record.state, Running) for record in facts.init):
        return "Running"  # sidecars end after the containers
    if all(record.completed for record in facts.main):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def initialized(facts: PodFacts) -> bool:
    """Init containers have done their work: ended well or, sidecars, started."""
    return all((record.started if record.sidecar else record.completed) or _over(facts) for record in facts.init)


def _over(facts: PodFacts) -> bool:
    """Some main container ran, so initialisation was complete once."""
    return any(not isinstance(record.state, Waiting) for record in facts.main)


def conditions(pod: Obj, facts: PodFacts, phase: str) -> list[Obj]:
    """The kubelet's conditions, then those of others unchanged."""
    done = phase == "Succeeded"
    counted = [*(record for record in facts.init if record.sidecar), *facts.main]
    unready = [record.name for record in counted if not record.ready]
    unready_text = f"containers with unready status: [{' '.join(unready)}]"
    incomplete = [record.name for record in facts.init if not (record.started if record.sidecar else record.completed)]
    old = {item["type"]: item for item in (pod.get("status") or {}).get("conditions") or ()}
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    closed = [gate for gate in gates if old.get(gate, {}).get("status") != "True"]
    wanted = [
        _condition("PodReadyToStartContainers", facts.sandbox_ready),
        _condition(
            "Initialized",
            initialized(facts),
            "ContainersNotInitialized",
            f"containers with incomplete status: [{' '.join(incomplete)}]",
        ),
        _condition("Ready", not unready, "ContainersNotReady", unready_text),
        _condition("ContainersReady", not unready, "ContainersNotReady", unready_text),
        _condition("PodScheduled", True),
    ]
    if not unready and closed:
        wanted[2] = _condition("Ready", False, "ReadinessGatesNotReady", f'condition {closed[0]} is not "True"')
    if done or phase == "Failed":
        reason = "PodCompleted" if done else "PodFailed"
        wanted[2:4] = [{"type": kind, "status": "False", "reason": reason} for kind in ("Ready", "ContainersReady")]
        if done:
            wanted[1] = {"type": "Initialized", "status": "True", "reason": "PodCompleted"}
    ours = [_timed(item, old.get(item["type"])) for item in wanted]
    names = {item["type"] for item in ours}
    return ours + [item for kind, item in old.items() if kind not in names]


def _condition(kind: str, true: bool, reason: str = "", message: str = "") -> Obj:
    if true:
        return {"type": kind, "status": "True"}
    return {"type": kind, "status": "False"} | ({"reason": reason, "message": message} if reason else {})


def _timed(condition: Obj, old: Obj | None) -> Obj:
    same = old is not None and old.get("status") == condition["status"]
    moment = old.get("lastTransitionTime") if same and old else None
    empty = {"reason": None, "message": None}  # a strategic merge keeps what is not named
    return {**empty, **condition, "lastProbeTime": None, "lastTransitionTime": moment or now()}


def container_status(record: Record) -> Obj:
    """One entry of containerStatuses."""
    return {
        "name": record.name,
        "image": record.image,
        "imageID": record.image_id,
        "containerID": record.container_id,
        "ready": record.ready,
        "started": record.started,
        "restartCount": record.restarts,
        "state": record.state.render(),
        "lastState": record.last.render() if record.last else {},
    }


def image_id(reference: str) -> str:
    """A stable digest for a reference; the reference's own where it has one."""
    name, _, digest = reference.partition("@")
    if digest:
        return reference
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}@sha256:{hashlib.sha256(reference.encode()).hexdigest()}"


def qos_class(pod: Obj) -> str:
    """Guaranteed, Burstable or BestEffort."""
    spec = pod["spec"]
    resources = [item.get("resources") or {} for item in (*spec["containers"], *(spec.get("initContainers") or ()))]
    if not any(item.get("requests") or item.get("limits") for item in resources):
        return "BestEffort"
    return "Guaranteed" if all(_guaranteed(item) for item in resources) else "Burstable"


def _guaranteed(resources: Obj) -> bool:
    limits = resources.get("limits") or {}
    requests = {**limits, **(resources.get("requests") or {})}
    return all(name in limits and requests[name] == limits[name] for name in ("cpu", "memory"))


def merge_patch(pod: Obj, status: Obj) -> Obj:
    """The strategic patch for this status; a list of addresses would be appended to, so it is replaced."""
    patched = dict(status)
    for key in ("podIPs", "hostIPs"):
        if key in patched:
            patched[key] = [{"$patch": "replace"}, *patched[key]]
    return {"metadata": {"uid": pod["metadata"]["uid"]}, "status": patched}
