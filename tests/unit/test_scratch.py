"""The private folder of a run, and what a killed one leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bootstrap.scratch import scratch

KILLED = """
import os, signal
from pathlib import Path
from bootstrap.scratch import scratch
with scratch(Path({folder!r})) as folder:
    (folder / "secret.json").write_text("canary")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_is_ours_alone_and_gone_afterwards(tmp_path: Path) -> None:
    with scratch(tmp_path / "state") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "objects.json").write_text("{}")
    assert list((tmp_path / "state").iterdir()) == []


def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED.format(folder=str(tmp_path))], check=False)
    assert ended.returncode == -9
    assert [path.read_text() for path in tmp_path.rglob("secret.json")] == ["canary"]
    with scratch(tmp_path):
        assert not list(tmp_path.rglob("secret.json"))


def test_a_run_that_goes_on_keeps_its_folder(tmp_path: Path) -> None:
    with scratch(tmp_path) as first, scratch(tmp_path) as second:
        assert first.is_dir()
        assert second != first
