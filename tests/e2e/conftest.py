"""A rehearsal cluster for the tests that need one, brought up once and taken down at the end."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.cluster import DEFAULT_RHODS, Cluster, root_of
from tests.e2e.journey import User, user_of
from tests.e2e.rehearsing import RUNNING, Kubectl, kubectl_for, rehearsal, state_of


@pytest.fixture(scope="session", autouse=True)
def ends_in_order() -> Iterator[None]:
    """SIGTERM ends the tests as Ctrl-C does, which takes the clusters down."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def state_root() -> Iterator[Path]:
    """A folder with a short path (sockets live in it) for the state of the tests' own rehearsals."""
    folder = Path(tempfile.mkdtemp(prefix="sd-e2e-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared(state_root: Path) -> Iterator[Cluster]:
    """One rehearsal for all modules that leave it as they found it and say so by SHARES_CLUSTER."""
    try:
        rehearsal("up", "--name", "shared", root=state_root)
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
    try:
        rehearsal("up", "--name", "e2e", "--rhods", version, root=state_root)
        yield Cluster.load(state_root / "e2e")
    finally:
        rehearsal("down", "--name", "e2e", root=state_root)


@pytest.fixture(scope="module")
def kubectl(cluster: Cluster) -> Kubectl:
    return kubectl_for(cluster)


@pytest.fixture(scope="module")
def somebody(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> User:
    """Somebody with that cluster's environment, and a state directory of their own."""
    return user_of(cluster, tmp_path_factory.mktemp("state"))


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
def pytest_runtest_makereport(item: pytest.Function, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Fixtures can see whether their test failed, and its report shows the state of its cluster."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    item.failed = report.failed or getattr(item, "failed", False)  # type: ignore[attr-defined]
    cluster = getattr(item, "funcargs", {}).get("cluster")
    if report.failed and isinstance(cluster, Cluster):
        report.sections.append((f"rehearsal {cluster.name}", state_of(cluster)))
