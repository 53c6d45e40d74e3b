"""The connection to the data plane: it always has the last configuration, also after it was restarted."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import aiohttp

from rehearsal.api import Obj

URL = "http://dataplane"
NO_LIMIT = aiohttp.ClientTimeout(total=None)
PUT_SECONDS = 10
RETRY_SECONDS = 0.2
log = logging.getLogger("platform")


class Dataplane:
    """What the data plane shall do, as one document."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._wanted: Obj = {}
        self._sent = ""
        self.configured = asyncio.Event()

    async def set(self, config: Obj) -> None:
        """The data plane does this, at once or as soon as it is there."""
        self._wanted = config
        if json.dumps(config, sort_keys=True) != self._sent:
            await self._send()

    async def follow(self) -> None:
        """Holds a connection open for ever; when it breaks, the data plane is a new one and is told all again."""
        while True:
            try:
                async with self._session() as session, session.get(f"{URL}/hold", timeout=NO_LIMIT) as answer:
                    self._sent = ""
                    if self._wanted:
                        await self._send()
                    await answer.read()
            except (aiohttp.ClientError, OSError):
                pass
            await asyncio.sleep(RETRY_SECONDS)

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self._socket)), trust_env=False)

    async def _send(self) -> None:
        config = json.dumps(self._wanted, sort_keys=True)
        timeout = aiohttp.ClientTimeout(total=PUT_SECONDS)
        async with self._session() as session, session.put(f"{URL}/config", data=config, timeout=timeout) as answer:
            if answer.status != 200:
                raise OSError(f"data plane: {answer.status} {(await answer.text()).strip()}")
            for problem in (await answer.json())["problems"] or []:
                log.warning("data plane: %s", problem)
        self._sent = config
        self.configured.set()
