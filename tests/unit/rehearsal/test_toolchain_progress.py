"""What a builder says, on a terminal and in a log, and how two builders keep out of each other's way."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest

from rehearsal.toolchain.errors import BuildLocked
from rehearsal.toolchain.lock import builder_lock, describe_holder
from rehearsal.toolchain.progress import Progress, finished, running


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_a_running_step_says_which_how_many_how_long_and_what_is_typical() -> None:
    assert running(3, 11, "kubernetes v1.36.2", 84.4, 240) == "[3/11] kubernetes v1.36.2 … 84 s (typically 240 s)"


def test_a_finished_step_says_its_time() -> None:
    assert finished(3, 11, "etcd v3.6.14", 18.6, "built in") == "[3/11] etcd v3.6.14: built in 19 s"


def test_a_log_gets_plain_lines() -> None:
    stream = io.StringIO()
    progress = Progress(2, stream)
    for name in ("one", "two"):
        with progress.step(name, 5):
            pass
    assert stream.getvalue().splitlines() == [
        "[1/2] one … 0 s (typically 5 s)",
        "[1/2] one: built in 0 s",
        "[2/2] two … 0 s (typically 5 s)",
        "[2/2] two: built in 0 s",
    ]


def test_a_terminal_gets_one_line_that_is_rewritten() -> None:
    stream = Terminal()
    with Progress(1, stream).step("one", 5):
        pass
    assert stream.getvalue() == "\r\x1b[K[1/1] one … 0 s (typically 5 s)\r\x1b[K[1/1] one: built in 0 s\n"


def test_a_step_that_fails_is_closed_as_failed() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="no"), Progress(1, stream).step("one", 5):
        raise ValueError("no")
    assert stream.getvalue().endswith("[1/1] one: failed after 0 s\n")


def test_a_long_step_gives_signs_of_life_in_a_log() -> None:
    stream = io.StringIO()
    with Progress(1, stream, remind=0.01).step("one", 5):
        while stream.getvalue().count("…") < 3:
            time.sleep(0.01)
    assert stream.getvalue().count("[1/1] one … ") >= 3


def test_a_second_builder_hears_who_builds_and_since_when(tmp_path: Path) -> None:
    lock = tmp_path / "cache/builder.lock"
    said: list[str] = []
    with builder_lock(lock, "etcd, kubernetes"):
        with (
            pytest.raises(BuildLocked, match=rf"process {os.getpid()} builds etcd, kubernetes since \d\d:\d\d:\d\d"),
            builder_lock(lock, "etcd", wait=0, say=said.append),
        ):
            pytest.fail("two builders at once")
        with pytest.raises(BuildLocked), builder_lock(lock, "etcd", wait=0.6, say=said.append):
            pytest.fail("two builders at once")
    assert len(said) == 1
    assert "waiting for it, at most 1 s" in said[0]


def test_the_lock_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with builder_lock(tmp_path / "builder.lock", "etcd", wait=0):
            pass


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_holder_that_has_not_written_yet_is_still_named(text: str) -> None:
    assert describe_holder(text) == "another process builds"
