"""The wheel: built offline, it holds everything the command reads, and runs from an empty directory."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import bootstrap
from bootstrap import repository, stages, tree
from bootstrap.errors import DemoError
from bootstrap.settings import Settings
from tests.unit.test_house import tracked

ROOT = Path(__file__).parents[2]
CARRIED = ("ansible.cfg", "creds.env.example", "manifests/", "playbooks/", "model/fraud", "model/known_answers")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    built = subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, check=True, capture_output=True, text=True)
    return folder / built.stdout.strip()


@pytest.fixture(scope="module")
def site(wheel: Path) -> Path:
    """The wheel as pip would unpack it; what it depends on stays where it is."""
    folder = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def command(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(site)}
    code = "import sys; from bootstrap.__main__ import main; sys.argv[0] = 'serving-demo'; sys.exit(main())"
    argv = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def test_it_holds_every_module_playbook_role_manifest_and_model(wheel: Path) -> None:
    there = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.as_posix() for path in tracked("bootstrap/*.py")}
    needed = [path.as_posix() for path in tracked() if path.parts[0] != "model" or path.suffix != ".py"]
    carried = {f"bootstrap/carried/{path}" for path in needed if path.startswith(CARRIED)}
    assert len(modules) > 60
    assert len(carried) > 90
    assert not (modules | carried) - there


def test_it_holds_nothing_that_git_does_not_know(wheel: Path) -> None:
    known = {path.as_posix() for path in tracked()}
    inside = {name.removeprefix("bootstrap/carried/") for name in zipfile.ZipFile(wheel).namelist()}
    assert not {name for name in inside - known if ".dist-info/" not in name}


def test_it_gives_the_command_and_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = f"serving_demo-{bootstrap.__version__}.dist-info"
        assert "serving-demo = bootstrap.__main__:main" in archive.read(f"{info}/entry_points.txt").decode()
        assert "Apache License" in archive.read(f"{info}/licenses/LICENSE").decode()


def test_the_version_stands_in_one_place_and_in_the_changelog() -> None:
    assert "version" in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"]
    assert f"\n## {bootstrap.__version__} " in (ROOT / "CHANGELOG.md").read_text()


def test_version_and_help_need_nothing(site: Path, tmp_path: Path) -> None:
    assert command(site, tmp_path, "--version").stdout == f"serving-demo {bootstrap.__version__}\n"
    shown = command(site, tmp_path, "help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "  teardown " in shown.stdout
    assert str(site / "bootstrap" / "carried" / "creds.env.example") in shown.stdout


def test_doctor_looks_at_the_machine_and_names_the_ways_on(site: Path, tmp_path: Path) -> None:
    said = command(site, tmp_path, "doctor")
    assert said.returncode == 2
    assert "  ok python\n" in said.stdout
    assert "repository" not in said.stdout  # nothing is delivered from Git by an installed copy
    assert f"cp {site}/bootstrap/carried/creds.env.example creds.env" in said.stderr
    assert "serving-demo demo KUBECONFIG=<file>" in said.stderr


def test_it_finds_its_own_playbooks_manifests_and_models(site: Path, tmp_path: Path) -> None:
    code = (
        "from bootstrap import manifests, playbooks, repository, stages, tree, verify\n"
        "assert all(p.is_file() for p in verify.ANSWERS.values())\n"
        "assert all((stages.MODEL / n / '1' / 'model.onnx').is_file() for n in stages.PREFIXES)\n"
        "assert (playbooks.PLAYBOOKS / 'site.yml').is_file() and manifests.ROOT.is_dir()\n"
        "assert not repository.is_clone()\n"
        "print(tree.ROOT)"
    )
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(site)}
    argv = [sys.executable, "-P", "-c", code]
    said = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.strip() == str(site / "bootstrap" / "carried")


def test_ansible_reads_the_installed_playbooks_and_plugins(site: Path, tmp_path: Path) -> None:
    carried = site / "bootstrap" / "carried"
    env = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(site), "ANSIBLE_CONFIG": str(carried / "ansible.cfg")}
    ansible = Path(sys.executable).with_name("ansible-playbook")
    argv = [ansible, "--syntax-check", carried / "playbooks" / "site.yml"]
    said = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stderr


def test_a_clone_is_read_where_it_is(tmp_path: Path) -> None:
    assert tree.ROOT == ROOT
    (tmp_path / "bootstrap" / "carried").mkdir(parents=True)
    assert tree.root_of(tmp_path / "bootstrap") == tmp_path / "bootstrap" / "carried"


def test_an_installed_copy_delivers_directly_unless_told_where_its_commit_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "CLONE", tmp_path)
    assert stages.delivery_of(Settings(), None) == "direct"
    with pytest.raises(
        DemoError, match=r"REVISION is not set and this installed copy is no commit of https://g/r\.git"
    ):
        repository.locate(Settings(delivery="gitops", repo_url="https://g/r.git"))
    assert repository.locate(Settings(repo_url="https://g/r.git", revision="a" * 40)) == ("https://g/r.git", "a" * 40)
