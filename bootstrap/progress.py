"""What is going on, on stderr: one line per stage, live on a terminal, plain lines otherwise."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:  # rich is read only where there is a terminal: it would cost every run a tenth of a second
    from rich.text import Text

WIDTH = 12
USUAL = {"gitops": 120, "rhods": 240, "storage": 30, "model": 3, "serving": 120}


@dataclass(slots=True)
class Lines:
    """Plain lines: a stage's start, every new text at most once a second, and its end."""

    out: TextIO = field(default_factory=lambda: sys.stderr)
    stage: str = ""
    began: float = 0.0
    last: str = ""
    spoke: float = 0.0

    def start(self, stage: str, what: str) -> None:
        """Begin a stage."""
        self.stage, self.began, self.last = stage, time.monotonic(), ""
        self.line(what)

    def say(self, text: str) -> None:
        """Tell what the stage waits for."""
        now, text = time.monotonic(), folded(text)
        if text and text != self.last and now - self.spoke >= 1:
            self.last, self.spoke = text, now
            self.line(f"… {text}")

    def done(self, text: str) -> None:
        """End a stage that has reached its outcome."""
        self.line(f"done in {time.monotonic() - self.began:.1f} s{': ' + text if text else ''}")
        self.stage = ""

    def stop(self) -> None:
        """End without an outcome."""
        self.stage = ""

    def note(self, text: str) -> None:
        """Write a line that belongs to no stage."""
        print(text, file=self.out, flush=True)

    def line(self, text: str) -> None:
        """Write a line of the current stage."""
        print(f"{self.stage:<{WIDTH}}{text}", file=self.out, flush=True)


@dataclass(frozen=True, slots=True)
class Line:
    """What the terminal shows of a running stage; drawn anew at every turn of the spinner, so the time runs."""

    stage: str
    text: str
    began: float

    def __rich__(self) -> Text:
        from rich.text import Text

        usual = f", usually {USUAL[self.stage]} s" if self.stage in USUAL else ""
        spent = f" ({time.monotonic() - self.began:.0f} s{usual})"
        return Text.assemble((f"{self.stage:<{WIDTH}}", "bold"), self.text, (spent, "dim"))


class Live(Lines):
    """One line per stage that changes while the stage lasts, with a spinner and the time."""

    def start(self, stage: str, what: str) -> None:
        """Begin a stage with a spinner."""
        from rich.console import Console
        from rich.status import Status

        self.stage, self.began, self.last = stage, time.monotonic(), what
        self.console = Console(stderr=True, highlight=False)
        self.status = Status(Line(stage, what, self.began), console=self.console)
        self.status.start()

    def say(self, text: str) -> None:
        """Change the line."""
        if self.stage and text:
            self.status.update(Line(self.stage, folded(text), self.began))

    def done(self, text: str) -> None:
        """Leave the line as it ends."""
        self.status.stop()
        super().done(text or self.last)

    def stop(self) -> None:
        """Remove the line."""
        if self.stage:
            self.status.stop()
        super().stop()


def folded(text: str) -> str:
    """Return the text on one line; what operators and health checks report may have several."""
    return " ".join(text.split())


def progress(stream: TextIO | None = None) -> Lines:
    """Return the way to show progress on this stream."""
    out = stream or sys.stderr
    plain = not out.isatty() or os.environ.get("CI") or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Lines(out) if plain else Live(out)


@contextmanager
def listening(show: Lines) -> Iterator[Path]:
    """Receive what the actions say, as long as the block lasts, at a socket that only we can write to."""
    with tempfile.TemporaryDirectory(prefix="serving-demo-") as folder:
        path = Path(folder) / "progress"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.bind(str(path))
            channel.settimeout(0.2)
            stop = threading.Event()
            thread = threading.Thread(target=receive, args=(channel, show, stop), daemon=True)
            thread.start()
            try:
                yield path
            finally:
                stop.set()
                thread.join()


def receive(channel: socket.socket, show: Lines, stop: threading.Event) -> None:
    """Show every message until told to stop."""
    while not stop.is_set():
        with suppress(TimeoutError, ValueError):
            message = json.loads(channel.recv(65536))
            if message.get("stage") in (show.stage, ""):
                show.say(str(message.get("text", "")))
