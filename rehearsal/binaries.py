"""Where the built programs are, and what of the machine must stay visible inside the namespaces."""

from __future__ import annotations

import os
from pathlib import Path

from rehearsal import toolchain
from rehearsal.cluster import RehearsalError
from rehearsal.parts import LEFT_OUT, TOOLS
from rehearsal.progress import say
from rehearsal.toolchain.cache import cache_root
from rehearsal.toolchain.environments import ENVIRONMENTS
from rehearsal.toolchain.errors import EnvironmentUnsupported


def tool_or_name(name: str) -> Path:
    """The program's path, or its bare name, so that only the part that needs it fails, and says so."""
    try:
        return toolchain.tool(name)
    except RehearsalError:
        return Path(name)


def ensure_tools() -> None:
    """Every program and environment that a rehearsal uses is there; with parts left out, only those of the frame."""
    if os.environ.get(LEFT_OUT):
        toolchain.ensure(TOOLS)
        return
    toolchain.ensure()
    for name in ENVIRONMENTS:
        try:
            toolchain.environment(name)
        except EnvironmentUnsupported as error:
            say(f"{error}; {ENVIRONMENTS[name].without}")


def folders() -> list[Path]:
    """The folders that must stay visible inside the namespaces."""
    return [cache_root()]
