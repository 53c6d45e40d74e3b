"""What the doctor says about the Git repository, with real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bootstrap import repository
from bootstrap.doctor import origin
from bootstrap.secret import Secret
from bootstrap.settings import Settings
from tests.unit.doctor.cases import said


class Clone:
    """A clone with a remote of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.remote = folder / "clone", folder / "remote.git"
        subprocess.run(["git", "init", "-q", "--bare", self.remote], check=True)
        subprocess.run(["git", "init", "-q", "-b", "main", self.folder], check=True)
        self.git("remote", "add", "origin", str(self.remote))
        (self.folder / "manifests").mkdir()
        self.commit("one")
        self.git("push", "-q", "origin", "main")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        command = ["git", "-C", str(self.folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, text: str) -> str:
        (self.folder / "manifests" / "a.yaml").write_text(text)
        self.git("add", "manifests")
        self.git("commit", "-q", "-m", text)
        return self.git("rev-parse", "HEAD")

    def says(self, **settings: object) -> list[str]:
        found = origin.gather(Settings(**settings))
        return [text for check in origin.CHECKS for text in said(check.look, found)]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    made = Clone(tmp_path)
    monkeypatch.setattr(repository, "CLONE", made.folder)
    return made


def test_a_pushed_commit_is_fine(clone: Clone) -> None:
    assert clone.says() == []


def test_an_older_commit_of_a_branch_is_fine(clone: Clone) -> None:
    first = clone.git("rev-parse", "HEAD")
    clone.git("commit", "-q", "--allow-empty", "-m", "two")
    clone.git("push", "-q", "origin", "main")
    assert clone.says(revision=first) == []


@pytest.mark.parametrize("named", ["main", "the commit itself"])
def test_manifests_other_than_those_of_a_chosen_revision_are_said(clone: Clone, named: str) -> None:
    first = clone.git("rev-parse", "HEAD")
    clone.commit("two")
    (said,) = clone.says(revision=first if named != "main" else named)
    assert said.startswith("! manifests: not as in REVISION: manifests/a.yaml; Argo CD delivers ")
    assert "leave REVISION out or choose one like this working copy" in said


def test_an_unpushed_commit_blocks(clone: Clone) -> None:
    head = clone.commit("two")
    assert clone.says() == [
        f"x {clone.remote}: has no commit {head[:12]}; Argo CD delivers exactly that; "
        "git push, or set DELIVERY=direct to apply this working copy without Git"
    ]


def test_a_changed_manifest_is_said(clone: Clone) -> None:
    (clone.folder / "manifests" / "a.yaml").write_text("changed")
    head = clone.git("rev-parse", "HEAD")
    assert clone.says() == [
        f"! manifests: changed and not committed: manifests/a.yaml; Argo CD delivers {head} without these "
        "changes, and a run waits for what is here; commit and push them, "
        "or set DELIVERY=direct to apply this working copy without Git"
    ]


def test_a_branch_that_is_not_there_blocks(clone: Clone) -> None:
    (found,) = clone.says(revision="nosuch")
    assert found.startswith(f"x {clone.remote}: has no branch or tag 'nosuch'; Argo CD delivers exactly that; choose")


def test_a_foreign_commit_cannot_be_told_from_here(clone: Clone) -> None:
    (found,) = clone.says(revision="b" * 40)
    assert found.startswith(f"! {clone.remote}: may not have commit {'b' * 12}: it is at the tip of no branch or tag")


def test_a_repository_that_cannot_be_read_blocks(clone: Clone, tmp_path: Path) -> None:
    (found,) = clone.says(repo_url=str(tmp_path / "nosuch.git"))
    assert found.startswith(f"x {tmp_path / 'nosuch.git'}: cannot be read from here: ")
    assert "check REPO_URL, REPO_TOKEN or REPO_KEY_FILE, CA_FILE and the proxy, or set DELIVERY=direct" in found


def test_no_remote_at_all_blocks(clone: Clone) -> None:
    clone.git("remote", "remove", "origin")
    assert clone.says()[0].startswith("x REPO_URL: is not set, and this folder has no Git remote 'origin'; ")


def test_a_token_is_on_no_command_line(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []
    real = origin.process.run

    def watched(argv: list[str], **options: object) -> object:
        ran.append((argv, options.get("env") or {}))
        return real(argv, **options)

    monkeypatch.setattr(origin.process, "run", watched)
    clone.says(repo_token=Secret("hunter2"))
    listing = next(one for one in ran if "ls-remote" in one[0])
    assert "hunter2" not in " ".join(listing[0])
    assert listing[1]["GIT_CONFIG_VALUE_1"] == "Authorization: Basic Z2l0Omh1bnRlcjI="


def test_ssh_without_a_key_is_refused_before_anything_changes(clone: Clone) -> None:
    assert clone.says(repo_url="ssh://alice@git.example.com/me/demo.git") == [
        "x ssh://alice@git.example.com/me/demo.git: is read over SSH, and REPO_KEY_FILE is not set; "
        "Argo CD has no key of yours; set REPO_KEY_FILE, or REPO_URL to its https URL, "
        "or set DELIVERY=direct to apply this working copy without Git"
    ]
