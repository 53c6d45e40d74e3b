"""Who else has written what an object is to be: people, or programs of the cluster."""

from __future__ import annotations

import re

from bootstrap.kube.apply import MANAGER
from bootstrap.kube.objects import Obj, dig

PROGRAM = re.compile(r"(^|-)(controller|manager|operator)$")  # how programs in a cluster are named, Argo CD among them


def hands(obj: Obj) -> list[str]:
    """Return who else has written what an object is to be: people, by their tools' names, not programs.

    Who writes the status as well is its operator: some write the whole object.
    """
    entries = dig(obj, "metadata", "managedFields", default=[])
    operators = {one.get("manager", "") for one in entries if one.get("subresource") == "status"}
    wrote = {one.get("manager", "") for one in entries if "f:spec" in (one.get("fieldsV1") or {})}
    return sorted(name for name in wrote - operators if name != MANAGER and not PROGRAM.search(name))
