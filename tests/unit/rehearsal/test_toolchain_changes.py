"""A changed module is built from a copy, and a change that no longer fits stops the build."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.toolchain import build
from rehearsal.toolchain.catalog import TOOLS, Tool
from rehearsal.toolchain.differences import Change
from rehearsal.toolchain.errors import BuildFailed
from rehearsal.toolchain.go import Go
from rehearsal.toolchain.key import content_key

SLOW = Change("example.com/client", "rest/config.go", "QPS = 5", "QPS = 100")
# stands in for Go: knows one module, keeps a copy of the go.mod that a build is given, and of the changed file
FAKE_GO = """#!/bin/sh
[ "$1 $2" = "mod verify" ] && exit 0
[ "$1 $2" = "mod download" ] && echo '{facts}' && exit 0
while [ $# -gt 0 ]; do
  [ "$1" = -modfile ] && cp "$2" {seen}/go.mod && cp "$(dirname "$2")"/example.com/client/rest/config.go {seen}/
  [ "$1" = -o ] && touch "$2"
  shift
done
exit 0
"""


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """The module in the cache, read-only as Go leaves it."""
    folder = tmp_path / "client@v1.0.0"
    (folder / "rest").mkdir(parents=True)
    (folder / "rest" / "config.go").write_text("const QPS = 5\n")
    (folder / "rest" / "config.go").chmod(0o444)
    (folder / "rest").chmod(0o555)
    return folder


@pytest.fixture
def entry(tmp_path: Path) -> Tool:
    """A tool that is built with the change."""
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module sample\n\nrequire example.com/client v1.0.0\n")
    (folder / "go.sum").write_text("")
    return Tool("sample", "v1", {"sample": "."}, folder=str(folder), changes=(SLOW,))


def built(entry: Tool, client: Path, tmp_path: Path) -> Path:
    """What a build of the entry was given."""
    seen = tmp_path / "seen"
    seen.mkdir()
    program = tmp_path / "go"
    program.write_text(FAKE_GO.format(facts=json.dumps({"Dir": str(client)}), seen=seen))
    program.chmod(0o755)
    build.build_one(entry, Go(program, tmp_path / "cache"))
    return seen


def test_the_build_reads_the_changed_copy_and_the_original_stays(entry: Tool, client: Path, tmp_path: Path) -> None:
    seen = built(entry, client, tmp_path)
    assert (seen / "config.go").read_text() == "const QPS = 100\n"
    first, *_, last = (seen / "go.mod").read_text().splitlines()
    assert (first, last.split(" => ")[0]) == ("module sample", "replace example.com/client")
    assert (client / "rest" / "config.go").read_text() == "const QPS = 5\n"


@pytest.mark.parametrize("text", ["const QPS = 7\n", "const QPS = 5\nconst QPS = 5\n"])
def test_a_passage_that_is_not_there_once_stops_the_build(text: str, entry: Tool, client: Path, tmp_path: Path) -> None:
    (client / "rest" / "config.go").chmod(0o644)
    (client / "rest" / "config.go").write_text(text)
    with pytest.raises(BuildFailed, match=r"example.com/client/rest/config.go: 'QPS = 5' stands there [02] times"):
        built(entry, client, tmp_path)


def test_the_key_follows_the_changes_and_only_them(entry: Tool) -> None:
    assert content_key(entry) != content_key(replace(entry, changes=()))


def test_every_change_says_something_else_and_names_a_module_of_its_tool() -> None:
    for tool in TOOLS:
        for change in tool.changes:
            assert change.before != change.after
            assert f"{change.module} v" in (tool.source / "go.mod").read_text()
