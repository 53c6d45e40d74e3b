"""How a Python program of ours becomes an image: its virtualenv, this package, and a script that starts a module."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from rehearsal.cluster import CLONE
from rehearsal.images.table import Bind, Image

PACKAGE = CLONE / "rehearsal"


def binds() -> tuple[Bind, ...]:
    """What such a program needs to see: its virtualenv and this package, at their real paths."""
    return tuple(Bind(path, str(path)) for path in (PACKAGE, Path(sys.prefix)))


def script(module: str) -> str:
    """A shell script that becomes a module of ours, with the script's own arguments."""
    path, python = shlex.quote(str(CLONE)), shlex.quote(sys.executable)
    return f'#!/bin/sh\nPYTHONPATH={path} PYTHONDONTWRITEBYTECODE=1 exec {python} -m {module} "$@"\n'


def image(name: str, patterns: tuple[str, ...], module: str, command: str = "") -> Image:
    """An image whose entry point (or the named command) is a module of ours."""
    path = command or f"/usr/local/bin/{name}"
    return Image(name, patterns, entrypoint=(path,), binds=binds(), files={path: script(module)})
