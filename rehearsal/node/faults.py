"""The faults that the node acts out."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from rehearsal.fault_file import FaultFile
from rehearsal.images.table import repository

IMAGE_PULL, NODE_FULL = "image-pull", "node-full"


def image_pull(faults: FaultFile, reference: str) -> str:
    """Why this image cannot be pulled; empty when it can."""
    fault = faults.get(IMAGE_PULL)
    if fault is None:
        return ""
    pattern = fault.get("image", "*")
    name = repository(reference)
    if fnmatchcase(name, pattern) or fnmatchcase(name, f"*{pattern}*") or fnmatchcase(reference, pattern):
        return f"reading manifest of {reference}: unexpected status 503 Service Unavailable (fault {IMAGE_PULL})"
    return ""


def node_full(faults: FaultFile) -> Mapping[str, str] | None:
    """The allocatable that a full node shows; None while there is room."""
    fault = faults.get(NODE_FULL)
    if fault is None:
        return None
    return {"cpu": fault.get("cpu", "100m"), "memory": fault.get("memory", "128Mi")}
