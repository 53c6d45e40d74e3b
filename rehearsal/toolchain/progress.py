"""Progress of long steps on stderr: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

REMIND_SECONDS = 60.0  # plain output: a sign of life, so that a log does not look stuck


def running(index: int, total: int, label: str, elapsed: float, typical: int) -> str:
    """The line of a step under way, e.g. `[3/11] kubernetes v1.36.2 … 84 s (typically 240 s)`."""
    return f"[{index}/{total}] {label} … {elapsed:.0f} s (typically {typical} s)"


def finished(index: int, total: int, label: str, elapsed: float, outcome: str) -> str:
    """The line of a step that is over, e.g. `[3/11] kubernetes v1.36.2: built in 231 s`."""
    return f"[{index}/{total}] {label}: {outcome} {elapsed:.0f} s"


@dataclass
class Progress:
    """A counted list of steps, reported one by one."""

    total: int
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    remind: float = REMIND_SECONDS
    done: int = 0

    @contextmanager
    def step(self, label: str, typical: int) -> Iterator[None]:
        """One step: announced, kept visible while it lasts, and closed with its time."""
        self.done += 1
        live, start, over = self.stream.isatty(), time.monotonic(), threading.Event()
        ticker = threading.Thread(target=self._tick, args=(label, typical, live, start, over), daemon=True)
        self._show(running(self.done, self.total, label, 0, typical), live)
        ticker.start()
        outcome = "failed after"
        try:
            yield
            outcome = "built in"
        finally:
            over.set()
            ticker.join()
            line = finished(self.done, self.total, label, time.monotonic() - start, outcome)
            self.stream.write(f"\r\x1b[K{line}\n" if live else f"{line}\n")
            self.stream.flush()

    def _tick(self, label: str, typical: int, live: bool, start: float, over: threading.Event) -> None:
        while not over.wait(1.0 if live else self.remind):
            self._show(running(self.done, self.total, label, time.monotonic() - start, typical), live)

    def _show(self, line: str, live: bool) -> None:
        self.stream.write(f"\r\x1b[K{line}" if live else f"{line}\n")
        self.stream.flush()
