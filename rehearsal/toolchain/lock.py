"""One at a time: a file lock that says who holds it and since when."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rehearsal.toolchain.errors import BuildLocked

WAIT_SECONDS = 3600.0  # longer than all tools together take on a slow machine
POLL_SECONDS = 0.5


def describe_holder(text: str) -> str:
    """Who holds the lock, in words, from what the holder wrote into the file."""
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} builds {holder['what']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process builds"  # between its lock and its writing


def _try(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@contextmanager
def builder_lock(
    path: Path, what: str, wait: float = WAIT_SECONDS, say: Callable[[str], None] = _say
) -> Iterator[None]:
    """Inside, no other process holds this lock file; the lock falls with the process, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        deadline, announced = time.monotonic() + wait, False
        while not _try(file):
            holder = describe_holder(path.read_text())
            if time.monotonic() >= deadline:
                raise BuildLocked(f"{path}: {holder}; waited {wait:.0f} s; try again when it is done, or end it")
            if not announced:
                say(f"{holder}; waiting for it, at most {wait:.0f} s")
                announced = True
            time.sleep(POLL_SECONDS)
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "what": what, "since": time.strftime("%H:%M:%S")}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
