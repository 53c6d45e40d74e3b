"""A live copy of the objects that pods refer to, from one watch per kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from rehearsal.api import Api

Obj = dict[str, Any]
Listener = Callable[[str, str, str], None]  # (kind, namespace, name)

PATHS = {
    "ConfigMap": "/api/v1/configmaps",
    "Namespace": "/api/v1/namespaces",
    "PersistentVolume": "/api/v1/persistentvolumes",
    "PersistentVolumeClaim": "/api/v1/persistentvolumeclaims",
    "Secret": "/api/v1/secrets",
    "Service": "/api/v1/services",
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
}
NAMESPACED = {"ConfigMap", "PersistentVolumeClaim", "Secret", "Service"}


class Store:
    """Objects by kind, namespace and name, and who wants to know of changes."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._objects: dict[str, dict[tuple[str, str], Obj]] = {kind: {} for kind in PATHS}
        self._synced = {kind: asyncio.Event() for kind in PATHS}
        self.listeners: list[Listener] = []

    async def run(self) -> None:
        """Watches for ever."""
        async with asyncio.TaskGroup() as group:
            for kind in PATHS:
                group.create_task(self._follow(kind), name=f"watch {kind}")

    async def synced(self) -> None:
        """Every kind has been listed once."""
        for event in self._synced.values():
            await event.wait()

    def find(self, kind: str, namespace: str, name: str) -> Obj | None:
        return self._objects[kind].get((namespace, name))

    def every(self, kind: str) -> Iterable[Obj]:
        return self._objects[kind].values()

    async def fresh(self, kind: str, namespace: str, name: str) -> Obj | None:
        """The object, asked for where the copy does not have it: a watch may lag behind the pod."""
        known = self.find(kind, namespace, name)
        if known is not None or kind not in NAMESPACED:
            return known
        base, _, plural = PATHS[kind].rpartition("/")
        found = await self.api.find(f"{base}/namespaces/{namespace}/{plural}/{name}")
        if found is not None:
            self._objects[kind].setdefault((namespace, name), found)
        return found

    async def _follow(self, kind: str) -> None:
        objects = self._objects[kind]
        async for event, obj in self.api.watch(PATHS[kind]):
            if event == "SYNC":
                fresh = {_key(item): item for item in obj["items"]}
                changed = [key for key in objects.keys() | fresh.keys() if objects.get(key) != fresh.get(key)]
                objects.clear()
                objects.update(fresh)
                self._synced[kind].set()
                for key in changed:
                    self._tell(kind, key)
                continue
            key = _key(obj)
            if event == "DELETED":
                objects.pop(key, None)
            else:
                objects[key] = {"kind": kind, **obj}
            self._tell(kind, key)

    def _tell(self, kind: str, key: tuple[str, str]) -> None:
        for listener in self.listeners:
            listener(kind, *key)


def _key(obj: Obj) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
