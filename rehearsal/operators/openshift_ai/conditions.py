"""Conditions as 2.25 and 3.4 write them: the component resources' own, and the DataScienceCluster's made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rehearsal.operators.openshift_ai.versions import Component, Version

Obj = dict[str, Any]
REMOVED = "Component ManagementState is set to Removed"
LLM_DEPENDENCIES = (
    (
        "KserveLLMInferenceServiceDependencies",
        "Warning: Red Hat Connectivity Link and cert-manager operator not installed, "
        "LLMInferenceService cannot be used",
    ),
    (
        "KserveLLMInferenceServiceWideEPDependencies",
        "Warning: Red Hat Connectivity Link and LeaderWorkerSet and cert-manager operator not installed, "
        "Wide Expert Parallelism with LLMInferenceService cannot be used",
    ),
)


def now() -> str:
    """The time as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(
    kind: str, status: bool | str, reason: str = "", message: str = "", severity: str = "", generation: int = 0
) -> Obj:
    """One condition; what is empty is left out."""
    value = status if isinstance(status, str) else str(status)
    made: Obj = {"type": kind, "status": value, "lastTransitionTime": now()}
    optional = {"reason": reason, "message": message, "severity": severity, "observedGeneration": generation}
    return made | {key: item for key, item in optional.items() if item}


def find(obj: Obj | None, kind: str) -> Obj | None:
    """The condition of a type, if the object has it."""
    listed = ((obj or {}).get("status") or {}).get("conditions") or []
    return next((item for item in listed if item["type"] == kind), None)


def deployments(listed: Sequence[Obj], generation: int) -> Obj:
    """DeploymentsAvailable: every Deployment of the component has all its replicas ready, and there is one."""
    ready = sum(1 for item in listed if deployment_ready(item))
    if ready == len(listed) != 0:
        return condition("DeploymentsAvailable", True, generation=generation)
    message = f"{ready}/{len(listed)} deployments ready"
    return condition("DeploymentsAvailable", False, "DeploymentsNotReady", message, generation=generation)


def deployment_ready(obj: Obj) -> bool:
    """Whether readyReplicas equals replicas and neither is zero."""
    status = obj.get("status") or {}
    return int(status.get("readyReplicas") or 0) == int(status.get("replicas") or 0) != 0


def component_status(cr: Obj, error: str, dependents: Iterable[Obj], more: Obj | None = None) -> Obj:
    """The status of a component's own resource: Ready, ProvisioningSucceeded, and its dependents."""
    generation = cr["metadata"].get("generation", 1)
    rest = list(dependents)
    if error:
        fault = ("Error", error)
        rest = [
            condition(kind, False, *fault, generation=generation)
            if kind == "ServingAvailable"
            else condition(kind, "Unknown")
            for kind in (item["type"] for item in rest)
        ]
        listed = [
            condition("Ready", False, *fault),
            condition("ProvisioningSucceeded", False, *fault, generation=generation),
        ]
        return {"conditions": [*listed, *rest], "phase": "Not Ready", **(more or {})}
    bad = next((item for item in rest if item["status"] == "False" and not item.get("severity")), None)
    ready = condition("Ready", bad is None, *((bad.get("reason", ""), bad.get("message", "")) if bad else ()))
    status: Obj = {
        "conditions": [ready, condition("ProvisioningSucceeded", True, generation=generation), *rest],
        "phase": "Ready" if bad is None else "Not Ready",
        **(more or {}),
    }
    return status if bad else status | {"observedGeneration": generation}


def dsc_status(version: Version, dsc: Obj, resources: Mapping[str, Obj | None], error: str, wanted: set[str]) -> Obj:
    """The status of a DataScienceCluster; `wanted` holds the kinds that shall be there, `resources` what is."""
    generation = dsc["metadata"]["generation"]
    parts = [_component(item, resources.get(item.kind), item.kind in wanted) for item in version.components]
    if version.era == "3.4" and "Kserve" in wanted:
        parts += [condition(kind, False, "Subscription not found", text, "Info") for kind, text in LLM_DEPENDENCIES]
    parts.sort(key=lambda item: item["type"])
    late = [item.lower for item in _order(version) if _blocks(resources.get(item.kind), item.kind in wanted)]
    if late:
        components = condition("ComponentsReady", False, "NotReady", f"Some components are not ready: {','.join(late)}")
    elif not wanted:
        components = condition("ComponentsReady", True, "NoManagedComponents", "NoManagedComponents", "Info")
    else:
        components = condition("ComponentsReady", True)
    provisioned = condition("ProvisioningSucceeded", not error, "Error" if error else "", error, "", generation)
    ready = next((item for item in (provisioned, components) if item["status"] == "False"), components)
    head = condition(
        "Ready", ready["status"], ready.get("reason", ""), ready.get("message", ""), ready.get("severity", "")
    )
    status: Obj = {
        "conditions": [head, provisioned, components, *parts],
        "phase": "Ready" if head["status"] == "True" else "Not Ready",
        "release": {"name": "OpenShift AI Self-Managed", "version": version.number},
    }
    return status | ({"observedGeneration": generation} if head["status"] == "True" else {})


def _component(item: Component, resource: Obj | None, wanted: bool) -> Obj:
    if resource is not None and "deletionTimestamp" in resource["metadata"]:
        return condition(item.condition, False, "Deleting", "Component CR is being deleted")
    if not wanted:
        return condition(item.condition, False, "Removed", REMOVED, "Info")
    own = find(resource, "Ready")
    if own is None:
        return condition(item.condition, False)
    return condition(
        item.condition, own["status"], own.get("reason", ""), own.get("message", ""), own.get("severity", "")
    )


def _order(version: Version) -> list[Component]:
    """2.25 names components by their alphabet; 3.4 in an order of its own, which is the alphabet here."""
    return sorted(version.components, key=lambda item: item.lower)


def _blocks(resource: Obj | None, wanted: bool) -> bool:
    if resource is not None and "deletionTimestamp" in resource["metadata"]:
        return True
    if not wanted:
        return False
    own = find(resource, "Ready")
    return own is None or (own["status"] != "True" and own.get("severity") != "Info")


def dsci_conditions(stage: str, message: str = "", reason: str = "") -> list[Obj]:
    """The five conditions that DSCInitialization has had since the first 2.x, for a stage: init, failed, done."""
    statuses = {
        "init": ("Unknown", "False", "True", "False", "Unknown"),
        "failed": ("Unknown", "False", "True", "False", "Unknown"),
        "done": ("True", "True", "False", "False", "True"),
        "duplicate": ("False", "False", "False", "True", "Unknown"),
    }[stage]
    kinds = ("ReconcileComplete", "Available", "Progressing", "Degraded", "Upgradeable")
    return [condition(kind, status, reason, message) for kind, status in zip(kinds, statuses, strict=True)]
