"""A running container's probes: startup first, then readiness and liveness side by side."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rehearsal.node import probes
from rehearsal.node.container import Container
from rehearsal.node.probes import Answer

if TYPE_CHECKING:
    from rehearsal.node.keeper import Keeper

Obj = dict[str, Any]
HOOK_LIMIT = 600.0  # seconds for postStart


class Probing:
    """Keeps `started` and `ready` of one run, and stops it when it is not alive."""

    def __init__(self, keeper: Keeper, container: Container) -> None:
        self._keeper, self._container = keeper, container
        self._target = keeper.target(container)
        self._record, self._context = keeper.record, keeper.context

    async def run(self) -> None:
        """Until the container ends, when it is cancelled."""
        spec = self._keeper.spec
        hook = (spec.get("lifecycle") or {}).get("postStart")
        if hook and not await self._hook(hook):
            return
        self._context.changed()
        if spec.get("startupProbe"):
            await probes.watch(self._target, spec["startupProbe"], self._on_startup, eager=True)
            if not self._record.started:
                return
        self._record.started = True
        self._record.ready = not spec.get("readinessProbe")
        self._context.changed()
        async with asyncio.TaskGroup() as group:
            if spec.get("readinessProbe"):
                ready = probes.watch(self._target, spec["readinessProbe"], self._on_readiness, eager=True)
                group.create_task(ready)
            if spec.get("livenessProbe"):
                group.create_task(probes.watch(self._target, spec["livenessProbe"], self._on_liveness))

    async def _hook(self, hook: Obj) -> bool:
        answer = await probes.check(self._target, hook, HOOK_LIMIT)
        if not answer.good:
            text = f"PostStartHook failed: {answer.message}"
            self._context.tell("FailedPostStartHook", text, self._keeper.name, warning=True)
            await self._kill("FailedPostStartHook", self._grace({}))
        return answer.good

    async def _on_startup(self, answer: Answer, decided: bool) -> bool:
        self._complain("Startup", answer)
        if answer.good and decided:
            self._record.started = True
            return False
        if decided:
            await self._kill("startup", self._grace(self._keeper.spec["startupProbe"]))
            return False
        return True

    async def _on_readiness(self, answer: Answer, decided: bool) -> bool:
        self._complain("Readiness", answer)
        if decided and self._record.ready != answer.good:
            self._record.ready = answer.good
            self._context.changed()
        return True

    async def _on_liveness(self, answer: Answer, decided: bool) -> bool:
        self._complain("Liveness", answer)
        if decided and not answer.good:
            await self._kill("liveness", self._grace(self._keeper.spec["livenessProbe"]))
            return False
        return True

    def _complain(self, kind: str, answer: Answer) -> None:
        if not answer.good:
            self._context.tell("Unhealthy", f"{kind} probe failed: {answer.message}", self._keeper.name, warning=True)

    async def _kill(self, why: str, grace: float) -> None:
        text = f"Container {self._keeper.name} failed {why} probe, will be restarted"
        self._context.tell("Killing", text, self._keeper.name)
        # on its own: this task is cancelled as soon as the container ends
        self._container.stopping = asyncio.create_task(self._keeper.stop(grace))

    def _grace(self, probe: Obj) -> float:
        whole = self._context.pod["spec"].get("terminationGracePeriodSeconds", 30)
        return float(probe.get("terminationGracePeriodSeconds") or whole)
