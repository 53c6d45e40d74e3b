"""Readiness of Argo CD and of what it delivers."""

from __future__ import annotations

from bootstrap.kube.objects import Obj, conditions, dig
from bootstrap.kube.readiness.verdict import READY, Predicate, Verdict, failed, not_ready

SETTLING = 60.0
DEGRADED = 1800.0  # the longest limit of a stage: a model whose image is still being pulled counts as Degraded there
ON_ITS_WAY = ("Healthy", "Progressing", "Suspended")
UNREACHED = 240.0  # Argo CD asks again within three minutes
NEW_SYNC = 30.0  # the failure of a former revision stands until the next sync begins
# an Application's conditions have neither status nor reason; these texts mean that trying again may help
PASSING = (
    "connect: connection refused",
    "connection reset",
    "context deadline exceeded",
    "i/o timeout",
    "lookup ",
    "no such host",
    "server misbehaving",
    "transport: Error while dialing",
)
REPOSITORY = (
    "Argo CD reads the repository from inside the cluster: check REPO_URL, and what it takes to read it there "
    "(REPO_TOKEN or REPO_KEY_FILE, CA_FILE), or set DELIVERY=direct to do without Git; then run the same command again"
)


def argo_cd(obj: Obj) -> Verdict:
    """Return whether an Argo CD instance is up."""
    if dig(obj, "metadata", "deletionTimestamp"):
        return not_ready("is being deleted")
    found = conditions(obj)
    phase = dig(obj, "status", "phase", default="")
    unsupported, reconciled = found.get("UnsupportedConfiguration", {}), found.get("Reconciled", {})
    if unsupported.get("status") == "True":
        return failed(str(unsupported.get("message")))
    if phase == "Failed":
        return failed(f"the operator cannot set it up: {reconciled.get('message')}", grace=SETTLING)
    if dig(obj, "status", "sso") == "Failed":
        return failed("its single sign-on (Dex) cannot start", grace=SETTLING)
    if phase == "Available" and dig(obj, "status", "server", default="Running") == "Running":
        return READY
    parts = ("applicationController", "redis", "repo", "server", "sso")
    waiting = [part for part in parts if dig(obj, "status", part) == "Pending"]
    return not_ready(f"waits for {', '.join(waiting)}" if waiting else f"its phase is {phase or 'not reported yet'}")


def application(obj: Obj) -> Verdict:
    """Return whether an Application is synced and healthy, to whatever revision it follows."""
    if dig(obj, "metadata", "deletionTimestamp"):
        said = conditions(obj).get("DeletionError", {}).get("message")
        return not_ready(f"is being deleted{': ' + said if said else ''}")
    sync, health = dig(obj, "status", "sync", "status"), dig(obj, "status", "health", "status")
    if trouble := _condition_trouble(obj):
        return trouble
    if sync == "Synced" and health == "Healthy":
        return READY
    phase, said = dig(obj, "status", "operationState", "phase"), dig(obj, "status", "operationState", "message")
    if sync != "Synced" and phase in {"Failed", "Error"}:
        return failed(f"the sync failed: {said}", grace=NEW_SYNC)
    if health == "Degraded":
        return failed(f"is Degraded: {_unhealthy(obj)}", grace=DEGRADED)
    if phase == "Running" and said:
        return not_ready(str(said))
    return not_ready(f"sync is {sync or 'not reported'}, health {health or 'not reported'}{_unhealthy(obj, ': ')}")


def synced_to(revision: str) -> Predicate:
    """Return the predicate of an Application that is Synced to this revision; what it brought is awaited by itself.

    Health in progress is no reason to wait: old releases see no end of it for an InferenceService that is ready.
    """

    def check(obj: Obj) -> Verdict:
        at = dig(obj, "status", "sync", "revision", default="")
        operated = dig(obj, "status", "operationState", "syncResult", "revision", default=at)
        verdict = application(obj)
        if verdict.advice and not verdict.failed:
            return failed(verdict.reason, grace=UNREACHED, advice=verdict.advice)
        compared = dig(obj, "status", "sync", "comparedTo", "source")
        if compared and bare(compared) != bare(dig(obj, "spec", "source", default={})):
            return not_ready("has not looked at its changed source yet")
        if at == revision and (operated == revision or verdict.ready):
            return READY if _is_synced(obj) and not verdict.failed else verdict
        if verdict.failed and not at:  # it fails before it can say at which revision
            return verdict
        return not_ready(f"is at revision {at[:12] or 'unknown'}, not yet at {revision[:12]}")

    return check


def _is_synced(obj: Obj) -> bool:
    """Say whether everything is as in Git, nothing missing, and no sync is under way."""
    health = dig(obj, "status", "health", "status")
    return dig(obj, "status", "sync", "status") == "Synced" and health in ON_ITS_WAY and not syncing(obj)


def syncing(obj: Obj) -> bool:
    """Say whether a sync runs or has been asked for."""
    return "operation" in obj or dig(obj, "status", "operationState", "phase") == "Running"


def bare(data: object) -> object:
    """Return data without what is empty: Argo CD leaves that out where it repeats a source."""
    if isinstance(data, dict):
        return {key: found for key, value in data.items() if (found := bare(value)) not in (None, "", {}, [], False)}
    return [bare(one) for one in data] if isinstance(data, list) else data


def _condition_trouble(obj: Obj) -> Verdict | None:
    found = conditions(obj)
    for name in ("InvalidSpecError", "ComparisonError", "SyncError", "UnknownError", "SharedResourceWarning"):
        if name in found:
            said = str(found[name].get("message"))
            if name == "SyncError" and syncing(obj):  # what it says is about the sync before
                return not_ready(said)
            passing = name == "ComparisonError" and any(text in said for text in PASSING)
            advice = REPOSITORY if name == "ComparisonError" else ""
            if passing:
                return not_ready(said, advice=advice)
            return failed(f"{name}: {said}", grace=SETTLING, advice=advice)
    if excluded := found.get("ExcludedResourceWarning"):
        return not_ready(str(excluded.get("message")))
    return None


def _unhealthy(obj: Obj, before: str = "") -> str:
    """Return the parts that are not healthy, with what they say."""
    parts = [
        f"{part.get('kind')} {part.get('name')} ({dig(part, 'health', 'message') or dig(part, 'health', 'status')})"
        for part in dig(obj, "status", "resources", default=[])
        if dig(part, "health", "status", default="Healthy") != "Healthy"
    ]
    return before + ", ".join(parts) if parts else ""
