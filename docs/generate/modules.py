"""What the project is made with, as its lock files say: Go modules of the tools, and Python packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.generate.messages import ROOT

REQUIRED = re.compile(r"^(?:require )?\t?([\w.~-]+\.[\w.~/-]+) (v\S+)", re.MULTILINE)
REPLACED = re.compile(r"^(?:replace )?\t?(\S+)(?: v\S+)? => (\S+) (v\S+)$", re.MULTILINE)
TOOL = re.compile(r"^(?:tool )?\t?([\w.-]+\.[\w./-]+)$", re.MULTILINE)
PACKAGE = re.compile(r"^([A-Za-z0-9][\w.-]*)==([\w.!+]+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Module:
    """One locked module or package, with the hashes that its lock file demands."""

    name: str
    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool module: what it builds, the module that this comes from, and everything linked into it."""

    name: str
    main: Module
    modules: tuple[Module, ...]


def go_mod(path: Path) -> tuple[list[Module], list[str]]:
    """Return what a go.mod requires, as replaced, with the hashes of its go.sum; and the packages of its tools."""
    text = re.sub(r" *//.*$", "", path.read_text(), flags=re.MULTILINE)
    sums = dict(re.findall(r"^(\S+ v\S+) (h1:\S+)$", path.with_name("go.sum").read_text(), re.MULTILINE))
    replaced = {old: (new, version) for old, new, version in REPLACED.findall(text)}
    required = REQUIRED.findall(REPLACED.sub("", text))
    found = [replaced.get(name, (name, version)) for name, version in required]
    # what has no h1 is only read for its own requirements, and built into nothing
    modules = [Module(*one, (sums[" ".join(one)],)) for one in found if " ".join(one) in sums]
    return modules, TOOL.findall(text)


def tools() -> list[Tool]:
    """Return every tool module of the rehearsal; its main module is the one that its tools are packages of."""
    found = []
    for path in sorted((ROOT / "rehearsal").rglob("go.mod")):
        if not path.with_name("go.sum").exists():  # a module of ours that uses no other
            continue
        modules, packages = go_mod(path)
        # a module that only lends files has no tool, and names nothing else
        main = next((one for one in modules for package in packages if f"{package}/".startswith(f"{one.name}/")), None)
        found.append(Tool(path.parent.name, main or modules[0], tuple(modules)))
    return found


def packages(path: Path) -> Iterator[Module]:
    """Yield the packages of a file of pip requirements."""
    for part in re.split(r"\n(?=\S)", path.read_text()):
        if found := PACKAGE.match(part):
            yield Module(found[1], found[2], tuple(HASH.findall(part)))


def python_locks() -> list[Path]:
    """Return the files of locked Python packages: the product's first, then those of the rehearsal's images."""
    return [ROOT / "requirements.lock", *sorted((ROOT / "rehearsal" / "environments").glob("*.txt"))]
