"""ConfigMap `odh-kserve-custom-ca-bundle`: the authorities of a namespace in one file, wherever it has any.

The product's cache of ConfigMaps knows no limits, so it is made in OpenShift's own namespaces too, and has no owner.
"""

from __future__ import annotations

from typing import Any

from rehearsal.api import ApiError
from rehearsal.operators.model_controller import storage_config
from rehearsal.operators.model_controller.storage_config import BUNDLE
from rehearsal.operators.world import World

Obj = dict[str, Any]
SOURCES = {
    "odh-trusted-ca-bundle": ("ca-bundle.crt", "odh-ca-bundle.crt"),
    "openshift-service-ca.crt": ("service-ca.crt",),
}
KEY = "cabundle.crt"


def joined(sources: dict[str, Obj]) -> str:
    """The certificates of a namespace's sources, by name."""
    texts = (
        ((sources.get(name) or {}).get("data") or {}).get(key, "").strip()
        for name, keys in SOURCES.items()
        for key in keys
    )
    return "".join(f"{text}\n" for text in texts if text)


async def follow(world: World, era: str, name: str) -> None:
    """Every namespace with this source has the bundle."""
    async for _, source in world.events("v1", "ConfigMap", fieldSelector=f"metadata.name={name}"):
        namespace = source["metadata"]["namespace"]
        try:
            await reconcile(world, era, namespace)
        except ApiError as error:
            if error.code not in (403, 404, 409):  # the namespace is going, or another event follows
                print(f"{namespace}/{BUNDLE}: {error}", flush=True)


async def reconcile(world: World, era: str, namespace: str) -> None:
    """The bundle holds what its sources hold; where it changes, storage-config is made anew."""
    sources = {name: found for name in SOURCES if (found := await world.find("v1", "ConfigMap", name, namespace))}
    wanted = {KEY: joined(sources)}
    live = await world.find("v1", "ConfigMap", BUNDLE, namespace)
    if not wanted[KEY] or (live and live.get("data") == wanted):
        return
    meta = {"name": BUNDLE, "namespace": namespace, "labels": {"app.kubernetes.io/part-of": "odh-model-controller"}}
    bundle: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": wanted}
    if live is None:
        await world.create_once(bundle)
    else:
        await world.patch(live, {"data": wanted})
    storage = await world.find("v1", "Secret", storage_config.NAME, namespace)
    if storage is not None and storage_config.labelled(storage, storage_config.MANAGED):
        await world.delete(storage)
        await storage_config.reconcile(world, era, namespace)
