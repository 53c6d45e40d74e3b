"""Readiness of OpenShift AI: the platform by the rules of its version, and the models it serves."""

from __future__ import annotations

from bootstrap.kube.objects import Obj, conditions, dig
from bootstrap.kube.readiness.verdict import READY, Predicate, Verdict, failed, not_ready
from bootstrap.kube.readiness.workloads import STALLED

STARTING = 180.0  # components fail at first while webhooks and CRDs of others come up
# what a component says while another part comes up, however long that takes: an error like any other, and yet it heals
HEALING = (
    "connection refused",  # a webhook whose Pod runs, and does not listen yet
    "failed calling webhook",  # 3.4: KServe's own, for what the operator applies while that image is being pulled
    "gateway domain is missing",  # 3.x, until OpenShift's ingress operator has brought up Service Mesh
    "no endpoints available",  # that webhook's Pod does not run yet
)
# by era: the condition of what serves, since 2.17 and before; of what stands beside it, only what is there is looked at
SERVES = {"raw": ("KserveReady", "kserveReady"), "modelmesh": ("ModelMeshServingReady", "model-meshReady")}
BESIDE = ("DashboardReady", "ModelControllerReady", "dashboardReady", "odh-dashboardReady")
LOADING = 120.0  # a storage or a runtime that comes up a little later than the model


def data_science_cluster(obj: Obj) -> Verdict:
    """Return whether all managed components are ready; versions before 2.17 say so in their own way."""
    found = conditions(obj)
    return _components(obj, found) if "Ready" in found else _reconciled(obj, found)


def _components(obj: Obj, found: dict[str, Obj]) -> Verdict:
    """Judge 2.17 and later: Ready for this generation, and not because nothing is managed."""
    if found.get("ComponentsReady", {}).get("reason") == "NoManagedComponents":
        return not_ready("no component is managed: nothing is installed")
    if found["Ready"].get("status") == "True":
        observed, generation = dig(obj, "status", "observedGeneration"), dig(obj, "metadata", "generation")
        return READY if observed == generation else not_ready("the last change is not reconciled yet")
    lacking = [c for name, c in found.items() if name not in {"Ready", "ComponentsReady"} and _lacks(c)]
    said = "; ".join(_told(c) for c in lacking)
    if any(c.get("reason") == "Error" and not _heals(c) for c in lacking):
        return failed(said, grace=STARTING)
    return not_ready(said or str(found["Ready"].get("message")))


def _lacks(condition: Obj) -> bool:
    """Say whether a condition counts against readiness; an empty severity means Error."""
    return condition.get("status") != "True" and condition.get("severity") != "Info"


def serves(era: str) -> Predicate:
    """Return the predicate of a DataScienceCluster of somebody else: what serves is ready, whatever else is not."""

    def check(obj: Obj) -> Verdict:
        found = conditions(obj)
        if dig(obj, "status", "phase") == "Error":
            return _reconciled(obj, found)
        serving = next((found[name] for name in SERVES[era] if name in found), None)
        if serving is None:
            return not_ready(f"{SERVES[era][0]} is not reported yet")
        beside = [found[name] for name in BESIDE if name in found and not _is_off(found[name])]
        lacking = [c for c in (serving, *beside) if c.get("status") != "True"]
        provisioned = found.get("ProvisioningSucceeded", {})
        if lacking and provisioned.get("status") == "False":  # then that is why
            lacking.insert(0, provisioned)
        said = "; ".join(_told(c) for c in lacking)
        wrong = [c for c in lacking if c.get("reason") in ("Error", "ReconcileFailed")]
        if any(not _heals(c) for c in wrong):
            return failed(said, grace=STARTING)
        return not_ready(said) if lacking else READY

    return check


def _is_off(condition: Obj) -> bool:
    """Say whether a condition is about a component that is not managed; in 2.4 it is Unknown for ever."""
    return condition.get("severity") == "Info" or "is disabled" in str(condition.get("message"))


def _told(condition: Obj) -> str:
    return f"{condition['type']}: {condition.get('message') or condition.get('reason') or 'not reported yet'}"


def _heals(condition: Obj) -> bool:
    """Say whether the error that a condition tells goes away once something else is up."""
    said = str(condition.get("message"))
    # up to 2.16, a Deployment that takes its time and an operator that is not there differ in nothing but this text
    slow = condition.get("reason") == "ReconcileFailed" and "is not ready" in said
    return slow or any(text in said for text in HEALING)


def _reconciled(obj: Obj, found: dict[str, Obj]) -> Verdict:
    """Judge up to 2.16: phase Ready also stands over failed components, only the reason tells."""
    phase = dig(obj, "status", "phase", default="")
    complete = found.get("ReconcileComplete", {})
    if phase == "Ready" and complete.get("reason") == "ReconcileCompleted":
        return READY
    if phase == "Error":
        return failed(str(complete.get("message")), grace=STARTING)
    errors = [c for c in found.values() if c.get("reason") == "ReconcileFailed" and c.get("status") == "False"]
    said = "; ".join(f"{c['type']}: {c.get('message')}" for c in errors)
    if any(not _heals(c) for c in errors):
        return failed(said, grace=STARTING)
    return not_ready(said or f"its phase is {phase or 'not reported yet'}")


def dsc_initialization(obj: Obj) -> Verdict:
    """Return whether the ground for the components is laid."""
    phase = dig(obj, "status", "phase", default="")
    if phase == "Ready":
        return READY
    said = conditions(obj).get("ReconcileComplete", {}).get("message")
    if phase == "Error":
        return failed(str(said), grace=STARTING)
    return not_ready(str(said or f"its phase is {phase or 'not reported yet'}"))


def serving_runtime(obj: Obj) -> Verdict:
    """Return whether a runtime may be used; it has no status of its own."""
    return failed("the runtime is disabled") if dig(obj, "spec", "disabled", default=False) else READY


def inference_service(obj: Obj) -> Verdict:
    """Return whether a model is loaded; that it is the one of the last change, its Deployment's rollout must tell."""
    if dig(obj, "metadata", "deletionTimestamp"):
        return not_ready("is being deleted")
    # observedGeneration is no help: KServe copies the Deployment's into it, which counts other changes
    found = conditions(obj)
    if trouble := _model_trouble(obj) or _predictor_trouble(found):
        return trouble
    if found.get("Stopped", {}).get("status") == "True":
        return not_ready("is stopped")
    ready = found.get("Ready", {})
    if ready.get("status") != "True":
        reason = ready.get("message") or ready.get("reason") or "no status is reported yet"
        return not_ready(f"{reason}{_model_state(obj)}")
    if dig(obj, "status", "modelStatus", "transitionStatus", default="UpToDate") != "UpToDate":
        return not_ready(f"Ready, but the model is not loaded yet{_model_state(obj)}")
    return READY


def _model_trouble(obj: Obj) -> Verdict | None:
    status = dig(obj, "status", "modelStatus", default={})
    transition, info = status.get("transitionStatus"), status.get("lastFailureInfo") or {}
    states = dig(status, "states", default={})
    if "FailedToLoad" not in states.values() and transition not in {"BlockedByFailedLoad", "InvalidSpec"}:
        return None
    # "waiting for the runtime": it may only be late
    awaited = transition == "InvalidSpec" and info.get("reason") == "RuntimeNotRecognized"
    if awaited and "Waiting" in str(info.get("message")):
        return not_ready("the ServingRuntime that it names is not there yet")
    lines = [line for line in str(info.get("message") or "").splitlines() if line.strip()]
    said = f"{info.get('reason') or transition}: {lines[-1].strip() if lines else 'see the log of its Pod'}"
    code = f" (exit code {info['exitCode']})" if info.get("exitCode") else ""
    return failed(f"the model cannot be loaded: {said}{code}", grace=LOADING)


def _predictor_trouble(found: dict[str, Obj]) -> Verdict | None:
    predictor = found.get("PredictorReady", {})
    if predictor.get("status") != "True" and predictor.get("reason") in {
        "FailedCreate",
        "ProgressDeadlineExceeded",
        "RevisionFailed",
    }:
        grace = STALLED if predictor["reason"] == "ProgressDeadlineExceeded" else LOADING
        return failed(f"{predictor['reason']}: {predictor.get('message')}", grace=grace)
    return None


def _model_state(obj: Obj) -> str:
    state = dig(obj, "status", "modelStatus", "states", "targetModelState")
    return f" (model: {state})" if state else ""
