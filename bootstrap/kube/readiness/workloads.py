"""Readiness of what Kubernetes itself runs and stores: Deployments, StatefulSets, Jobs, Pods, claims."""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.kube.objects import Obj, conditions, dig
from bootstrap.kube.readiness.verdict import READY, Verdict, failed, not_ready, seen_by_controller

STALLED = 1800.0  # the longest limit of a stage: a first pull of many GB outlasts any progress deadline, and then heals
HEALING = 60.0  # a quota, a policy or a registry may be put right by somebody, or by the next retry
# a container in one of these states has failed; the kubelet tries again, rarely with another result
BROKEN = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)


def deployment(obj: Obj) -> Verdict:
    """Return whether the current revision is rolled out in full."""
    if stale := seen_by_controller(obj):
        return stale
    found = conditions(obj)
    progressing, failure = found.get("Progressing", {}), found.get("ReplicaFailure", {})
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return failed(f"the rollout made no progress in time: {progressing.get('message')}", grace=STALLED)
    if failure.get("status") == "True":
        return failed(f"no Pod can be created: {failure.get('message')}", grace=HEALING)
    if dig(obj, "spec", "paused", default=False):
        return not_ready("its rollout is paused")
    available = dig(obj, "status", "availableReplicas", default=0)
    settled = progressing.get("reason") == "NewReplicaSetAvailable"
    updated = dig(obj, "status", "updatedReplicas", default=available if settled else 0)
    return _replicas(obj, updated, available)


def stateful_set(obj: Obj) -> Verdict:
    """Return whether every replica runs the current revision."""
    if stale := seen_by_controller(obj):
        return stale
    status = dig(obj, "status", default={})
    settled = status.get("currentRevision") == status.get("updateRevision")
    updated = status.get("currentReplicas", 0) if settled else status.get("updatedReplicas", 0)
    return _replicas(obj, updated, status.get("readyReplicas", 0))


def _replicas(obj: Obj, updated: int, available: int) -> Verdict:
    wanted = dig(obj, "spec", "replicas", default=1)
    total = dig(obj, "status", "replicas", default=available)
    if updated < wanted:
        return not_ready(f"{updated} of {wanted} replicas are of the current revision")
    if available < wanted:
        return not_ready(f"{available} of {wanted} replicas are available")
    if total > updated:
        return not_ready(f"{total - updated} replicas of the former revision still run")
    return READY


def job(obj: Obj) -> Verdict:
    """Return whether a Job has come to its good end."""
    found = conditions(obj)
    if found.get("Complete", {}).get("status") == "True":
        return READY
    failure = found.get("Failed", found.get("FailureTarget", {}))
    if failure.get("status") == "True":
        return failed(f"the Job failed: {failure.get('reason')}: {failure.get('message')}")
    if dig(obj, "spec", "suspend", default=False):
        return not_ready("the Job is suspended")
    return not_ready(f"the Job runs ({dig(obj, 'status', 'active', default=0)} Pods active)")


def pod(obj: Obj) -> Verdict:
    """Return whether a Pod is up (or done), or what its containers fail with."""
    phase = dig(obj, "status", "phase", default="Pending")
    if phase == "Succeeded":
        return READY
    if phase == "Failed":
        reason = dig(obj, "status", "message") or dig(obj, "status", "reason") or next(_terminations(obj), "failed")
        return failed(f"the Pod failed: {reason}")
    if dig(obj, "metadata", "deletionTimestamp"):
        return not_ready("the Pod is being deleted")
    if broken := next(_broken_containers(obj), None):
        return failed(broken, grace=HEALING)
    found = conditions(obj)
    if found.get("Ready", {}).get("status") == "True":
        return READY
    scheduled = found.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return not_ready(f"no node takes the Pod: {scheduled.get('message') or scheduled.get('reason')}")
    return not_ready(str(found.get("Ready", {}).get("message") or f"the Pod is {phase}"))


def _statuses(obj: Obj) -> Iterator[Obj]:
    for key in ("initContainerStatuses", "containerStatuses"):
        yield from dig(obj, "status", key, default=[])


def _broken_containers(obj: Obj) -> Iterator[str]:
    for status in _statuses(obj):
        waiting = dig(status, "state", "waiting", default={})
        ended = dig(status, "state", "terminated", default={})
        if waiting.get("reason") in BROKEN:
            last = dig(status, "lastState", "terminated", default={})
            why = _ending(last) if last else waiting.get("message") or ""
            yield f"container {status.get('name')}: {waiting['reason']} {why}".rstrip()
        elif ended.get("exitCode"):
            yield f"container {status.get('name')}: {_ending(ended)}"


def _terminations(obj: Obj) -> Iterator[str]:
    for status in _statuses(obj):
        ended = dig(status, "state", "terminated", default={})
        if ended.get("exitCode"):
            yield f"container {status.get('name')}: {_ending(ended)}"


def _ending(ended: Obj) -> str:
    """Return how a container ended, with the last line it left: the first of a traceback says nothing."""
    lines = [line for line in str(ended.get("message") or "").splitlines() if line.strip()]
    said = f": {lines[-1].strip()}" if lines else ""
    return f"({ended.get('reason') or 'exit'}, exit code {ended.get('exitCode')}){said}"


def claim(obj: Obj, events: tuple[Obj, ...] = ()) -> Verdict:
    """Return whether a claim is bound, or does well to wait for its first consumer; events tell what it cannot."""
    phase = dig(obj, "status", "phase", default="Pending")
    if phase == "Bound":
        return READY
    if phase == "Lost":
        return failed("the volume of this claim is lost")
    reasons = {event.get("reason"): event.get("message") for event in events}
    if "WaitForFirstConsumer" in reasons:
        return READY
    if "FailedBinding" in reasons or "ProvisioningFailed" in reasons:
        why = reasons.get("FailedBinding") or reasons.get("ProvisioningFailed")
        return failed(f"cannot be bound: {why}", grace=HEALING)
    return not_ready("the claim is not bound")
