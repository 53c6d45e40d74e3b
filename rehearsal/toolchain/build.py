"""Building: what is missing comes into the cache, one tool after the other, each in one step or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from rehearsal.toolchain import catalog
from rehearsal.toolchain.cache import GIB, cache_root, prune_newest, prune_stale, require_room
from rehearsal.toolchain.catalog import Data, Tool
from rehearsal.toolchain.changes import copied, modfile
from rehearsal.toolchain.errors import BuildFailed, NotBuilt
from rehearsal.toolchain.go import Go, find_go
from rehearsal.toolchain.key import content_key, linker_flags
from rehearsal.toolchain.lock import builder_lock
from rehearsal.toolchain.progress import Progress

BUILD_CACHE_BYTES = 2 * GIB  # kept between tools: enough for the standard library, which they share
STALE_SECONDS = 14 * 24 * 3600  # a younger build may belong to another clone or a running rehearsal
COMMAND = ".venv/bin/python -m rehearsal.toolchain"


def home(entry: Tool, root: Path | None = None) -> Path:
    """The folder of this tool's files for the present content of its module."""
    return (root or cache_root()) / "bin" / entry.name / content_key(entry)


def tool(name: str) -> Path:
    """The built binary of this name, e.g. `tool("kubectl")`."""
    entry = catalog.find(name)
    path = home(entry) / name
    if not path.is_file():
        raise NotBuilt(f"{name}: not built yet; build it with `{COMMAND} {entry.name}`")
    return path


def data(name: str) -> Path:
    """The folder of files kept from this tool's module, e.g. `data("kserve") / "config/default"`."""
    entry = catalog.find(name)
    path = home(entry) / "data"
    if not path.is_dir():
        raise NotBuilt(f"{name}: its files are not there yet; get them with `{COMMAND} {entry.name}`")
    return path


def missing(names: Iterable[str] | None = None, root: Path | None = None) -> list[Tool]:
    """The tools among these (by default all that an `up` needs) that are still to be built, in the table's order."""
    every = (entry.name for entry in catalog.TOOLS if not entry.on_demand)
    wanted = {catalog.find(name).name for name in (every if names is None else names)}
    return [entry for entry in catalog.TOOLS if entry.name in wanted and not home(entry, root).is_dir()]


def ensure(names: Iterable[str] | None = None, build_cache: int = BUILD_CACHE_BYTES) -> None:
    """Every named tool (by default what an `up` needs) is built; with nothing to do it takes no lock."""
    names, root = None if names is None else tuple(names), cache_root()
    todo = missing(names, root)
    if not todo:
        return
    with builder_lock(root / "builder.lock", ", ".join(entry.name for entry in todo)):
        todo = missing(names, root)  # another builder may have made them while we waited
        if not todo:
            return
        require_room(root)
        progress = Progress(len(todo))
        go = Go(find_go(root), root)
        for entry in todo:
            with progress.step(entry.label, entry.seconds):
                build_one(entry, go)
            prune_newest(go.build_cache, build_cache)
        if not missing(root=root):
            drop_sources(go)


def build_one(entry: Tool, go: Go) -> None:
    """This tool's folder is in the cache, complete; an attempt that fails leaves only its log."""
    target = home(entry, go.root)
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(".tmp-*"):
        shutil.rmtree(leftover)
    log = go.root / "logs" / f"build-{entry.name}.log"
    log.unlink(missing_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".tmp-", dir=target.parent))
    start = time.monotonic()
    try:
        go.run(["mod", "verify"], entry.source, log)
        with tempfile.TemporaryDirectory() as room:
            extra = _changes(entry, go, Path(room))
            for name, package in entry.binaries.items():
                go.run(_build_arguments(entry, package, draft / name, extra), entry.source, log)
        if entry.data:
            keep_data(entry.data, _module_dir(entry, entry.data.module, go), draft / "data")
        facts = {"tool": entry.label, "seconds": round(time.monotonic() - start), "go": str(go.binary)}
        (draft / "built.json").write_text(json.dumps(facts) + "\n")
        draft.chmod(0o755)  # mkdtemp makes it private; an ordinary user in a namespace of root must read it
        draft.replace(target)
        prune_stale(target, STALE_SECONDS)
    except BuildFailed as error:
        shutil.rmtree(draft)
        raise BuildFailed(f"{entry.label}: {error}\nthen again: `{COMMAND} {entry.name}`") from None
    except BaseException:
        shutil.rmtree(draft)
        raise


def _build_arguments(entry: Tool, package: str, output: Path, extra: list[str]) -> list[str]:
    tags = ["-tags", ",".join(entry.tags)] if entry.tags else []
    flags = ["-p", "2", "-trimpath", *extra, *tags, "-ldflags", linker_flags(entry)]
    return ["build", *flags, "-o", str(output), package]


def _changes(entry: Tool, go: Go, room: Path) -> list[str]:
    if not entry.changes:
        return []
    modules = {change.module: _module_dir(entry, change.module, go) for change in entry.changes}
    return ["-modfile", str(modfile(entry.source, copied(entry.changes, modules, room), room))]


def module_dir(name: str, module: str, go: Go | None = None) -> Path:
    """The extracted folder of a Go module at the version that this tool's go.mod chooses; downloads where needed."""
    return _module_dir(catalog.find(name), module, go or Go(find_go(cache_root()), cache_root()))


def _module_dir(entry: Tool, module: str, go: Go) -> Path:
    log = go.root / "logs" / f"module-{entry.name}.log"
    log.unlink(missing_ok=True)
    facts = json.loads(go.run(["mod", "download", "-json", module], entry.source, log))
    return Path(facts["Dir"])


def keep_data(wanted: Data, source: Path, target: Path) -> None:
    """The wanted files of a module stand below target at the same relative paths, writable for their owner."""
    for pattern in wanted.includes:
        found = [path for path in sorted(source.glob(pattern)) if path.is_file()]
        if not found:
            raise BuildFailed(f"{wanted.module}: no file matches '{pattern}'; adapt the table in catalog.py")
        for path in found:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copy.chmod(0o755 if path.suffix == ".sh" else 0o644)  # the module cache is read-only and keeps no x bit


def drop_sources(go: Go) -> None:
    """Downloaded modules are gone: with every tool built, nothing reads them any more."""
    if go.module_cache.is_dir():
        go.run(["clean", "-modcache"], go.root, go.root / "logs" / "clean.log")
