"""What an image is here: a program of this machine, with the files and environment that its container would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of this machine, shown read-only at a path inside the container."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True)
class Image:
    """One row of the image table: which references it answers to and what runs then."""

    name: str
    patterns: tuple[str, ...]  # fnmatch over the reference without tag and digest, e.g. "*/minio/minio"
    entrypoint: tuple[str, ...] = ()  # as ENTRYPOINT: replaced by the container's `command`
    command: tuple[str, ...] = ()  # as CMD: replaced by the container's `args`
    env: Mapping[str, str] = field(default_factory=dict)
    binds: tuple[Bind, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)  # path in the container -> link target
    files: Mapping[str, str] = field(default_factory=dict)  # executable text file in the container -> content
    workdir: str = "/"
    user: int | None = None  # uid the image would run as; None: root (0)

    def answers(self, reference: str) -> bool:
        """Whether this row is what a pod means by the reference."""
        return any(fnmatchcase(repository(reference), pattern) for pattern in self.patterns)


def repository(reference: str) -> str:
    """The reference without digest and tag.

    >>> repository("quay.io/minio/minio:RELEASE.2025")
    'quay.io/minio/minio'
    >>> repository("localhost:5000/a@sha256:00")
    'localhost:5000/a'
    """
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]
