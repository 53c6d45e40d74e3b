"""DataScienceCluster and DSCInitialization between v1 and v2, with what gets lost on the way."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Obj = dict[str, Any]
V2_ONLY = ("trainer", "mlflowoperator", "sparkoperator")
DROPPED = ("modelmeshserving", "codeflare")
# spec key of v2 -> key in v1's status.installedComponents
INSTALLED = {
    "dashboard": "dashboard",
    "aipipelines": "data-science-pipelines-operator",
    "kserve": "kserve",
    "kueue": "kueue",
    "ray": "ray",
    "trustyai": "trustyai",
    "modelregistry": "model-registry-operator",
    "trainingoperator": "trainingoperator",
    "feastoperator": "feastoperator",
    "llamastackoperator": "llamastackoperator",
    "workbenches": "workbenches",
}


def convert(obj: Obj, wanted: str) -> Obj:
    """The object in the wanted apiVersion."""
    if obj["apiVersion"] == wanted:
        return obj
    copy = deepcopy(obj)
    copy["apiVersion"] = wanted
    to_v1 = wanted.endswith("/v1")
    if obj["kind"] == "DSCInitialization":
        if not to_v1:
            copy.get("spec", {}).pop("serviceMesh", None)
        return copy
    return _dsc_to_v1(copy) if to_v1 else _dsc_to_v2(copy)


def _dsc_to_v2(dsc: Obj) -> Obj:
    components = dsc.setdefault("spec", {}).setdefault("components", {})
    for key in DROPPED:
        components.pop(key, None)
    _rename(components, "datasciencepipelines", "aipipelines")
    for key in V2_ONLY:
        components[key] = {"managementState": "Removed"}
    if "status" in dsc:
        dsc["status"].pop("installedComponents", None)
        _rename_in_status(dsc["status"], "DataSciencePipelines", "AIPipelines")
        _rename(dsc["status"].get("components") or {}, "datasciencepipelines", "aipipelines")
    return dsc


def _dsc_to_v1(dsc: Obj) -> Obj:
    components = dsc.setdefault("spec", {}).setdefault("components", {})
    managed = {key: value.get("managementState") == "Managed" for key, value in components.items()}
    for key in V2_ONLY:
        components.pop(key, None)
    _rename(components, "aipipelines", "datasciencepipelines")
    if "status" in dsc:
        status = dsc["status"]
        status["installedComponents"] = {name: managed.get(key, False) for key, name in INSTALLED.items()}
        _rename_in_status(status, "AIPipelines", "DataSciencePipelines")
        _rename(status.get("components") or {}, "aipipelines", "datasciencepipelines")
    return dsc


def _rename(values: Obj, old: str, new: str) -> None:
    if old in values:
        values[new] = values.pop(old)


def _rename_in_status(status: Obj, old: str, new: str) -> None:
    for condition in status.get("conditions") or []:
        if condition["type"].startswith(old):
            condition["type"] = new + condition["type"].removeprefix(old)
