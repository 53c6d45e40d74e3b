"""A rehearsal cluster for the tests that need one, brought up once and taken down at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from rehearsal.cluster import CLONE, DEFAULT_RHODS, Cluster, root_of
from rehearsal.toolchain import tool

UP_SECONDS = 300  # a warm `up` takes under 20; this bounds a machine under load
RUNNING = "E2E_REHEARSAL"  # name of a rehearsal of yours that the tests may use, instead of one of their own


class Kubectl(Protocol):
    """Runs kubectl against the cluster and gives back what it printed."""

    def __call__(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str: ...


def rehearsal(*arguments: str, root: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The rehearsal's own command, with its state under the given root."""
    env = os.environ | ({"REHEARSAL_ROOT": str(root)} if root else {})
    command = [sys.executable, "-m", "rehearsal", *arguments]
    ended = subprocess.run(command, cwd=CLONE, env=env, capture_output=True, text=True, timeout=UP_SECONDS)
    if check and ended.returncode:
        pytest.fail(f"{' '.join(command)}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return ended


@pytest.fixture(scope="session")
def state_root() -> Iterator[Path]:
    """A folder with a short path (sockets live in it) for the state of the tests' own rehearsals."""
    folder = Path(tempfile.mkdtemp(prefix="sd-e2e-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared(state_root: Path) -> Iterator[Cluster]:
    """One rehearsal for all modules that leave it as they found it and say so by SHARES_CLUSTER."""
    rehearsal("up", "--name", "shared", root=state_root)
    try:
        yield Cluster.load(state_root / "shared")
    finally:
        rehearsal("down", "--name", "shared", root=state_root)


@pytest.fixture(scope="module")
def cluster(state_root: Path, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A running rehearsal of the module's own, of the version that its constant RHODS names."""
    if name := os.environ.get(RUNNING):
        yield Cluster.load(root_of(name))
        return
    if getattr(request.module, "SHARES_CLUSTER", False):
        yield request.getfixturevalue("shared")
        return
    version = getattr(request.module, "RHODS", DEFAULT_RHODS)
    rehearsal("up", "--name", "e2e", "--rhods", version, root=state_root)
    try:
        yield Cluster.load(state_root / "e2e")
    finally:
        rehearsal("down", "--name", "e2e", root=state_root)


@pytest.fixture(scope="module")
def kubectl(cluster: Cluster) -> Kubectl:
    return kubectl_for(cluster)


def kubectl_for(cluster: Cluster) -> Kubectl:
    """kubectl of the rehearsal's own tools, as administrator of that cluster."""

    def run(*arguments: str, stdin: str | None = None, check: bool = True) -> str:
        command = [str(tool("kubectl")), "--kubeconfig", str(cluster.kubeconfig), *arguments]
        ended = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120)
        if check and ended.returncode:
            pytest.fail(f"kubectl {' '.join(arguments)}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    return run


@pytest.fixture
def namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own, gone afterwards; shown when the test failed."""
    name = f"t-{request.node.name.removeprefix('test_')[:40].replace('_', '-').strip('-')}".lower()
    kubectl("create", "namespace", name)
    yield name
    if getattr(request.node, "failed", False):
        for what in ("all,pvc,routes", "events"):
            print(kubectl("get", what, "-n", name, "-o", "wide", check=False))
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Fixtures can see whether their test failed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    item.failed = report.failed or getattr(item, "failed", False)  # type: ignore[attr-defined]


def eventually(check: Callable[[], object], seconds: float = 30, every: float = 0.2) -> object:
    """The first true answer of the check, or a failure that shows its last answer."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        if last := check():
            return last
        time.sleep(every)
    pytest.fail(f"not true within {seconds:g} s; last answer: {last!r}")
