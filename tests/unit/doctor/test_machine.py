"""What the doctor says about a machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bootstrap.doctor import machine
from bootstrap.doctor.machine import Machine
from bootstrap.settings import Settings
from tests.unit.doctor.cases import said

GOOD = Machine((3, 12), frozenset({"git", "jq", "oc"}), True, Path("bin"), Path("state"), 2**40)
CASES = [
    (
        machine.python,
        {"python": (3, 9)},
        "x Python: this is 3.9; the demo runs on 3.11 to 3.13; "
        "remove .venv and run `make PYTHON=python3.12`, or another of these versions",
    ),
    (machine.python, {"python": (3, 14)}, "x Python: this is 3.14; the demo runs on 3.11 to 3.13; "),
    (machine.ansible, {"ansible": False}, "x bin: has no ansible-playbook; "),
    (
        machine.programs,
        {"programs": frozenset({"oc"})},
        "x PATH: has no git; Argo CD delivers a commit of this clone, and git names it; "
        "install git, or set DELIVERY=direct",
    ),
    (
        machine.programs,
        {"programs": frozenset({"git", "oc"}), "query": True},
        "x PATH: has no jq; QUERY is run by it; install jq, or use JSON=1 without QUERY",
    ),
    (machine.programs, {"programs": frozenset({"git"})}, "x PATH: has neither kustomize, oc nor kubectl; "),
    (machine.disk, {"free": None}, "x STATE_DIR state: cannot be written; "),
    (machine.disk, {"free": 50 * 2**20}, "x STATE_DIR state: has 50 MiB free; "),
    (
        machine.creds,
        {"creds": Path("creds.env"), "creds_mode": 0o644},
        "! creds.env: others on this machine may read it (mode 644); it holds a password or token; chmod 600 creds.env",
    ),
]


@pytest.mark.parametrize(("look", "bad", "message"), CASES, ids=[case[2][:40] for case in CASES])
def test_each_lack_is_said_with_its_next_step(look: object, bad: dict, message: str) -> None:
    (found,) = said(look, replace(GOOD, **bad))
    assert found.startswith(message)


@pytest.mark.parametrize("fine", [{}, {"gitops": False, "programs": frozenset({"kubectl"})}, {"creds_mode": 0o600}])
def test_nothing_is_said_of_a_machine_that_can_do_it(fine: dict) -> None:
    assert [text for check in machine.CHECKS for text in said(check.look, replace(GOOD, **fine))] == []


def test_the_state_directory_is_not_made_by_looking(tmp_path: Path) -> None:
    creds = tmp_path / "creds.env"
    creds.touch(mode=0o640)
    creds.chmod(0o640)
    found = machine.gather(Settings(state_dir=tmp_path / "a" / "b"), creds, gitops=True)
    assert (found.creds_mode, found.free is not None, (tmp_path / "a").exists()) == (0o640, True, False)
