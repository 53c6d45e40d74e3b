"""What is not ours and holds something of ours: single fields that we applied, a DataScienceCluster made to serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from bootstrap.errors import Conflict, GuardError
from bootstrap.kube.apply import MANAGER
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, dig
from bootstrap.kube.record import Change, Keeper

ABSENT = None  # in a merge patch: the field goes
TRIES = 5


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


def added(made: Change) -> dict[str, list[Any]]:
    """Return what we put into lists of an object: all that a change of such an object notes."""
    return {key: without(value, made.was.get(key)) for key, value in made.now.items() if isinstance(value, list)}


def without(those: Any, gone: Any) -> list[Any]:
    """Return a list of the cluster's without some of its items; either may be absent."""
    return [one for one in those or [] if one not in (gone or [])]


def less(lists: Mapping[str, list[Any]], obj: Obj) -> Obj:
    """Return the patch that takes what is in these lists out of those of an object."""
    return {key: without(obj.get(key), gone) for key, gone in lists.items()}


def edit(client: Client, ref: Ref, patch: Callable[[Obj], Obj]) -> None:
    """Patch an object by what it says now; whoever writes it in between is not overwritten."""
    for _ in range(TRIES):
        obj = client.get(ref)
        meta = {"resourceVersion": dig(obj, "metadata", "resourceVersion")}
        try:
            client.patch(ref, {**patch(obj), "metadata": meta})
            return
        except Conflict:
            continue
    raise GuardError(f"{ref} changes all the time, so it is left as it is; run this again")


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
        if lists := added(made):  # whoever else has come into them meanwhile stays
            edit(client, ref, partial(less, lists))
        elif still(obj, made.now):
            client.patch(ref, made.was)
        else:
            since[ref] = "somebody has changed it since the demo did, so it is left as it is"
    return since
