"""A missing tool is named with its package, before anything is made; make and a commit run the same checks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bootstrap import prerequisites
from tests.unit.test_house import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a fresh clone as make needs before there is a virtualenv."""
    (tmp_path / "bootstrap").mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "bootstrap/prerequisites.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make(clone: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("make")
    if not program:
        pytest.skip("there is no make here")
    env = {"PATH": os.environ["PATH"], "HOME": str(clone), **environ}
    argv = [program, *arguments]
    return subprocess.run(argv, cwd=clone, env=env, capture_output=True, text=True, timeout=60)


def test_a_missing_interpreter_is_named_with_its_package(clone: Path) -> None:
    said = make(clone, "doctor", "PYTHON=python3.99")
    assert said.returncode == 2
    assert (
        "PATH has no python3.99: install the package python3 (3.11 to 3.13), or say make PYTHON=<path>" in said.stderr
    )
    assert not (clone / ".venv").exists()


def test_a_make_that_is_too_old_is_named_with_its_package(clone: Path) -> None:
    said = make(clone, "help", ".FEATURES=", "MAKE_VERSION=3.80")
    assert said.returncode == 2
    assert "this is make 3.80, and the demo needs GNU make 3.81; install the package make" in said.stderr


def test_a_missing_git_is_named_before_anything_is_made(clone: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "make"):
        (programs / name).symlink_to(shutil.which(name) or name)
    said = make(clone, "doctor", f"PYTHON={sys.executable}", PATH=str(programs))
    assert said.returncode == 2
    assert "PATH: has no git, which names the commit that is delivered; install the package git" in said.stderr
    assert not (clone / ".venv").exists()


def test_a_python_without_venv_is_told_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else object())
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert prerequisites.problems((3, 12)) == [
        "Python: 3.12 has no venv with pip; install the package "
        "python3.12-venv (Debian, Ubuntu) or python3-pip (Fedora)"
    ]


@pytest.mark.parametrize(
    ("there", "step"),
    [
        ({"git", "python3.11", "python3.12"}, "make PYTHON=python3.12"),
        ({"git"}, "install the package python3.12, then make PYTHON=python3.12"),
    ],
)
@pytest.mark.parametrize("version", [(3, 9), (3, 14)])
def test_another_python_is_told_which_fits(
    version: tuple[int, int], there: set[str], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name if name in there else None)
    shown = f"{version[0]}.{version[1]}"
    assert prerequisites.problems(version) == [f"Python: this is {shown}, and the demo runs on 3.11 to 3.13; {step}"]


def test_old_pythons_can_read_the_file_that_tells_them() -> None:
    text = (ROOT / "bootstrap" / "prerequisites.py").read_text()
    assert "from __future__ import annotations" not in text  # a syntax error before 3.7
    assert not re.search(r":=|match |except\*|\bimport bootstrap", text)


def test_the_limits_are_those_of_the_project_and_of_the_doctor() -> None:
    from bootstrap.doctor import machine

    assert (machine.OLDEST, machine.TOO_NEW) == (prerequisites.OLDEST, prerequisites.TOO_NEW)
    assert 'requires-python = ">=3.11,<3.14"' in (ROOT / "pyproject.toml").read_text()


def test_a_commit_runs_the_commands_of_make_lint() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe
    commands = {one.strip() for line in recipe[1].splitlines() for one in line.strip("\t@").split("&&")}
    programs = {re.sub(r"^PATH=\S+ ", "", one).replace("$(BIN)/", "") for one in commands}
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repository,) = config["repos"]
    hooks = {hook["id"]: hook["entry"].replace(".venv/bin/", "") for hook in repository["hooks"]}
    assert repository["repo"] == "local"
    assert all(hook["language"] == "system" for hook in repository["hooks"])
    # pre-commit gives the files, make the folder
    assert {re.sub(r" (\.|\.ci/run)$", "", one) for one in programs} == {
        entry.removeprefix("env PATH=.venv/bin:/usr/bin:/bin ") for name, entry in hooks.items() if name != "house"
    }
