"""General images for people's own experiments: a shell, python3, and the pause container."""

from __future__ import annotations

from rehearsal.images.table import Image

SHELL = (
    "busybox",
    "alpine",
    "bash",
    "debian",
    "ubuntu",
    "fedora",
    "*/busybox",
    "*/alpine",
    "*/bash",
    "*/debian",
    "*/ubuntu",
    "*/fedora",
    "*/ubi[89]",
    "*/ubi[89]/*",
    "*/ubi[89]-minimal",
    "*/ubi[89]-micro",
    "*/origin-cli",
    "*/ose-cli",
    "*/ose-cli-rhel9",
)
PYTHON = ("python", "*/python", "*/python-3*", "*/ubi[89]/python-*", "*/ubi[89]-python-*")
PAUSE = ("*/pause", "pause")
WAIT = '#!/bin/sh\ntrap "exit 0" TERM INT\nwhile :; do sleep 86400 & wait $!; done\n'


def rows() -> list[Image]:
    """python before the shell: ubi9/python-311 is python."""
    path = "/usr/local/bin/pause"
    return [
        Image("python", PYTHON, command=("/usr/bin/python3",)),
        Image("pause", PAUSE, entrypoint=(path,), files={path: WAIT}, user=65535),
        Image("shell", SHELL, command=("sh",)),
    ]
