"""The faults that someone switched on, as another collection that work can follow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

POLL_SECONDS = 1.0


class Faults:
    """faults.json, read again whenever it changes."""

    def __init__(self, file: Path) -> None:
        self._file, self._seen = file, 0.0
        self._active: Mapping[str, Mapping[str, Any]] = {}
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> None:
        """The listener is called after every change."""
        self._listeners.append(listener)

    def get(self, name: str) -> Mapping[str, str] | None:
        """The parameters of a fault that is on, else None."""
        parameters = self._active.get(name)
        return None if parameters is None else {option: str(value) for option, value in parameters.items()}

    def read(self) -> bool:
        """Whether the file changed since the last look; if so its content is in force."""
        try:
            changed = self._file.stat().st_mtime
            active = json.loads(self._file.read_text()) if changed != self._seen else self._active
        except FileNotFoundError:
            changed, active = 0.0, {}
        except ValueError:
            return False  # being written: the next look sees all of it
        if changed == self._seen:
            return False
        self._seen, self._active = changed, active
        return True

    async def run(self) -> None:
        """Follows the file for ever."""
        while True:
            if self.read():
                for listener in self._listeners:
                    listener()
            await asyncio.sleep(POLL_SECONDS)
