"""Triton Inference Server: the real one where its wheel can be had, else the V2 server in its place."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from rehearsal.cluster import RehearsalError
from rehearsal.images.environments import ready
from rehearsal.images.program import PACKAGE
from rehearsal.images.table import Bind, Image
from rehearsal.toolchain.environments import facts_of

PATTERNS = ("nvcr.io/nvidia/tritonserver", "*/tritonserver", "*/tritonserver-*")
PROGRAM = "/opt/tritonserver/bin/tritonserver"
LAUNCHER = PACKAGE / "images" / "triton"
V2SERVER = PACKAGE / "images" / "v2server"
# words other than a program belong to tritonserver, as the original's entry point has it
ENTRY = '#!/bin/sh\ncase "$1" in -*|"") set -- tritonserver "$@" ;; esac\nexec "$@"\n'


def rows() -> list[Image]:
    """One row; behind it is the real server, where this machine can have it."""
    try:
        return [_triton()]
    except RehearsalError:
        return [_v2server()]


def _triton() -> Image:
    folder = ready("triton")
    python = str(folder / "bin" / "python")
    base = other_python(Path(facts_of(python)["base"]))
    return _image("triton", folder, LAUNCHER, shlex.join(["exec", python, str(LAUNCHER / "launch.py")]), base)


def other_python(base: Path) -> tuple[Bind, ...]:
    """The home of a Python on PATH; that of the rehearsal's own, and the machine's, every container has."""
    own = base.resolve() == Path(sys.base_prefix).resolve()
    machines = base.is_relative_to("/usr") and not base.is_relative_to("/usr/local")
    return () if own or machines else (Bind(base, str(base)),)


def _v2server() -> Image:
    folder = ready("v2server")
    python = f"PYTHONPATH={shlex.quote(str(V2SERVER.parent))} exec {shlex.quote(str(folder / 'bin' / 'python'))}"
    return _image("v2server", folder, V2SERVER, f"{python} -m v2server")


def _image(name: str, folder: Path, program: Path, command: str, more: tuple[Bind, ...] = ()) -> Image:
    entry = "/opt/nvidia/nvidia_entrypoint.sh"
    script = f'#!/bin/sh\nexport PYTHONDONTWRITEBYTECODE=1\n{command} "$@"\n'
    return Image(
        name,
        PATTERNS,
        entrypoint=(entry,),
        command=("tritonserver",),
        env={"PATH": "/opt/tritonserver/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        binds=(Bind(folder, str(folder)), Bind(program, str(program)), *more),
        links={"/usr/local/bin/tritonserver": PROGRAM},
        files={PROGRAM: script, entry: ENTRY},
        workdir="/opt/tritonserver",
        user=1000,
    )
