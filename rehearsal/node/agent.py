"""The agent: one `Pod` for each pod bound to the node."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from typing import Any

from rehearsal.cluster import NODE_NAME
from rehearsal.node import sandbox
from rehearsal.node.container import STAGE
from rehearsal.node.pod import Pod
from rehearsal.node.runtime import Runtime

Obj = dict[str, Any]
log = logging.getLogger(__name__)
LAST_GRACE = 3.0  # seconds for containers when the agent itself is told to stop


class Agent:
    """Follows the pods of this node."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.pods: dict[str, Pod] = {}  # by uid
        self._gone: set[asyncio.Task[None]] = set()
        runtime.store.listeners.append(self._object_changed)

    async def clean(self) -> None:
        """Nothing of a former agent's pods is left on this machine."""
        STAGE.mkdir(parents=True, exist_ok=True)
        await sandbox.remove_all(self.runtime.children)
        await asyncio.to_thread(shutil.rmtree, self.runtime.cluster.node_folder / "pods", ignore_errors=True)

    async def run(self) -> None:
        """Follows for ever."""
        await self.runtime.store.synced()
        async for event, obj in self.runtime.api.watch("/api/v1/pods", fieldSelector=f"spec.nodeName={NODE_NAME}"):
            try:
                if event == "SYNC":
                    self._sync(obj["items"])
                elif event == "DELETED":
                    self._forget(obj["metadata"]["uid"])
                else:
                    self._see({"apiVersion": "v1", "kind": "Pod", **obj})
            except Exception:  # one odd pod must not stop the others
                log.exception("event %s", event)

    def _sync(self, pods: list[Obj]) -> None:
        present = {pod["metadata"]["uid"] for pod in pods}
        for uid in [uid for uid in self.pods if uid not in present]:
            self._forget(uid)
        for pod in pods:
            self._see(pod)

    def _see(self, pod: Obj) -> None:
        uid = pod["metadata"]["uid"]
        known = self.pods.get(uid)
        if known is None:
            known = self.pods[uid] = Pod(self.runtime, pod)
            if not pod["metadata"].get("deletionTimestamp"):
                known.start()
        known.update(pod)

    def _forget(self, uid: str) -> None:
        pod = self.pods.pop(uid, None)
        if pod is not None:
            task = pod.terminate(0, gone=True)
            self._gone.add(task)
            task.add_done_callback(self._gone.discard)

    def _object_changed(self, kind: str, namespace: str, name: str) -> None:
        for pod in self.pods.values():
            pod.refers_to(kind, namespace, name)

    def find(self, namespace: str, name: str) -> Pod | None:
        """The newest pod of this name."""
        for pod in reversed(self.pods.values()):
            metadata = pod.context.pod["metadata"]
            if metadata["namespace"] == namespace and metadata["name"] == name:
                return pod
        return None

    async def stop(self) -> None:
        """Every container has been asked to end; those that did not listen are killed."""
        keepers = [keeper for pod in self.pods.values() for keeper in pod.keepers if keeper.container]
        for pod in self.pods.values():
            pod.context.stopping = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(keeper.stop(LAST_GRACE) for keeper in keepers)), LAST_GRACE + 2)
