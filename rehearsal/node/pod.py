"""One pod's life, from its binding to its deletion."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any

from rehearsal.api import ApiError
from rehearsal.cluster import NODE_IP
from rehearsal.node import sandbox
from rehearsal.node.keeper import Keeper
from rehearsal.node.pod_volumes import PodVolumes
from rehearsal.node.records import PodFacts, Running, Terminated, Waiting, recall, records
from rehearsal.node.reporter import Reporter
from rehearsal.node.runtime import PodContext, Runtime
from rehearsal.node.spec import ConfigError
from rehearsal.node.status import phase_of
from rehearsal.node.volumes import MountError

Obj = dict[str, Any]
log = logging.getLogger(__name__)
UPDATE_DELAY = 1.0  # seconds from a changed ConfigMap or Secret to its files; a kubelet takes up to a minute
FINISHED = ("Succeeded", "Failed")


class Pod:
    """Runs one pod; `terminate` ends it and removes it from the API."""

    def __init__(self, runtime: Runtime, pod: Obj) -> None:
        folder = runtime.cluster.node_folder / "pods" / pod["metadata"]["uid"]
        volumes = PodVolumes(runtime.cluster, runtime.api, runtime.store, pod, folder)
        self._reporter = Reporter(runtime.api, pod, records(pod))
        self.context = PodContext(runtime, pod, self._reporter.facts, folder, volumes, self._reporter.changed)
        spec, facts = pod["spec"], self._reporter.facts
        pairs = zip(spec.get("initContainers") or (), facts.init, strict=True)
        self._init = [Keeper(self.context, item, record) for item, record in pairs]
        self._main = [
            Keeper(self.context, item, record) for item, record in zip(spec["containers"], facts.main, strict=True)
        ]
        self._refresh = asyncio.Event()
        self._labels = (pod["metadata"].get("labels"), pod["metadata"].get("annotations"))
        self._tasks: list[asyncio.Task[None]] = []
        self._life: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    @property
    def facts(self) -> PodFacts:
        return self.context.facts

    @property
    def keepers(self) -> list[Keeper]:
        return [*self._init, *self._main]

    def keeper(self, name: str) -> Keeper | None:
        return next((keeper for keeper in self.keepers if keeper.name == name), None)

    def start(self) -> None:
        """The pod's tasks run; one that had ended before stays as it is."""
        if (self.context.pod.get("status") or {}).get("phase") in FINISHED:
            return
        recall(self.context.pod, self.facts)
        if self._lost():
            self.facts.override = ("Failed", "NodeLost", "The node agent was restarted while the pod ran")
            self._end_records()
        self._tasks.append(asyncio.create_task(self._reporter.run()))
        self._reporter.changed()
        if not self.facts.override:
            self._life = asyncio.create_task(self._live(), name=self.context.title)

    def _lost(self) -> bool:
        """A pod that may not be restarted had been running under a former agent."""
        never = self.context.pod["spec"].get("restartPolicy") == "Never"
        return never and any(record.last for record in self.facts.main)

    def _end_records(self) -> None:
        for record in (*self.facts.init, *self.facts.main):
            if record.last is not None:
                record.state, record.last = record.last, None
                record.restarts = max(0, record.restarts - 1)

    def update(self, pod: Obj) -> None:
        """The pod's object changed: labels, conditions, or a deletion."""
        self.context.pod = self._reporter.pod = self.context.volumes.pod = pod
        if pod["metadata"].get("deletionTimestamp"):
            grace = pod["metadata"].get("deletionGracePeriodSeconds")
            self.terminate(30.0 if grace is None else float(grace))
            return
        labels = (pod["metadata"].get("labels"), pod["metadata"].get("annotations"))
        if labels != self._labels and any("downwardAPI" in str(item) for item in pod["spec"].get("volumes") or ()):
            self._refresh.set()
        self._labels = labels
        if pod["spec"].get("readinessGates"):
            self._reporter.changed()

    def refers_to(self, kind: str, namespace: str, name: str) -> None:
        """An object changed; volumes made of it follow."""
        if namespace == self.context.pod["metadata"]["namespace"] and (kind, name) in self.context.volumes.references:
            self._refresh.set()

    async def _live(self) -> None:
        context, facts = self.context, self.facts
        limit = asyncio.timeout(context.pod["spec"].get("activeDeadlineSeconds"))
        try:
            async with limit:
                await self._prepare()
                await self._initialise()
                await self._work()
        except Exception as error:
            if not (isinstance(error, TimeoutError) and limit.expired()):
                # a bug of ours must be seen, and must not leave the pod without a word
                log.exception("pod %s", context.title)
                context.tell("FailedSync", f"error syncing pod: {error}", warning=True)
                raise
            message = "Pod was active on the node longer than the specified deadline"
            facts.override = ("Failed", "DeadlineExceeded", message)
            context.tell("DeadlineExceeded", message, warning=True)
            await self._stop_all(self._grace)
            self._settle()
        await self._disconnect()
        context.changed()

    @property
    def _grace(self) -> float:
        return float(self.context.pod["spec"].get("terminationGracePeriodSeconds", 30))

    async def _prepare(self) -> None:
        context, facts = self.context, self.facts
        self.facts.start = (context.pod.get("status") or {}).get("startTime") or self._reporter.now()
        facts.host_ip = NODE_IP
        context.folder.mkdir(parents=True, exist_ok=True)
        delay = 0.5
        while True:
            try:
                if not facts.sandbox_ready:
                    await self._connect()
                await context.volumes.set_up(context.known())
                break
            except (MountError, ConfigError, ApiError, OSError) as error:
                reason = "FailedMount" if facts.sandbox_ready else "FailedCreatePodSandBox"
                context.tell(reason, str(error), warning=True)
                await self._until_refresh(delay)
                self._refresh.clear()
                delay = min(delay * 2, 15.0)
        self._tasks.append(asyncio.create_task(self._keep_fresh()))

    async def _connect(self) -> None:
        """The pod has an address and a network of its own, or the node's."""
        context, facts, runtime = self.context, self.facts, self.context.runtime
        if context.pod["spec"].get("hostNetwork"):
            facts.ip = NODE_IP
        else:
            address = runtime.addresses.take()
            try:
                context.netns = await sandbox.create(runtime.children, address)
            except OSError:
                await sandbox.remove(runtime.children, address)  # half of it may be there
                runtime.addresses.give_back(address)
                raise
            facts.ip = address
        facts.sandbox_ready = True
        context.changed()

    async def _keep_fresh(self) -> None:
        """Volumes made of objects follow them, and tokens are renewed."""
        while not self.context.stopping:
            if await self._until_refresh(self.context.volumes.renewal()):
                await asyncio.sleep(UPDATE_DELAY)
            self._refresh.clear()
            try:
                await self.context.volumes.set_up(self.context.known())
            except (MountError, ApiError, OSError) as error:
                log.info("volumes of %s: %s", self.context.title, error)
                await asyncio.sleep(UPDATE_DELAY)

    async def _until_refresh(self, limit: float | None) -> bool:
        """Whether something changed within the limit."""
        with contextlib.suppress(TimeoutError):
            # not wait_for: before Python 3.12 it swallows a cancellation that comes together with the event
            async with asyncio.timeout(limit):
                await self._refresh.wait()
                return True
        return False

    async def _initialise(self) -> None:
        for keeper in self._init:
            if keeper.record.sidecar:
                task = asyncio.create_task(keeper.run(), name=f"{self.context.title} {keeper.name}")
                self._tasks.append(task)
                while not keeper.record.started:
                    await self._reporter.news()
            else:
                await keeper.run()
                if not keeper.record.completed:
                    return  # only with restartPolicy Never: the pod has failed

    async def _work(self) -> None:
        if not all(keeper.record.sidecar or keeper.record.completed for keeper in self._init):
            return
        for record in self.facts.main:
            if not record.last:
                record.state = Waiting()
        async with asyncio.TaskGroup() as group:
            for keeper in self._main:
                group.create_task(keeper.run())
        sidecars = [keeper for keeper in self._init if keeper.record.sidecar]
        if sidecars and not self.context.stopping:
            self.context.stopping = True
            await self._stop_in_turn(sidecars, self._grace)

    async def _stop_all(self, grace: float) -> None:
        """Containers stop together, then sidecars in the reverse of their order."""
        self.context.stopping = True
        ordinary = [keeper for keeper in self.keepers if not keeper.record.sidecar]
        await asyncio.gather(*(keeper.stop(grace) for keeper in ordinary))
        await self._stop_in_turn([keeper for keeper in self._init if keeper.record.sidecar], grace)

    async def _stop_in_turn(self, keepers: Iterable[Keeper], grace: float) -> None:
        for keeper in reversed(list(keepers)):
            await keeper.stop(grace)

    async def _disconnect(self) -> None:
        context = self.context
        if context.netns is not None:
            context.netns = None
            await sandbox.remove(context.runtime.children, self.facts.ip)
            context.runtime.addresses.give_back(self.facts.ip)
        self.facts.sandbox_ready = False

    def terminate(self, grace: float, gone: bool = False) -> asyncio.Task[None]:
        """The pod ends within its grace, and its object goes; a second, shorter wish overrides the first."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(grace, gone), name=f"end {self.context.title}")
        elif gone or grace == 0:
            for keeper in self.keepers:
                if keeper.container is not None:
                    asyncio.ensure_future(keeper.stop(0)).add_done_callback(lambda _: None)
        return self._ending

    async def _end(self, grace: float, gone: bool) -> None:
        await self._stop_all(grace)
        if self._life is not None:
            done, _ = await asyncio.wait([self._life], timeout=0.2)  # records of the ends are written there
            if not done:
                await _cancelled([self._life])
                await self._stop_all(0)  # what was just being started when the end began
        await self._disconnect()
        self._settle()
        await _cancelled(self._tasks)
        if not gone:
            await self._reporter.confirm_deletion(self._ran())
        await self.context.volumes.clear()  # last: while the object is there its log may be asked for

    def _ran(self) -> bool:
        return self._life is not None

    def _settle(self) -> None:
        """Containers that never ran, or whose end nobody recorded, count as ended."""
        for record in (*self.facts.init, *self.facts.main):
            if isinstance(record.state, Running):
                record.state = Terminated(137, "Error", record.state.since, self._reporter.now())
            record.ready = record.started = False

    @property
    def phase(self) -> str:
        return phase_of(self.context.pod, self.facts)


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    """The tasks have ended; one that let a cancellation pass by is asked again."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1.0)
