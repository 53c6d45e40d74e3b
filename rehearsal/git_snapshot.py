"""A snapshot of the working copy in a bare repository, which the cluster serves at `Cluster.git_url`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rehearsal.cluster import CLONE, Cluster, RehearsalError

BRANCH = "main"
AUTHOR = {
    "GIT_AUTHOR_NAME": "rehearsal",
    "GIT_AUTHOR_EMAIL": "rehearsal@rehearsal.test",
    "GIT_COMMITTER_NAME": "rehearsal",
    "GIT_COMMITTER_EMAIL": "rehearsal@rehearsal.test",
}
# the user's own Git settings (signing, line ends, hooks) must not change what a snapshot holds
NEUTRAL = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


def take(cluster: Cluster, source: Path = CLONE) -> str:
    """Branch main of the bare repository is the working copy, uncommitted and untracked files included.

    Returns the revision; an unchanged working copy keeps the one it has. The source repository is only read.
    """
    bare = cluster.git / "serving-demo.git"
    if not (bare / "HEAD").exists():
        cluster.git.mkdir(parents=True, exist_ok=True)
        _git(["init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(bare)], NEUTRAL)
    index = bare / "snapshot.index"
    index.unlink(missing_ok=True)
    environment = {
        **NEUTRAL,
        **AUTHOR,
        "GIT_DIR": str(bare),
        "GIT_WORK_TREE": str(source),
        "GIT_INDEX_FILE": str(index),
    }
    try:
        _git(["update-index", "--add", "--remove", "-z", "--stdin"], environment, source, _files(source, environment))
        return _commit(environment)
    finally:
        index.unlink(missing_ok=True)


def _commit(environment: dict[str, str]) -> str:
    tree = _git(["write-tree"], environment).decode().strip()
    known = (
        _git(["for-each-ref", "--format=%(objectname) %(tree)", f"refs/heads/{BRANCH}"], environment).decode().split()
    )
    if known and known[1] == tree:
        return known[0]
    parent = ["-p", known[0]] if known else []
    commit = _git(["commit-tree", tree, *parent, "-m", "Snapshot of the working copy"], environment).decode().strip()
    _git(["update-ref", f"refs/heads/{BRANCH}", commit], environment)
    _git(["update-server-info"], environment)
    return commit


def _files(source: Path, environment: dict[str, str]) -> bytes:
    """Tracked and untracked, but not ignored paths, each ended by NUL."""
    if (source / ".git").exists():
        return _git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {}, source)
    return _git(["ls-files", "-z", "--others", "--exclude-standard"], environment, source)


def _git(arguments: Sequence[str], extra: dict[str, str], folder: Path | None = None, given: bytes = b"") -> bytes:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", *arguments]
    done = subprocess.run(command, env={**kept, **extra}, cwd=folder, input=given, capture_output=True, timeout=120)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise RehearsalError(f"`{' '.join(command)}` failed in {folder or Path.cwd()}: {said}")
    return done.stdout
