"""The provisioner behind StorageClass `rehearsal-local`: a folder per claim, gone with its volume."""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import Any

import aiohttp

from rehearsal.api import Api, ApiError
from rehearsal.cluster import NODE_NAME, Cluster
from rehearsal.node.pod_volumes import VIRTUAL, volume_path
from rehearsal.node.store import Store

Obj = dict[str, Any]
log = logging.getLogger(__name__)
PROVISIONER = "rehearsal/local"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


class Provisioner:
    """Makes volumes for claims and clears released ones away."""

    def __init__(self, cluster: Cluster, api: Api, store: Store) -> None:
        self._cluster, self._api, self._store = cluster, api, store
        self._wanted: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()
        store.listeners.append(self._changed)

    def _changed(self, kind: str, namespace: str, name: str) -> None:
        if kind in ("PersistentVolume", "PersistentVolumeClaim"):
            self._wanted.put_nowait((kind, namespace, name))
        elif kind == "StorageClass":  # claims may have waited for it
            for claim in self._store.every("PersistentVolumeClaim"):
                self._wanted.put_nowait(
                    ("PersistentVolumeClaim", claim["metadata"]["namespace"], claim["metadata"]["name"])
                )

    async def run(self) -> None:
        """Serves for ever."""
        await self._store.synced()
        while True:
            kind, namespace, name = await self._wanted.get()
            obj = self._store.find(kind, namespace, name)
            if obj is None:
                continue
            try:
                await (self._provide(obj) if kind == "PersistentVolumeClaim" else self._reclaim(obj))
            except (ApiError, OSError, TimeoutError, aiohttp.ClientError) as error:
                log.info("%s %s/%s: %s", kind, namespace, name, error)
                asyncio.get_running_loop().call_later(1.0, self._wanted.put_nowait, (kind, namespace, name))

    async def _provide(self, claim: Obj) -> None:
        storage_class = self._store.find("StorageClass", "", claim["spec"].get("storageClassName") or "")
        if storage_class is None or not wants_volume(claim, storage_class):
            return
        volume = persistent_volume(claim, storage_class)
        path = volume_path(self._cluster, volume)
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o777)
        try:
            await self._api.create("/api/v1/persistentvolumes", volume)
        except ApiError as error:
            if error.code != 409:
                raise

    async def _reclaim(self, volume: Obj) -> None:
        metadata, spec = volume["metadata"], volume["spec"]
        ours = (metadata.get("annotations") or {}).get(PROVISIONED_BY) == PROVISIONER
        released = (volume.get("status") or {}).get("phase") == "Released"
        if not (ours and released and spec.get("persistentVolumeReclaimPolicy") == "Delete"):
            return
        await asyncio.to_thread(shutil.rmtree, volume_path(self._cluster, volume), ignore_errors=True)
        try:
            await self._api.delete(f"/api/v1/persistentvolumes/{metadata['name']}")
        except ApiError as error:
            if error.code != 404:
                raise


def wants_volume(claim: Obj, storage_class: Obj) -> bool:
    """Whether this unbound claim is ours to serve now."""
    if storage_class.get("provisioner") != PROVISIONER or claim["spec"].get("volumeName"):
        return False
    if claim["metadata"].get("deletionTimestamp"):
        return False
    waits = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
    return not waits or SELECTED_NODE in (claim["metadata"].get("annotations") or {})


def persistent_volume(claim: Obj, storage_class: Obj) -> Obj:
    """The volume for a claim, tied to it and to the node."""
    metadata, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{metadata['uid']}"
    reference = {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")}
    term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE_NAME]}]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "volumeMode": "Filesystem",
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **reference},
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "hostPath": {"path": str(VIRTUAL / name), "type": "DirectoryOrCreate"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
        },
    }
