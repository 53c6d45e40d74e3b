"""The content key of a tool: everything that decides what the built files are."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from rehearsal.toolchain.catalog import GO_NEEDED, Tool
from rehearsal.toolchain.errors import GoMissing

MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def go_platform() -> tuple[str, str]:
    """GOOS and GOARCH of this machine, known without asking Go: a cluster of built tools runs where there is none."""
    system, machine = platform.system(), platform.machine().lower()
    if system != "Linux" or machine not in MACHINES:
        raise GoMissing(f"the rehearsal runs on Linux x86-64 and arm64; this is {system} {machine}")
    return "linux", MACHINES[machine]


def linker_flags(entry: Tool) -> str:
    """The -ldflags of this tool: no debug tables, and its version stamps."""
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in sorted(entry.stamps.items()))])


def sources(entry: Tool) -> list[Path]:
    """The files of ours that go into this tool, in a fixed order."""
    own = [path for path in entry.source.rglob("*.go") if not path.name.endswith("_test.go")]
    sums = [path for name in ("go.mod", "go.sum") if (path := entry.source / name).is_file()]
    return sums + sorted(own)


def content_key(entry: Tool) -> str:
    """A short hash that changes when the module, our sources, the flags, the Go series or the platform change."""
    digest = hashlib.sha256()
    for path in sources(entry):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(entry.source)} {len(content)}\n".encode() + content)
    series = ".".join(GO_NEEDED.split(".")[:2])
    kept = (entry.data.module, entry.data.includes) if entry.data else ()
    flags = (sorted(entry.binaries.items()), entry.tags, linker_flags(entry))
    for part in (*flags, kept, series, go_platform(), *entry.changes):
        digest.update(repr(part).encode())
    return digest.hexdigest()[:16]
