"""Where built things live, outside the clone, and how much room there is."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from rehearsal.toolchain.errors import DiskFull

GIB = 1024**3
NEEDED_BYTES = 15 * GIB  # module cache, build cache and binaries at their highest


def cache_root() -> Path:
    """The folder for everything that is built or installed: shared by all clones and rehearsals of this user."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # the XDG rule: a value that is not an absolute path counts as unset
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "serving-demo"


def size_of(folder: Path) -> int:
    """The bytes of all files below this folder; files that vanish meanwhile count nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def require_room(root: Path, needed: int = NEEDED_BYTES) -> None:
    """There is room for a build; what our own caches already hold counts as room, as it is not needed again."""
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if free >= needed:
        return
    held = size_of(root / "go")
    if free + held < needed:
        raise DiskFull(
            f"{root}: {free / GIB:.1f} GiB free, building the tools needs {needed / GIB:.0f} GiB; "
            f"make room, or set XDG_CACHE_HOME to a folder on a larger disk"
        )


def prune_newest(folder: Path, limit: int) -> int:
    """The folder holds at most `limit` bytes, its newest files gone first; returns the bytes given back.

    The newest are the last tool's own packages; the oldest are the standard library, which every tool needs.
    """
    files = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            stat = path.lstat()
            files.append((stat.st_mtime, stat.st_size, path))
    surplus = sum(size for _, size, _ in files) - limit
    freed = 0
    for _, size, path in sorted(files, reverse=True):
        if freed >= surplus:
            break
        path.unlink(missing_ok=True)
        freed += size
    return freed


def prune_stale(kept: Path, seconds: float) -> None:
    """Folders beside this one that are older than that are gone: builds of a module as it was once."""
    for folder in kept.parent.iterdir():
        if folder != kept and folder.is_dir() and time.time() - folder.stat().st_mtime > seconds:
            shutil.rmtree(folder)
