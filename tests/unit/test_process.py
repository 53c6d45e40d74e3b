"""Outside commands: run to their end, told as one could paste them, never left behind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bootstrap.errors import CommandFailed
from bootstrap.process import run


def test_output_code_and_input_come_through(tmp_path: Path) -> None:
    done = run(["sh", "-c", 'cat; echo "$WHO" >&2; pwd'], stdin="in\n", cwd=tmp_path, env={"WHO": "me"})
    assert (done.stdout, done.stderr, done.code) == (f"in\n{tmp_path}\n", "me\n", 0)


def test_a_failure_can_be_pasted_and_shows_the_end_of_its_output(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        run(["sh", "-c", "seq 30 >&2; exit 3"], cwd=tmp_path)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"failed with exit code 3: cd {tmp_path} && sh -c 'seq 30 >&2; exit 3'"
    assert lines[1:] == [f"  {number}" for number in range(11, 31)]


def test_a_failure_that_is_expected_is_a_result() -> None:
    assert run(["false"], check=False).code == 1


def test_a_command_that_is_missing_is_named() -> None:
    with pytest.raises(CommandFailed, match="no-such-tool is not there; it is needed for: no-such-tool --help"):
        run(["no-such-tool", "--help"])


def test_a_folder_that_is_missing_is_not_blamed_on_the_command() -> None:
    with pytest.raises(CommandFailed, match="folder /nowhere is not there"):
        run(["true"], cwd=Path("/nowhere"))


def test_a_signal_is_told_by_name() -> None:
    with pytest.raises(CommandFailed, match="ended by SIGTERM"):
        run(["sh", "-c", "kill -TERM $$"])


def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(CommandFailed, match="not done after 0 s and ended"):
        run(["sh", "-c", "(sleep 2; touch late) & sleep 20"], cwd=tmp_path, timeout=0.3)
    assert time.monotonic() - started < 5
    time.sleep(2.0)
    assert not (tmp_path / "late").exists()
