"""What is not ours and holds something of ours: single fields that we applied, a DataScienceCluster made to serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bootstrap.kube.apply import MANAGER
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, dig
from bootstrap.kube.record import Change, Keeper

ABSENT = None  # in a merge patch: the field goes


def lent(obj: Obj | None) -> bool:
    """Say whether an object that is not ours holds fields that we applied."""
    entries = dig(obj, "metadata", "managedFields", default=[])
    return any(one.get("manager") == MANAGER and one.get("operation") == "Apply" for one in entries)


def give_back(client: Client, refs: Iterable[Ref]) -> None:
    """Take our fields out of objects that are not ours: an apply without them is the server's way to say so."""
    for ref in refs:
        meta = {"name": ref.name, **({"namespace": ref.namespace} if ref.namespace else {})}
        if client.find(ref):
            client.apply({"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta}, manager=MANAGER)


def change(client: Client, keeper: Keeper, ref: Ref, patch: Obj) -> None:
    """Change an object that is not ours, once the record knows what it said before."""
    keeper.changing(ref, Change(was=former(client.get(ref), patch), now=patch))
    client.patch(ref, patch)


def former(obj: Any, patch: Mapping[str, Any]) -> Obj:
    """Return the merge patch that undoes another.

    >>> former({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}, "d": {"e": 4}})
    {'a': {'b': 1, 'c': None}, 'd': None}
    """
    found: Obj = {}
    for key, value in patch.items():
        old = obj.get(key, ABSENT)
        found[key] = former(old, value) if isinstance(value, Mapping) and isinstance(old, Mapping) else old
    return found


def still(obj: Any, patch: Mapping[str, Any]) -> bool:
    """Say whether an object still says what a patch made it say; fields beside it are somebody else's matter."""
    for key, value in patch.items():
        now = obj.get(key, ABSENT) if isinstance(obj, Mapping) else ABSENT
        if not (still(now, value) if isinstance(value, Mapping) else now == value):
            return False
    return True


def undo(client: Client, changes: Mapping[Ref, Change]) -> dict[Ref, str]:
    """Put back what objects that are not ours said before; return those that somebody has changed since, and why."""
    since = {}
    for ref, made in changes.items():
        obj = client.find(ref)
        if obj is None:
            continue
        if still(obj, made.now):
            client.patch(ref, made.was)
        else:
            since[ref] = "somebody has changed it since the demo did, so it is left as it is"
    return since
