"""What operators of ours do to a cluster: find, apply with an owner, write a status only when it says something new."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from rehearsal.api import Api, ApiError, Obj

AT_ONCE = 12
Key = tuple[str, str, str, str]


class World:
    """One operator's view of the API server; what was applied and has not changed since is not sent again."""

    def __init__(self, api: Api, manager: str) -> None:
        self.api, self.manager = api, manager
        self._kinds: dict[tuple[str, str], tuple[str, bool]] = {}
        self._applied: dict[Key, tuple[str, str]] = {}  # what was sent, and the resourceVersion it led to
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """Where the API server keeps objects of a kind, or one of them; ApiError 404 while the kind is not served."""
        prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if (api_version, kind) not in self._kinds:
            for item in (await self.api.get(prefix))["resources"]:
                if "/" not in item["name"]:
                    self._kinds[api_version, item["kind"]] = (item["name"], item["namespaced"])
        if (api_version, kind) not in self._kinds:
            raise ApiError(404, f'no matches for kind "{kind}" in version "{api_version}"')
        plural, namespaced = self._kinds[api_version, kind]
        scope = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{prefix}{scope}/{plural}" + (f"/{name}" if name else "")

    async def path_of(self, obj: Obj) -> str:
        """Where this object lives."""
        meta = obj["metadata"]
        return await self.path(obj["apiVersion"], obj["kind"], meta.get("namespace", ""), meta["name"])

    async def serves(self, api_version: str, kind: str) -> bool:
        """Whether the API server knows the kind now."""
        try:
            await self.path(api_version, kind)
        except ApiError as error:
            if error.code == 404:
                return False
            raise
        return True

    async def find(self, api_version: str, kind: str, name: str, namespace: str = "") -> Obj | None:
        """The object, or None where it or its kind is missing."""
        try:
            return await self.api.get(await self.path(api_version, kind, namespace, name))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    async def list(self, api_version: str, kind: str, namespace: str = "", **params: str) -> list[Obj]:
        """All objects of a kind; none where the kind is missing."""
        try:
            return await self.api.list(await self.path(api_version, kind, namespace), **params)
        except ApiError as error:
            if error.code == 404:
                return []
            raise

    async def apply(self, obj: Obj, manager: str = "") -> None:
        """The object is as given, or is left alone where it carries `opendatahub.io/managed: "false"`."""
        key, digest = key_of(obj), digest_of(obj)
        if self._applied.get(key, ("", ""))[0] == digest:
            return
        async with self._gate:
            path = await self.path_of(obj)
            live = await self.api.find(path)
            if live and live["metadata"].get("annotations", {}).get("opendatahub.io/managed") == "false":
                return
            done = await self.api.apply(path, obj, manager or self.manager)
        self._applied[key] = (digest, done["metadata"]["resourceVersion"])

    async def apply_all(self, objects: Iterable[Obj], manager: str = "") -> None:
        """All objects are as given; ApiError names the first that is refused."""
        results = await asyncio.gather(*(self.apply(obj, manager) for obj in objects), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def create_once(self, obj: Obj) -> None:
        """The object exists; one that exists already keeps a user's edits."""
        try:
            await self.api.create((await self.path_of(obj)).rpartition("/")[0], obj)
        except ApiError as error:
            if error.code != 409:
                raise

    async def patch(self, obj: Obj, body: Obj, sub: str = "") -> Obj:
        """A merge patch of the object, or of its subresource."""
        return await self.api.patch(await self.path_of(obj) + sub, body)

    async def delete(self, obj: Obj, propagation: str = "Background") -> None:
        """The object is gone or going; it may be gone already."""
        try:
            await self.api.delete(await self.path_of(obj), propagationPolicy=propagation)
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    async def status(self, obj: Obj, status: Obj) -> bool:
        """The status holds these keys; True where that was news (times alone are not)."""
        live = await self.find(obj["apiVersion"], obj["kind"], obj["metadata"]["name"], namespace_of(obj))
        if live is None:
            return False
        before = live.get("status") or {}
        if all(without_times(before.get(key)) == without_times(value) for key, value in status.items()):
            return False
        await self.patch(obj, {"status": status}, "/status")
        return True

    def seen(self, obj: Obj, gone: bool = False) -> bool:
        """An object changed: if we had applied it, it will be again; True if it was not our own doing."""
        known = self._applied.get(key_of(obj))
        if known is None or (not gone and known[1] == obj["metadata"].get("resourceVersion")):
            return False
        del self._applied[key_of(obj)]
        return True

    async def events(self, api_version: str, kind: str, **params: str) -> AsyncIterator[tuple[str, Obj]]:
        """Every object of the kind as it is listed, then as it changes; waits while the kind is not served."""
        while not await self.serves(api_version, kind):
            await asyncio.sleep(1)  # its CRD comes with an operator that may be installed later, or never
        async for event, obj in self.api.watch(await self.path(api_version, kind), **params):
            for item in obj["items"] if event == "SYNC" else [obj]:
                yield event, {"apiVersion": api_version, "kind": kind, **item}


def namespace_of(obj: Obj) -> str:
    """The namespace of an object, "" for one without."""
    return str(obj["metadata"].get("namespace", ""))


def key_of(obj: Obj) -> Key:
    """What names an object on a cluster, whatever its version."""
    group = obj["apiVersion"].rpartition("/")[0]
    return group, obj["kind"], namespace_of(obj), obj["metadata"]["name"]


def digest_of(value: Any) -> str:
    """A short text that differs when the value does."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def without_times(value: Any) -> Any:
    """The value without the times in its conditions.

    >>> without_times([{"type": "Ready", "lastTransitionTime": "x"}])
    [{'type': 'Ready'}]
    """
    times = ("lastTransitionTime", "lastHeartbeatTime", "time")
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in times}
    if isinstance(value, list):
        return [without_times(item) for item in value]
    return value


def owner_reference(owner: Obj) -> Obj:
    """The reference by which the garbage collector ties a child to its controlling owner."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned(obj: Obj, owner: Obj) -> Obj:
    """The object, belonging to the owner."""
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": [owner_reference(owner)]}}
