"""Collections of the API server kept in memory, and work that follows their changes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import aiohttp

from rehearsal.api import Api, ApiError, Obj

Key = tuple[str, str]  # namespace (empty for cluster-scoped kinds) and name
SETTLE_SECONDS = 0.02  # changes that come together are handled together
RETRY_SECONDS = 0.5
LONGEST_PAUSE = 30.0
log = logging.getLogger("platform")


class Source(Protocol):
    """Something whose changes work can follow."""

    def subscribe(self, listener: Callable[[], None]) -> None: ...


class Cache:
    """The objects of one collection, as of the last event."""

    def __init__(self, api: Api, path: str, keep: Callable[[Obj], bool] = lambda _: True, **params: str) -> None:
        self.path, self.synced = path, asyncio.Event()
        self.objects: dict[Key, Obj] = {}
        self._api, self._keep, self._params = api, keep, params
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> None:
        """The listener is called after every change."""
        self._listeners.append(listener)

    def items(self) -> list[Obj]:
        return list(self.objects.values())

    def get(self, namespace: str, name: str) -> Obj | None:
        return self.objects.get((namespace, name))

    async def run(self) -> None:
        """Follows the collection for ever; a kind that is not served yet is an empty collection."""
        async for event, obj in self._api.watch(self.path, **self._params):
            if event == "SYNC":
                self.objects = {key(item): item for item in obj["items"] if self._keep(item)}
                self.synced.set()
            elif event == "DELETED" or not self._keep(obj):
                if self.objects.pop(key(obj), None) is None:
                    continue
            else:
                self.objects[key(obj)] = obj
            for listener in self._listeners:
                listener()


def key(obj: Obj) -> Key:
    """Where an object is in its collection."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


async def reconcile(name: str, sources: Iterable[Source], work: Callable[[], Awaitable[Any]]) -> None:
    """Runs the work after every change of the sources, and again while it fails, less and less often."""
    changed = asyncio.Event()
    for source in sources:
        source.subscribe(changed.set)
    changed.set()
    pause, said = 0.0, ""
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), pause or None)
        await asyncio.sleep(SETTLE_SECONDS)
        changed.clear()
        try:
            await work()
            pause, said = 0.0, ""
        except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            pause = min(pause * 2 or RETRY_SECONDS, LONGEST_PAUSE)
            late = isinstance(error, ApiError) and error.code in (404, 409)  # we saw an older state: look again
            if not late and str(error) != said:
                said = str(error)
                log.warning("%s: %s", name, said)
