"""A private folder for one run, in the state directory; what a killed run left there is removed by the next."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "run-"


@contextmanager
def scratch(state_dir: Path) -> Iterator[Path]:
    """Yield a new folder that only we can read, gone at the end of the block."""
    state_dir.mkdir(parents=True, exist_ok=True)
    clean(state_dir)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=state_dir.resolve()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clean(state_dir: Path) -> None:
    """Remove the folders of runs that are over."""
    for folder in state_dir.glob(f"{PREFIX}*-*"):
        if not runs(folder.name.removeprefix(PREFIX).partition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)


def runs(pid: str) -> bool:
    """Say whether a process is there; what is no process number belongs to none."""
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:  # somebody else's process now has the number: better to leave the folder
        return True
    return True
