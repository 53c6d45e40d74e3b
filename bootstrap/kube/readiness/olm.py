"""Readiness of what the Operator Lifecycle Manager keeps: from a catalog to an installed operator."""

from __future__ import annotations

from bootstrap.kube.objects import Obj, conditions, dig
from bootstrap.kube.readiness.verdict import READY, Verdict, failed, not_ready

CATALOG_STARTING = 120.0  # catalogs answer late, and resolution fails for everybody meanwhile
SETTLING = 20.0  # OLM looks again as soon as OperatorGroups or owners change
RETRYING = 180.0  # OLM itself tries again and again


def catalog_source(obj: Obj) -> Verdict:
    """Return whether a catalog answers."""
    state = dig(obj, "status", "connectionState", "lastObservedState")
    if state == "READY":
        return READY
    if state == "TRANSIENT_FAILURE":
        return failed(
            "the catalog does not answer: is its image reachable, its pull secret right?", grace=CATALOG_STARTING
        )
    return not_ready(f"the catalog is {state or 'not started yet'}")


def package_manifest(obj: Obj) -> Verdict:
    """Return whether a package with at least one channel is served."""
    return READY if dig(obj, "status", "channels", default=[]) else not_ready("no channel of it is served yet")


def operator_group(obj: Obj) -> Verdict:
    """Return whether OLM has taken an OperatorGroup, alone in its namespace."""
    for condition in conditions(obj).values():
        if condition["type"] == "MultipleOperatorGroup" and condition.get("status") == "True":
            return failed("there are two OperatorGroups in this namespace; one of them has to go", grace=SETTLING)
    if dig(obj, "status", "lastUpdated"):
        return READY
    return not_ready("OLM has not seen it yet")


def subscription(obj: Obj) -> Verdict:
    """Return whether a version is chosen and its CSV there; that CSV's own phase is another question."""
    found = {name: c for name, c in conditions(obj).items() if c.get("status") == "True"}
    if plan := found.get("InstallPlanFailed"):
        return failed(f"its InstallPlan failed: {plan.get('message')}")
    trouble, pending = _subscription_trouble(found), found.get("InstallPlanPending", {}).get("reason")
    installed, current = dig(obj, "status", "installedCSV"), dig(obj, "status", "currentCSV")
    # with trouble, no newer version comes: OLM tells every Subscription of any catalog, and of its neighbours' failures
    stays = trouble or "ResolutionFailed" in found or dig(obj, "status", "state") == "AtLatestKnown"
    if installed and installed == current and stays:
        return READY
    if installed and pending == "RequiresApproval":
        return READY  # a newer version is only on offer
    if trouble:
        return trouble
    if pending == "RequiresApproval":
        return not_ready("its InstallPlan waits for somebody's approval")
    if "BundleUnpacking" in found:
        return not_ready("the bundle is being unpacked")
    if "ResolutionFailed" in found:
        return not_ready(f"cannot be resolved for now: {found['ResolutionFailed'].get('message')}")
    return not_ready(f"{current} is being installed" if current else "no version is chosen yet")


def _subscription_trouble(found: dict[str, Obj]) -> Verdict | None:
    resolution = found.get("ResolutionFailed", {})
    if resolution.get("reason") == "ConstraintsNotSatisfiable":
        return failed(f"cannot be resolved: {resolution.get('message')}", grace=CATALOG_STARTING)
    if unpack := found.get("BundleUnpackFailed"):
        return failed(f"the bundle cannot be unpacked: {unpack.get('message')}", grace=RETRYING)
    if sources := found.get("CatalogSourcesUnhealthy"):
        return failed(str(sources.get("message")), grace=CATALOG_STARTING)
    return None


def install_plan(obj: Obj) -> Verdict:
    """Return whether everything of a plan is in the cluster."""
    phase = dig(obj, "status", "phase", default="")
    if phase == "Complete":
        return READY
    if phase == "Failed":
        return failed(f"the plan failed: {conditions(obj).get('Installed', {}).get('message')}")
    if phase == "RequiresApproval":
        return not_ready("the plan waits for somebody's approval")
    return not_ready(f"the plan is {phase or 'new'}")


def cluster_service_version(obj: Obj) -> Verdict:
    """Return whether an operator is installed and runs."""
    if "olm.copiedFrom" in dig(obj, "metadata", "labels", default={}) or dig(obj, "status", "reason") == "Copied":
        return not_ready("this is a copy; the original is in the Subscription's namespace")
    phase, reason = dig(obj, "status", "phase", default=""), dig(obj, "status", "reason", default="")
    if phase == "Succeeded":
        return READY
    said = f"{phase} {reason}: {dig(obj, 'status', 'message', default='')}".strip(": ")
    if phase == "Failed":
        grouping = "OperatorGroup" in reason
        return failed(said, grace=SETTLING if grouping else RETRYING)
    return not_ready(said or "OLM has not seen it yet")
