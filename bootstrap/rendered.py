"""What kustomize made of our manifests before, kept by the content that went in."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from bootstrap.kube.objects import Obj

# a run of kustomize costs 50 ms and a look at the whole journey needs a dozen
KEPT_SECONDS = 14 * 86400.0  # what older manifests made goes when newer ones come


def remembered(root: Path, asked: str, make: Callable[[], list[Obj]]) -> list[Obj]:
    """Return the objects that `make` makes of the manifests below `root` for what is asked; made only once."""
    folder = home() / "rendered" / state(root)
    path = folder / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.json"
    with suppress(OSError, ValueError):
        return list(json.loads(path.read_text()))
    objects = make()
    with suppress(OSError):  # a home that cannot be written costs time, nothing else
        keep(path, objects)
    return objects


def home() -> Path:
    """Return this project's folder for what can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "serving-demo"


@cache
def state(root: Path) -> str:
    """Return the hash of every name and byte below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:32]


def keep(path: Path, objects: list[Obj]) -> None:
    """Write objects so that a reader sees all of them or no file."""
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        forget_old(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(objects, file)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def forget_old(newest: Path) -> None:
    """Remove what manifests of weeks ago made."""
    for folder in newest.parent.iterdir():
        if folder != newest and time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
