"""Where the built programs are, and what of the machine must stay visible inside the namespaces."""

from __future__ import annotations

import os
from pathlib import Path

from rehearsal import toolchain
from rehearsal.cluster import RehearsalError
from rehearsal.toolchain.cache import cache_root


def _own_builds() -> list[Path]:
    """Folders with builds of one's own, for work on the rehearsal itself: REHEARSAL_BINARIES=folder:folder."""
    return [Path(folder) for folder in os.environ.get("REHEARSAL_BINARIES", "").split(":") if folder]


def find_tool(name: str) -> Path:
    """The path of a built program by its name."""
    for folder in _own_builds():
        if (folder / name).exists():
            return folder / name
    return toolchain.tool(name)


def tool_or_name(name: str) -> Path:
    """The program's path, or its bare name, so that only the part that needs it fails, and says so."""
    try:
        return find_tool(name)
    except RehearsalError:
        return Path(name)


def ensure_tools() -> None:
    """Every program that a rehearsal uses is built."""
    if not _own_builds():
        toolchain.ensure()


def folders() -> list[Path]:
    """The folders that must stay visible inside the namespaces."""
    return [cache_root(), *_own_builds()]
