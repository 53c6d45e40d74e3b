"""Python environments as image rows need them: found, never made, since a running rehearsal has no network."""

from __future__ import annotations

from pathlib import Path

from rehearsal.toolchain.cache import cache_root
from rehearsal.toolchain.environments import COMPLETE, ENVIRONMENTS, environment_key, interpreter
from rehearsal.toolchain.errors import NotBuilt


def ready(name: str) -> Path:
    """The folder of a locked environment that exists; NotBuilt says how to get it."""
    entry = ENVIRONMENTS[name]
    folder = cache_root() / "venvs" / name / environment_key(entry, interpreter(entry))
    if not (folder / COMPLETE).is_file():
        raise NotBuilt(
            f"environment {name}: not made yet; make it with `.venv/bin/python -m rehearsal.toolchain "
            f"--environment {name}`"
        )
    return folder
