"""The ranges of user ids and SELinux labels that OpenShift gives to every namespace."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable

from rehearsal.api import Api, Obj
from rehearsal.platform.watching import Cache

UID_RANGE = "openshift.io/sa.scc.uid-range"
GROUPS = "openshift.io/sa.scc.supplemental-groups"
LABELS = "openshift.io/sa.scc.mcs"
FIRST_UID, BLOCK = 1_000_000_000, 10_000


def taken(namespaces: Iterable[Obj]) -> set[int]:
    """The blocks that namespaces have already."""
    blocks = set()
    for namespace in namespaces:
        first = (namespace["metadata"].get("annotations") or {}).get(UID_RANGE, "").partition("/")[0]
        if first.isdigit():
            blocks.add((int(first) - FIRST_UID) // BLOCK)
    return blocks


def ranges(block: int) -> dict[str, str]:
    """What a namespace with this block carries.

    >>> ranges(0)["openshift.io/sa.scc.uid-range"], ranges(2)["openshift.io/sa.scc.mcs"]
    ('1000000000/10000', 's0:c2,c1')
    """
    ids = f"{FIRST_UID + block * BLOCK}/{BLOCK}"
    high = (1 + math.isqrt(1 + 8 * block)) // 2  # pairs in order: 1,0 2,0 2,1 3,0 …
    return {UID_RANGE: ids, GROUPS: ids, LABELS: f"s0:c{high},c{block - high * (high - 1) // 2}"}


def assignments(namespaces: list[Obj]) -> dict[str, dict[str, str]]:
    """What to annotate: each namespace without a range gets the next free block."""
    used, block, found = taken(namespaces), 0, {}
    for namespace in sorted(
        namespaces, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"])
    ):
        meta = namespace["metadata"]
        if meta.get("deletionTimestamp") or UID_RANGE in (meta.get("annotations") or {}):
            continue
        while block in used:
            block += 1
        used.add(block)
        found[meta["name"]] = ranges(block)
    return found


async def settle(api: Api, namespaces: Cache) -> None:
    """Every namespace has its ranges."""
    if namespaces.synced.is_set():
        wanted = assignments(namespaces.items())
        await asyncio.gather(*(_annotate(api, name, texts) for name, texts in wanted.items()))


async def _annotate(api: Api, name: str, texts: dict[str, str]) -> None:
    await api.patch(f"/api/v1/namespaces/{name}", {"metadata": {"annotations": texts}})
