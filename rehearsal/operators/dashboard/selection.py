"""What each version's dashboard selects, as pure functions over what the API server lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Obj = dict[str, Any]
DASHBOARD, MANAGED = "opendatahub.io/dashboard", "opendatahub.io/managed"
MESH = "modelmesh-enabled"
SUPPORT = "opendatahub.io/modelServingSupport"
HIDDEN = ("default", "system", "openshift", "redhat-ods-applications")


def labels(obj: Obj) -> dict[str, str]:
    """The labels of an object."""
    return obj["metadata"].get("labels") or {}


def notes_of(obj: Obj) -> dict[str, str]:
    """The annotations of an object."""
    return obj["metadata"].get("annotations") or {}


def projects(namespaces: Iterable[Obj], era: str) -> list[Obj]:
    """The projects in the list, and what the dashboard thinks of each."""
    return [
        {
            "name": item["metadata"]["name"],
            "displayName": notes_of(item).get("openshift.io/display-name", ""),
            "aiProject": is_project(item, era),
            "modelServing": serves_models(item, era),
            "platform": platform(item, era),
        }
        for item in namespaces
        if _visible(item)
    ]


def is_project(namespace: Obj, era: str) -> bool:
    """Whether the default view counts it as a data science project."""
    if era == "2.25":
        return True  # no filter by label
    return DASHBOARD in labels(namespace) if era == "2.8" else labels(namespace).get(DASHBOARD) == "true"


def serves_models(namespace: Obj, era: str) -> bool:
    """Whether the page of deployed models looks into it."""
    mine = labels(namespace)
    return mine.get(DASHBOARD) == "true" and (era == "3.4" or MESH in mine)


def platform(namespace: Obj, era: str) -> str:
    """Which serving platform it is offered: "single", "multi", or a choice."""
    if era == "3.4":
        return "single"
    return {"true": "multi", "false": "single"}.get(labels(namespace).get(MESH, ""), "choose")


def connections(secrets: Iterable[Obj], era: str) -> list[str]:
    """The Secrets that are shown as data connections."""
    found = [item for item in secrets if labels(item).get(DASHBOARD) == "true"]
    if era == "2.8":
        return [item["metadata"]["name"] for item in found if labels(item).get(MANAGED) == "true"]
    marks = ("opendatahub.io/connection-type", "opendatahub.io/connection-type-ref")
    return [item["metadata"]["name"] for item in found if any(notes_of(item).get(mark) for mark in marks)]


def templates(listed: Iterable[Obj], config: Obj, era: str) -> list[Obj]:
    """The serving runtimes of the settings page, and where each may be chosen."""
    spec = config.get("spec") or {}
    only_shipped = (spec.get("dashboardConfig") or {}).get("disableCustomServingRuntimes", False)
    disabled = spec.get("templateDisablement") or []
    found = []
    for item in listed:
        if labels(item).get(DASHBOARD) != "true":
            continue
        if only_shipped and labels(item).get("opendatahub.io/ootb") != "true":
            continue
        runtime = (item.get("objects") or [{}])[0]
        name = (runtime.get("metadata") or {}).get("name", "")
        found.append(
            {
                "name": item["metadata"]["name"],
                "runtime": name,
                "displayName": notes_of(item).get("openshift.io/display-name", ""),
                "valid": _valid(runtime),
                "enabled": name not in disabled,
                "platforms": platforms(item, era),
                "wizard": name not in disabled and _valid(runtime) and _in_wizard(item, era),
            }
        )
    return found


def platforms(template: Obj, era: str) -> list[str]:
    """The platforms that the settings page names for a Template; without its annotation the era decides."""
    text = notes_of(template).get(SUPPORT)
    if text is None:
        return ["single"] if era == "3.4" else ["multi"]
    return [name for name in ("single", "multi") if name in text]


def models(listed: Iterable[Obj]) -> list[str]:
    """The InferenceServices or ServingRuntimes that are shown."""
    return [
        f"{item['metadata']['namespace']}/{item['metadata']['name']}"
        for item in listed
        if labels(item).get(DASHBOARD) == "true"
    ]


def _visible(namespace: Obj) -> bool:
    name = namespace["metadata"]["name"]
    active = (namespace.get("status") or {}).get("phase") == "Active"
    return active and not name.startswith(("openshift-", "kube-")) and name not in HIDDEN


def _valid(runtime: Obj) -> bool:
    spec = runtime.get("spec") or {}
    return runtime.get("kind") == "ServingRuntime" and bool(spec.get("containers")) and "supportedModelFormats" in spec


def _in_wizard(template: Obj, era: str) -> bool:
    """3.4 wants the annotation itself to say single; earlier ones take what the settings show."""
    return era != "3.4" or "single" in notes_of(template).get(SUPPORT, "")
