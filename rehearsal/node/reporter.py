"""Brings a pod's status to the API, whenever it changes."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp

from rehearsal.api import Api, ApiError
from rehearsal.node.records import PodFacts, now
from rehearsal.node.status import merge_patch, pod_status

Obj = dict[str, Any]
log = logging.getLogger(__name__)
GATHERED = 0.02  # seconds for which changes are put together
AGAIN = 0.5


class Reporter:
    """The status of one pod, as last written."""

    def __init__(self, api: Api, pod: Obj, facts: PodFacts) -> None:
        self._api, self.pod, self.facts = api, pod, facts
        self._dirty = asyncio.Event()
        self._news = asyncio.Event()
        self._sent: Obj = {}

    now = staticmethod(now)

    def changed(self) -> None:
        """Something about the pod is new."""
        self._dirty.set()
        self._news.set()
        self._news = asyncio.Event()

    async def news(self) -> None:
        """The next change."""
        await self._news.wait()

    async def run(self) -> None:
        """Reports until the pod's object is gone."""
        while True:
            await self._dirty.wait()
            await asyncio.sleep(GATHERED)
            self._dirty.clear()
            try:
                await self.report()
            except ApiError as error:
                if error.code in (404, 409):
                    return  # another pod has the name now, or none
                await self._later(error)
            except (OSError, TimeoutError, aiohttp.ClientError) as error:
                await self._later(error)

    async def _later(self, error: Exception) -> None:
        log.info("status of %s: %s", self.pod["metadata"]["name"], error)
        await asyncio.sleep(AGAIN)
        self._dirty.set()

    async def report(self) -> None:
        """The API has the present status."""
        status = pod_status(self._with_our_conditions(), self.facts)
        if status == self._sent:
            return
        metadata = self.pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
        await self._api.patch(path, merge_patch(self.pod, status), "strategic")
        self._sent = status

    def _with_our_conditions(self) -> Obj:
        """The watch may lag behind what we wrote: times of our own conditions come from there."""
        if not self._sent:
            return self.pod
        status = self.pod.get("status") or {}
        known = {item["type"]: item for item in status.get("conditions") or ()}
        known |= {item["type"]: item for item in self._sent["conditions"] if item["type"] in OURS}
        return {**self.pod, "status": {**status, "conditions": list(known.values())}}

    async def confirm_deletion(self, final_status: bool) -> None:
        """The final status is written and the object deleted for good."""
        metadata = self.pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
        body = {**options, "preconditions": {"uid": metadata["uid"]}}
        while True:
            try:
                if final_status:
                    await self.report()
                await self._api.request("DELETE", path, body)
                return
            except ApiError as error:
                if error.code in (404, 409):
                    return
                log.info("deletion of %s: %s", metadata["name"], error)
            except (OSError, TimeoutError, aiohttp.ClientError) as error:
                log.info("deletion of %s: %s", metadata["name"], error)
            await asyncio.sleep(AGAIN)


OURS = {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}
