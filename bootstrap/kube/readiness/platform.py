"""Readiness of what the API server and OpenShift keep: namespaces, kinds, aggregated APIs, Routes, the version."""

from __future__ import annotations

from bootstrap.kube.objects import Obj, conditions, dig
from bootstrap.kube.readiness.verdict import READY, Verdict, failed, not_ready, seen_by_controller

HEALING = 60.0
# what keeps a namespace, the most telling first
HOLDING = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
)


def namespace(obj: Obj) -> Verdict:
    """Return whether a namespace can be used, or what keeps one that is to go."""
    if dig(obj, "status", "phase", default="Active") == "Active" and not dig(obj, "metadata", "deletionTimestamp"):
        return READY
    found = conditions(obj)
    for name in HOLDING:
        if found.get(name, {}).get("status") == "True":
            return failed(f"is being deleted and held: {name}: {found[name].get('message')}", grace=HEALING)
    return not_ready("is being deleted")


def definition(obj: Obj) -> Verdict:
    """Return whether a new kind is served."""
    found = conditions(obj)
    terminating = found.get("Terminating", {}).get("status") == "True"
    if terminating or dig(obj, "metadata", "deletionTimestamp"):
        return not_ready("the CustomResourceDefinition is being deleted")
    names = found.get("NamesAccepted", {})
    if names.get("status") == "False":
        return failed(f"its names are not accepted: {names.get('message')}")
    schema = found.get("NonStructuralSchema", {})
    if schema.get("status") == "True":
        return failed(f"its schema is not structural: {schema.get('message')}")
    established = found.get("Established", {})
    if established.get("status") == "True":
        return READY
    if established.get("status") == "False" and established.get("reason") != "Installing":
        return failed(f"it is not established: {established.get('reason')}", grace=HEALING)
    return not_ready("it is not established yet")


def api_service(obj: Obj) -> Verdict:
    """Return whether an aggregated API answers."""
    available = conditions(obj).get("Available", {})
    if available.get("status") == "True":
        return READY
    if available.get("status") == "False":
        return failed(f"it does not answer: {available.get('reason')}: {available.get('message')}", grace=HEALING)
    return not_ready("nobody has checked it yet")


def route(obj: Obj) -> Verdict:
    """Return whether a router serves a Route; what stands behind it is another question."""
    admissions = [
        condition
        for ingress in dig(obj, "status", "ingress", default=[])
        for condition in ingress.get("conditions") or []
        if condition.get("type") == "Admitted"
    ]
    if any(condition.get("status") == "True" for condition in admissions):
        return READY
    refusals = [condition for condition in admissions if condition.get("status") == "False"]
    if refusals:
        why = refusals[0].get("message") or refusals[0].get("reason") or "no reason given"
        return failed(f"no router serves it: {why}", grace=HEALING)
    return not_ready("no router has looked at it yet")


def cluster_version(obj: Obj) -> Verdict:
    """Return whether the cluster is installed and not being updated."""
    if stale := seen_by_controller(obj):
        return stale
    found = conditions(obj)
    if found.get("Available", {}).get("status") != "True":
        return not_ready(f"the cluster is still being installed: {found.get('Progressing', {}).get('message')}")
    if found.get("Progressing", {}).get("status") == "True":
        return not_ready(f"the cluster is being updated: {found['Progressing'].get('message')}")
    return READY


def cluster_operator(obj: Obj) -> Verdict:
    """Return whether a part of the platform is available; Degraded alone stops nobody."""
    available = conditions(obj).get("Available", {})
    if available.get("status") == "True":
        return READY
    return not_ready(str(available.get("message") or "is not available yet"))
