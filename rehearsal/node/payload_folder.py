"""Folders whose content changes in one step, laid out as a kubelet does: names link into `..data`, which is swapped."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from rehearsal.node.volumes import File

DATA = "..data"


def write(folder: Path, files: Mapping[str, File]) -> bool:
    """The folder shows exactly these files; False where it did already."""
    folder.mkdir(parents=True, exist_ok=True)
    current = folder / DATA
    if current.is_symlink() and _read(current) == dict(files):
        return False
    stamp = folder / f"..{time.strftime('%Y_%m_%d_%H_%M_%S')}.{time.monotonic_ns() % 10**9}"
    stamp.mkdir(mode=0o755)
    for name, file in files.items():
        _write_file(stamp / name, file)
    old = folder / current.readlink() if current.is_symlink() else None
    draft = folder / "..data_tmp"
    draft.unlink(missing_ok=True)
    draft.symlink_to(stamp.name)
    draft.replace(current)
    _link_names(folder, {PurePosixPath(name).parts[0] for name in files})
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
    return True


def _write_file(path: Path, file: File) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(file.content)
    path.chmod(file.mode)


def _link_names(folder: Path, names: set[str]) -> None:
    for path in folder.iterdir():
        if path.is_symlink() and not path.name.startswith("..") and path.name not in names:
            path.unlink()
    for name in names:
        path = folder / name
        if not path.is_symlink():
            path.symlink_to(f"{DATA}/{name}")


def _read(current: Path) -> dict[str, File]:
    return {
        str(path.relative_to(current)): File(path.read_bytes(), path.stat().st_mode & 0o777)
        for path in current.rglob("*")
        if path.is_file()
    }
