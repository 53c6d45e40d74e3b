"""A rehearsal by a user who is not root: up with everything in it, a Job, and nothing left after down."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal import processes
from rehearsal.cluster import CLONE, Cluster
from rehearsal.toolchain.cache import cache_root

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
UID = 23456  # of nobody on this machine
SECONDS = 600  # half a minute on an idle machine


@dataclass(frozen=True, slots=True)
class Somebody:
    """A user with a home, a clone, a virtualenv and a cache of built tools."""

    home: Path

    @property
    def clone(self) -> Path:
        return self.home / "clone"

    def run(self, *command: str) -> str:
        """What the command prints; it succeeds."""
        user = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--")
        # with a part left out, however it is called, environments of images are not made: that takes a network
        environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "REHEARSAL_WITHOUT": "none"}
        ended = subprocess.run(
            [*user, *command], cwd=self.home, env=environment, capture_output=True, text=True, timeout=SECONDS
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def rehearsal(self, *arguments: str) -> str:
        python = str(self.clone / ".venv/bin/python")
        return self.run("env", f"--chdir={self.clone}", python, "-m", "rehearsal", *arguments)


@pytest.fixture
def somebody() -> Iterator[Somebody]:
    """One who did not build the tools, nor install the packages, but may read them."""
    if os.geteuid() != 0:
        pytest.skip("an ordinary user runs these tests already")
    home = Path(tempfile.mkdtemp(prefix="sd-user-", dir="/tmp"))
    try:
        found = Somebody(home)
        home.chmod(0o755)
        subprocess.run(["git", "clone", "--quiet", f"file://{CLONE}", str(found.clone)], check=True)
        shutil.copytree(cache_root() / "bin", home / ".cache/serving-demo/bin", copy_function=link_or_copy)
        subprocess.run(["chown", "--recursive", "--no-dereference", f"{UID}:{UID}", str(found.clone)], check=True)
        for folder in (home, *(home / ".cache").rglob("*")):
            if folder.is_dir():
                os.chown(folder, UID, UID)
        environment(found)
        yield found
    finally:
        processes.stop(processes.find(home / "clone/.rehearsal/mine"), 20)
        shutil.rmtree(home)


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def environment(somebody: Somebody) -> None:
    """A virtualenv of the user's own, with our packages in it, where the machine's own Python can use them."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    try:
        somebody.run(f"/usr/bin/{version}", "-m", "venv", "--without-pip", str(somebody.clone / ".venv"))
    except (AssertionError, FileNotFoundError) as error:
        pytest.skip(f"an ordinary user has no {version} here: {error}")
    # not a path to ours: a rehearsal sees its own clone, and little of what else is below /tmp
    theirs = somebody.clone / ".venv/lib" / version / "site-packages"
    shutil.copytree(sysconfig.get_path("purelib"), theirs, copy_function=link_or_copy, dirs_exist_ok=True)


def test_an_ordinary_user_has_the_whole_cluster_and_nothing_left_after_it(somebody: Somebody) -> None:
    assert "FAIL" not in somebody.rehearsal("check")
    somebody.rehearsal("up", "--name", "mine")
    root = somebody.clone / ".rehearsal" / "mine"
    (outer,) = processes.find(root)
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in processes.inside(outer)} == {UID}
    kubectl = (str(root / "bin/kubectl"), "--kubeconfig", str(Cluster.load(root).kubeconfig), "-n", "default")
    somebody.run(*kubectl, "create", "job", "greet", "--image=busybox", "--", "sh", "-c", "id -u")
    somebody.run(*kubectl, "wait", "--for=condition=complete", "job/greet", "--timeout=60s")
    assert somebody.run(*kubectl, "logs", "job/greet").strip().isdigit()
    somebody.rehearsal("down", "--name", "mine")
    assert not root.exists()
    assert processes.find(root) == []
