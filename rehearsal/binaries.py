"""Where the built programs are, and what of the machine must stay visible inside the namespaces."""

from __future__ import annotations

import os
from pathlib import Path

from rehearsal import toolchain
from rehearsal.cluster import RehearsalError
from rehearsal.parts import LEFT_OUT, TOOLS
from rehearsal.toolchain.cache import cache_root


def tool_or_name(name: str) -> Path:
    """The program's path, or its bare name, so that only the part that needs it fails, and says so."""
    try:
        return toolchain.tool(name)
    except RehearsalError:
        return Path(name)


def ensure_tools() -> None:
    """Every program that a rehearsal uses is built; with parts left out, only those of the frame."""
    toolchain.ensure(TOOLS if os.environ.get(LEFT_OUT) else ())


def folders() -> list[Path]:
    """The folders that must stay visible inside the namespaces."""
    return [cache_root()]
