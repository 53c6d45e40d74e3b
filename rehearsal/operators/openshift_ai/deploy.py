"""How a component's objects reach the cluster: labelled, annotated, owned."""

from __future__ import annotations

import asyncio
from copy import deepcopy

from rehearsal.api import Obj
from rehearsal.operators.openshift_ai.components.catalogue import Parts
from rehearsal.operators.openshift_ai.versions import Component, Version
from rehearsal.operators.world import World, owned

PART_OF = "platform.opendatahub.io/part-of"
ESTABLISH_SECONDS = 60  # a second at most; this bounds a definition that is refused
# their labels are also in the selectors of their Deployments
PLATFORM = {"platform.opendatahub.io/type": "OpenShift AI Self-Managed"}


async def deploy(world: World, parts: Parts, owner: Obj, component: Component, version: Version) -> None:
    """Everything of a component is on the cluster; ApiError says what was refused."""
    # what reads these kinds starts only after the API server serves them
    manager = owner["metadata"]["name"] if version.era == "2.8" else component.lower
    for crd in parts.crds:
        # platform CRDs stay when the component goes; another manager's fields in them are left alone
        await world.apply(labelled(crd, {PART_OF: "platform"}), manager)
    for crd in parts.crds:
        await _established(world, crd)
    ready = [owned(dressed(obj, owner, component, version), owner) for obj in parts.owned]
    await world.apply_all([*ready, *(dressed(obj, owner, component, version) for obj in parts.unowned)], manager)
    for obj in parts.once:
        await world.create_once(obj)


async def _established(world: World, crd: Obj) -> None:
    path = await world.path_of(crd)
    async with asyncio.timeout(ESTABLISH_SECONDS):
        while True:
            listed = ((await world.api.get(path)).get("status") or {}).get("conditions") or []
            if any(item["type"] == "Established" and item["status"] == "True" for item in listed):
                return
            await asyncio.sleep(0.1)


def dressed(obj: Obj, owner: Obj, component: Component, version: Version) -> Obj:
    """The object with the labels and annotations that the version puts on what it deploys."""
    if version.era == "2.8":
        labels = {f"app.opendatahub.io/{component.installed}": "true", "app.kubernetes.io/part-of": component.installed}
        return selected(labelled(obj, labels), labels)
    legacy = {f"app.opendatahub.io/{component.legacy}": "true", "app.kubernetes.io/part-of": component.legacy}
    found = labelled(obj, {PART_OF: component.lower, **legacy})
    meta = owner["metadata"]
    prefix = "platform.opendatahub.io"
    found["metadata"]["annotations"] = {
        **(obj["metadata"].get("annotations") or {}),
        **PLATFORM,
        f"{prefix}/instance.name": meta["name"],
        f"{prefix}/instance.uid": meta["uid"],
        f"{prefix}/instance.generation": str(meta.get("generation", 1)),
        f"{prefix}/version": version.number,
    }
    return selected(found, legacy)


def labelled(obj: Obj, labels: dict[str, str]) -> Obj:
    """A copy with more labels."""
    copy = deepcopy(obj)
    copy["metadata"]["labels"] = {**(copy["metadata"].get("labels") or {}), **labels}
    return copy


def selected(obj: Obj, labels: dict[str, str]) -> Obj:
    """A Deployment whose selector and pods carry the labels too; anything else as it is."""
    if obj["kind"] == "Deployment":
        template = obj["spec"]["template"]["metadata"]
        template["labels"] = {**template["labels"], **labels}
        obj["spec"]["selector"]["matchLabels"] = {**obj["spec"]["selector"]["matchLabels"], **labels}
    return obj
