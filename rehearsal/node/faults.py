"""The faults that the node acts on, re-read when their file changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rehearsal.images.table import repository

IMAGE_PULL, NODE_FULL = "image-pull", "node-full"
EVERY = 1.0  # seconds between looks at the file


class Faults:
    """What `python -m rehearsal fault` has switched on."""

    def __init__(self, path: Path) -> None:
        self._path, self._seen = path, -1
        self._active: Mapping[str, Mapping[str, Any]] = {}
        self._changed = asyncio.Event()
        self.look()

    def look(self) -> None:
        """The file's present content is known."""
        try:
            modified = self._path.stat().st_mtime_ns
            if modified != self._seen:
                self._active = json.loads(self._path.read_text())
                self._seen = modified
                self._wake()
        except (FileNotFoundError, ValueError):
            if self._active:
                self._active, self._seen = {}, -1
                self._wake()

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await asyncio.sleep(EVERY)
            self.look()

    async def changed(self) -> None:
        """A fault was switched on or off."""
        await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def image_pull(self, reference: str) -> str:
        """Why this image cannot be pulled; empty when it can."""
        fault = self._active.get(IMAGE_PULL)
        if fault is None:
            return ""
        pattern = str(fault.get("pattern") or fault.get("image") or "*")
        name = repository(reference)
        if fnmatchcase(name, pattern) or fnmatchcase(name, f"*{pattern}*") or fnmatchcase(reference, pattern):
            return f"reading manifest of {reference}: unexpected status 503 Service Unavailable (fault {IMAGE_PULL})"
        return ""

    def node_full(self) -> Mapping[str, str] | None:
        """The allocatable that a full node shows; None while there is room."""
        fault = self._active.get(NODE_FULL)
        if fault is None:
            return None
        return {"cpu": str(fault.get("cpu", "100m")), "memory": str(fault.get("memory", "128Mi"))}
