"""MinIO: the real server, built from its Go module."""

from __future__ import annotations

from rehearsal.images.table import Bind, Image
from rehearsal.toolchain import tool

# the original puts `minio` before arguments that do not start with it
CONTENT = '#!/bin/sh\ncase "$1" in minio|/*) ;; *) set -- minio "$@" ;; esac\nexec "$@"\n'


def rows() -> list[Image]:
    """Every registry's and mirror's minio."""
    env = {"MINIO_UPDATE": "off", "MC_CONFIG_DIR": "/tmp/.mc"}  # noqa: S108 - the container's own
    return [
        Image(
            "minio",
            ("*/minio/minio", "minio/minio", "*/minio"),
            entrypoint=("/usr/local/bin/docker-entrypoint.sh",),
            command=("minio",),
            env=env,
            binds=(Bind(tool("minio"), "/usr/local/bin/minio"),),
            files={"/usr/local/bin/docker-entrypoint.sh": CONTENT},
        )
    ]
