"""Every kustomization of the tree, built once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from bootstrap import manifests

ROOT = manifests.ROOT


def kustomizations() -> list[str]:
    """Folders that can be built: all but components."""
    found = []
    for path in sorted(ROOT.rglob("kustomization.yaml")):
        if yaml.safe_load(path.read_text())["kind"] == "Kustomization":
            found.append(path.parent.relative_to(ROOT).as_posix())
    return found


@cache
def built(folder: str) -> tuple[dict, ...]:
    return tuple(manifests.build(folder))


def files() -> list[Path]:
    """Files that hold an object, or a patch of one."""
    return [path for path in sorted(ROOT.rglob("*.yaml")) if path.name != "kustomization.yaml"]


def whole_files() -> list[Path]:
    """Files that hold an object of their own."""
    return [path for path in files() if not path.name.startswith(("patch-", "replacement-"))]
