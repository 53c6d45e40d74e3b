"""Triton Inference Server: the real one where its wheel can be had, else the V2 server in its place."""

from __future__ import annotations

import shlex
from pathlib import Path

from rehearsal.cluster import RehearsalError
from rehearsal.images.environments import ready
from rehearsal.images.program import PACKAGE
from rehearsal.images.table import Bind, Image

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
    return _image(
        "triton", folder, LAUNCHER, shlex.join(["exec", str(folder / "bin" / "python"), str(LAUNCHER / "launch.py")])
    )


def _v2server() -> Image:
    folder = ready("v2server")
    python = f"PYTHONPATH={shlex.quote(str(V2SERVER.parent))} exec {shlex.quote(str(folder / 'bin' / 'python'))}"
    return _image("v2server", folder, V2SERVER, f"{python} -m v2server")


def _image(name: str, folder: Path, program: Path, command: str) -> Image:
    entry = "/opt/nvidia/nvidia_entrypoint.sh"
    script = f'#!/bin/sh\nexport PYTHONDONTWRITEBYTECODE=1\n{command} "$@"\n'
    return Image(
        name,
        PATTERNS,
        entrypoint=(entry,),
        command=("tritonserver",),
        env={"PATH": "/opt/tritonserver/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        binds=(Bind(folder, str(folder)), Bind(program, str(program))),
        links={"/usr/local/bin/tritonserver": PROGRAM},
        files={PROGRAM: script, entry: ENTRY},
        workdir="/opt/tritonserver",
        user=1000,
    )
