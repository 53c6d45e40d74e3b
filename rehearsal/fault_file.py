"""faults.json as the parts read it that act faults out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

EVERY = 0.5  # seconds between looks for the sake of those who listen


class FaultFile:
    """What `python -m rehearsal fault` has switched on, as it is when somebody asks; who listens hears of it soon."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int] | None = None
        self._active: Mapping[str, Mapping[str, Any]] = {}
        self._listeners: list[Callable[[], None]] = []
        self._changed = asyncio.Event()

    def get(self, name: str) -> Mapping[str, str] | None:
        """The parameters of a fault that is on, else None."""
        parameters = self._look().get(name)
        return None if parameters is None else {option: str(value) for option, value in parameters.items()}

    def subscribe(self, listener: Callable[[], None]) -> None:
        """The listener is called after every change."""
        self._listeners.append(listener)

    async def changed(self) -> None:
        """A fault was switched on or off."""
        await self._changed.wait()

    async def run(self) -> None:
        """Tells those who listen, for ever."""
        told: Mapping[str, Mapping[str, Any]] = {}
        while True:
            if (active := self._look()) != told:
                told = active
                self._tell()
            await asyncio.sleep(EVERY)

    def _look(self) -> Mapping[str, Mapping[str, Any]]:
        try:
            status = self._file.stat()
            seen = (status.st_ino, status.st_mtime_ns)  # it is replaced in one step, never written in place
            if seen != self._seen:
                self._active, self._seen = json.loads(self._file.read_text()), seen
        except FileNotFoundError:
            self._active, self._seen = {}, None
        return self._active

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        for listener in self._listeners:
            listener()
