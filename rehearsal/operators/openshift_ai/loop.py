"""Passes over everything, set off by what changes on the cluster."""

from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable

import aiohttp

from rehearsal.api import ApiError
from rehearsal.operators.world import World

SETTLE_SECONDS = 0.05  # events that come together make one pass
RESYNC_SECONDS = 60.0  # how long something that no watch reported can last
MOST_SECONDS = 15.0  # between attempts after errors
Step = Callable[[], Awaitable[None]]


class Loop:
    """One worker that repeats its pass after every change, and sooner or later anyway."""

    def __init__(self, world: World, step: Step) -> None:
        self.world, self._step, self._changed = world, step, asyncio.Event()

    def nudge(self) -> None:
        """Something changed: another pass follows."""
        self._changed.set()

    async def follow(self, api_version: str, kind: str, **params: str) -> None:
        """Every event of a kind sets off a pass; what we applied and others changed is applied again."""
        async for event, obj in self.world.events(api_version, kind, **params):
            self.world.seen(obj, gone=event == "DELETED")
            self.nudge()

    async def run(self) -> None:
        """Passes until cancelled; an error is printed and tried again, later each time."""
        pause = 0.5
        while True:
            await asyncio.sleep(SETTLE_SECONDS)
            self._changed.clear()
            try:
                await self._step()
            except (ApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
                print(f"not reconciled, again in {pause:.1f} s: {error}", flush=True)
                await self._rest(pause)
                pause = min(pause * 2, MOST_SECONDS)
                continue
            except Exception:
                traceback.print_exc()  # an error of ours: seen in the log, and not the end of the operator
                await self._rest(MOST_SECONDS)
                continue
            pause = 0.5
            await self._rest(RESYNC_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - to spread load

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return
