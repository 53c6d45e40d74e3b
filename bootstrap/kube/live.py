"""The objects of a set as they stand in the cluster now, read in as few rounds as possible."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field

from bootstrap.errors import NotServed
from bootstrap.kube.client import Client
from bootstrap.kube.objects import SELECTOR, Obj, Ref, dig
from bootstrap.kube.parallel import each
from bootstrap.kube.wait import Target, wait

WORTH_A_LIST = 3  # from this many objects of one kind in one namespace on, one LIST replaces a GET each


@dataclass(slots=True)
class Live:
    """What was found, and where nothing can be yet."""

    found: dict[Ref, Obj] = field(default_factory=dict)
    unknown_kinds: set[tuple[str, str]] = field(default_factory=set)
    missing_namespaces: set[str] = field(default_factory=set)

    def homeless(self, ref: Ref) -> bool:
        """Say whether an object's kind or namespace is not there yet."""
        return (ref.api_version, ref.kind) in self.unknown_kinds or ref.namespace in self.missing_namespaces


def read_live(client: Client, refs: list[Ref], deadline: float) -> Live:
    """Return the live objects; one that is just being deleted is waited out, because it would take our change along."""
    live = Live()
    _read_namespaces(client, refs, live)
    groups: dict[tuple[str, str, str | None], list[Ref]] = defaultdict(list)
    for ref in refs:
        if ref not in live.found and not live.homeless(ref) and (ref.group, ref.kind) != ("", "Namespace"):
            groups[(ref.api_version, ref.kind, ref.namespace)].append(ref)
    big = [key for key, members in groups.items() if len(members) >= WORTH_A_LIST]
    for listed in each(lambda key: _listed(client, key, live), big):
        live.found.update(listed)
    left = [ref for members in groups.values() for ref in members if ref not in live.found and not live.homeless(ref)]
    for ref, found in zip(left, each(lambda ref: _find(client, ref, live), left), strict=True):
        if found is not None:
            live.found[ref] = found
    live.found = {ref: obj for ref, obj in live.found.items() if ref in set(refs)}
    _wait_out(client, live, deadline)
    return live


def _read_namespaces(client: Client, refs: list[Ref], live: Live) -> None:
    """Find the namespaces first: in one that does not exist nothing has to be looked for."""
    names = {ref.namespace for ref in refs if ref.namespace} | {ref.name for ref in refs if ref.kind == "Namespace"}
    spaces = [Ref("v1", "Namespace", None, name) for name in sorted(names)]
    for ref, found in zip(spaces, each(client.find, spaces), strict=True):
        if found is None:
            live.missing_namespaces.add(ref.name)
        else:
            live.found[ref] = found


def _listed(client: Client, key: tuple[str, str, str | None], live: Live) -> dict[Ref, Obj]:
    try:
        return {Ref.of(obj): obj for obj in client.list_with_version(*key, label_selector=SELECTOR)[0]}
    except NotServed:
        live.unknown_kinds.add(key[:2])
        return {}


def _find(client: Client, ref: Ref, live: Live) -> Obj | None:
    try:
        client.resource(ref.api_version, ref.kind)
    except NotServed:
        live.unknown_kinds.add((ref.api_version, ref.kind))
        return None
    return client.find(ref)


def _wait_out(client: Client, live: Live, deadline: float) -> None:
    leaving = [ref for ref, obj in live.found.items() if dig(obj, "metadata", "deletionTimestamp")]
    if not leaving:
        return
    seconds = max(0.0, deadline - time.monotonic())
    wait(client, [Target(ref, absent=True) for ref in leaving], timeout=seconds, why="what is being deleted to be gone")
    for ref in leaving:
        del live.found[ref]
        if ref.kind == "Namespace":
            gone = [other for other in live.found if other.namespace == ref.name]
            for other in gone:
                del live.found[other]
            live.missing_namespaces.add(ref.name)
