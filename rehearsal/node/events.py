"""Events about pods, counted as a kubelet counts them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from typing import Any

import aiohttp

from rehearsal.api import Api, ApiError
from rehearsal.cluster import NODE_NAME
from rehearsal.node.records import now

Obj = dict[str, Any]
log = logging.getLogger(__name__)
REMEMBERED = 2000


class Events:
    """Writes events in the background, one task for all."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._queue: asyncio.Queue[tuple[Obj, str, str, str, str]] = asyncio.Queue(maxsize=5000)
        self._known: dict[tuple[str, str, str, str], tuple[str, int]] = {}

    def tell(self, obj: Obj, reason: str, message: str, container: str = "", warning: bool = False) -> None:
        """An event about this object will be written; under a flood the newest are dropped."""
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait((obj, reason, message, container, "Warning" if warning else "Normal"))

    async def run(self) -> None:
        """Writes for ever."""
        while True:
            item = await self._queue.get()
            try:
                await self._write(*item)
            except (ApiError, OSError, TimeoutError, aiohttp.ClientError) as error:
                log.info("event %s of %s not written: %s", item[1], item[0]["metadata"]["name"], error)

    async def _write(self, obj: Obj, reason: str, message: str, container: str, kind: str) -> None:
        metadata = obj["metadata"]
        key = (metadata.get("uid", ""), container, reason, message)
        name, count = self._known.get(key, ("", 0))
        namespace = metadata.get("namespace") or "default"
        path = f"/api/v1/namespaces/{namespace}/events"
        if name:
            self._known[key] = (name, count + 1)
            with contextlib.suppress(ApiError):  # it may have expired
                await self._api.patch(f"{path}/{name}", {"count": count + 1, "lastTimestamp": now()}, "merge")
            return
        name = f"{metadata['name']}.{secrets.token_hex(8)}"
        if len(self._known) > REMEMBERED:
            self._known.clear()
        self._known[key] = (name, 1)
        field_path = {"fieldPath": f"spec.containers{{{container}}}"} if container else {}
        await self._api.create(
            path,
            {
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": {
                    "apiVersion": obj.get("apiVersion") or "v1",
                    "kind": obj.get("kind") or "Pod",
                    "name": metadata["name"],
                    "namespace": metadata.get("namespace", ""),
                    "uid": metadata.get("uid", ""),
                    **field_path,
                },
                "reason": reason,
                "message": message,
                "type": kind,
                "count": 1,
                "firstTimestamp": now(),
                "lastTimestamp": now(),
                "source": {"component": "kubelet", "host": NODE_NAME},
            },
        )
