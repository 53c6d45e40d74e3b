"""Named changes to a module's source for one build, made in a copy: the module cache stays as it was verified."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from rehearsal.toolchain.differences import Change
from rehearsal.toolchain.errors import BuildFailed


def changed(change: Change, source: str) -> str:
    """The file's text with this change; a text that no longer has the passage once is an error, never a silent miss."""
    if (found := source.count(change.before)) != 1:
        raise BuildFailed(
            f"{change.module}/{change.file}: {change.before!r} stands there {found} times, not once; "
            "adapt rehearsal/toolchain/differences.py"
        )
    return source.replace(change.before, change.after)


def copied(changes: tuple[Change, ...], modules: Mapping[str, Path], room: Path) -> dict[str, Path]:
    """The changed copy of each module that a change names, below room."""
    copies: dict[str, Path] = {}
    for change in changes:
        if change.module not in copies:
            copies[change.module] = room / change.module
            # only the contents: the module cache is read-only
            shutil.copytree(modules[change.module], copies[change.module], copy_function=shutil.copyfile)
            for folder in [copies[change.module], *copies[change.module].rglob("*/")]:
                folder.chmod(0o755)
        file = copies[change.module] / change.file
        file.write_text(changed(change, file.read_text()))
    return copies


def modfile(source: Path, copies: Mapping[str, Path], room: Path) -> Path:
    """A go.mod, its sums beside it, that builds the module in source with these copies."""
    lines = [f"replace {module} => {path}\n" for module, path in copies.items()]
    target = room / "go.mod"
    target.write_text((source / "go.mod").read_text() + "\n" + "".join(lines))
    shutil.copyfile(source / "go.sum", room / "go.sum")
    return target
