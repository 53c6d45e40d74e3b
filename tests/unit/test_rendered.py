"""What was rendered before is taken again only while nothing that went in has changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bootstrap import rendered
from bootstrap.kube.objects import Obj


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "a.yaml").write_text("one")
    return tmp_path / "manifests"


def asked(root: Path, what: str, made: list[str]) -> list[Obj]:
    rendered.state.cache_clear()  # as a new process would see it

    def make() -> list[Obj]:
        made.append(what)
        return [{"kind": "Made", "for": what, "of": (root / "a.yaml").read_text()}]

    return rendered.remembered(root, what, make)


def test_the_same_question_is_rendered_once(root: Path) -> None:
    made: list[str] = []
    assert asked(root, "x", made) == asked(root, "x", made)
    assert made == ["x"]
    asked(root, "y", made)
    assert made == ["x", "y"]


def test_changed_renamed_and_new_manifests_are_rendered_anew(root: Path) -> None:
    made: list[str] = []
    asked(root, "x", made)
    (root / "a.yaml").write_text("two")
    assert asked(root, "x", made)[0]["of"] == "two"
    (root / "b.yaml").write_text("")
    asked(root, "x", made)
    (root / "b.yaml").rename(root / "c.yaml")
    asked(root, "x", made)
    assert made == ["x"] * 4


def test_a_broken_file_is_made_again(root: Path) -> None:
    made: list[str] = []
    asked(root, "x", made)
    (kept,) = (rendered.home() / "rendered").rglob("*.json")
    kept.write_text("[{")
    asked(root, "x", made)
    assert made == ["x", "x"]


def test_a_home_that_cannot_be_written_is_no_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.parent / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(root.parent / "file"))
    assert asked(root, "x", []) == asked(root, "x", [])


def test_old_renderings_go(root: Path) -> None:
    asked(root, "x", [])
    (old,) = (rendered.home() / "rendered").iterdir()
    os.utime(old, (0, time.time() - rendered.KEPT_SECONDS - 1))
    (root / "a.yaml").write_text("two")
    asked(root, "x", [])
    assert not old.exists()
