"""The Git snapshot holds the working copy as it is, and the user's repository stays as it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rehearsal import git_snapshot
from rehearsal.cluster import Cluster, RehearsalError


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "work")
    for name, text in {"kept": "1", "changed": "1", "deleted": "1", "staged": "1", ".gitignore": "secret\n"}.items():
        (folder / name).write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    (folder / "changed").write_text("2")
    (folder / "deleted").unlink()
    (folder / "new file").write_text("new")
    (folder / "secret").write_text("never")
    (folder / "staged").write_text("2")
    git(folder, "add", "staged")
    return folder


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster("one", tmp_path / "state")


def content(cluster: Cluster, revision: str) -> dict[str, str]:
    bare = cluster.git / "serving-demo.git"
    names = git(bare, "ls-tree", "-r", "--name-only", "-z", revision).split("\0")
    return {name: git(bare, "show", f"{revision}:{name}") for name in names if name}


def test_it_holds_uncommitted_and_untracked_files_but_no_ignored_ones(source: Path, cluster: Cluster) -> None:
    revision = git_snapshot.take(cluster, source)
    assert content(cluster, revision) == {
        "kept": "1",
        "changed": "2",
        "staged": "2",
        "new file": "new",
        ".gitignore": "secret\n",
    }


def test_the_source_repository_is_only_read(source: Path, cluster: Cluster) -> None:
    def state() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in (source / ".git").rglob("*") if path.is_file()}

    before, shown = state(), git(source, "status", "--porcelain")
    before = state()  # `status` itself may refresh the index
    git_snapshot.take(cluster, source)
    assert state() == before
    assert git(source, "status", "--porcelain") == shown


def test_an_unchanged_working_copy_keeps_its_revision(source: Path, cluster: Cluster) -> None:
    assert git_snapshot.take(cluster, source) == git_snapshot.take(cluster, source)


def test_a_change_makes_a_revision_on_top_of_the_last(source: Path, cluster: Cluster) -> None:
    first = git_snapshot.take(cluster, source)
    (source / "kept").unlink()
    second = git_snapshot.take(cluster, source)
    bare = cluster.git / "serving-demo.git"
    assert "kept" not in content(cluster, second)
    assert git(bare, "rev-parse", "main~1").strip() == first
    assert git(bare, "rev-parse", "main").strip() == second


def test_it_can_be_cloned_without_the_source(source: Path, cluster: Cluster, tmp_path: Path) -> None:
    git_snapshot.take(cluster, source)
    source.rename(tmp_path / "elsewhere")
    git(tmp_path, "clone", "-q", str(cluster.git / "serving-demo.git"), "copy")
    assert (tmp_path / "copy" / "new file").read_text() == "new"


def test_a_folder_without_git_is_taken_too(source: Path, cluster: Cluster, tmp_path: Path) -> None:
    (source / ".git").rename(tmp_path / "away")
    assert "secret" not in content(cluster, git_snapshot.take(cluster, source))


def test_variables_of_a_surrounding_git_command_do_not_matter(
    source: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    assert "new file" in content_after(cluster, git_snapshot.take(cluster, source), monkeypatch)


def content_after(cluster: Cluster, revision: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    return content(cluster, revision)


def test_a_failing_git_is_reported_as_one_could_paste_it(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / ".git").write_text("nonsense")
    with pytest.raises(RehearsalError, match=r"`git ls-files .*` failed in .*broken: fatal"):
        git_snapshot.take(cluster, tmp_path / "broken")
