"""Rehearsals for the tests: the command, kubectl against one, waiting, and what of one explains a failure."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from rehearsal.cluster import CLONE, Cluster
from rehearsal.toolchain import tool

UP_SECONDS = 420  # a warm `up` takes under 20; more than its own limit, so that it can say what is missing
KUBECTL_SECONDS = 300  # more than the --timeout of any wait given to it, so that it can say what is missing
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


def kubectl_command(cluster: Cluster, *arguments: str) -> list[str]:
    """kubectl of the rehearsal's own tools, as administrator of that cluster; its cache goes with the cluster."""
    cache = cluster.run / "kubectl-cache"
    return [str(tool("kubectl")), f"--kubeconfig={cluster.kubeconfig}", f"--cache-dir={cache}", *arguments]


def kubectl_for(cluster: Cluster) -> Kubectl:
    """That kubectl, to be called."""

    def run(*arguments: str, stdin: str | None = None, check: bool = True) -> str:
        command = kubectl_command(cluster, *arguments)
        ended = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=KUBECTL_SECONDS)
        if check and ended.returncode:
            pytest.fail(f"kubectl {' '.join(arguments)}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    return run


@contextlib.contextmanager
def fault(cluster: Cluster, name: str, *given: str) -> Iterator[None]:
    """The fault is on inside the block."""
    rehearsal("fault", "--name", cluster.name, name, "on", *given, root=cluster.root.parent)
    try:
        yield
    finally:
        rehearsal("fault", "--name", cluster.name, name, "off", *given, root=cluster.root.parent)


def eventually(check: Callable[[], object], seconds: float = 120, every: float = 0.2) -> object:
    """The first true answer of the check, or a failure that shows its last answer, or why there was none."""
    end, late = time.monotonic() + seconds, False
    while True:
        last: object
        try:
            if last := check():
                return last
        except (LookupError, OSError) as problem:  # a field that is not there yet, a connection that breaks
            last = problem
        if late:
            pytest.fail(f"not true within {seconds:g} s; last answer: {last!r}")
        time.sleep(every)
        late = time.monotonic() >= end  # what became true in the last pause counts


def state_of(cluster: Cluster) -> str:
    """What a reader of a failure looks for first: pods that do not run, and the last warnings."""
    pods = ("get", "pods", "--all-namespaces", "--field-selector=status.phase!=Running,status.phase!=Succeeded")
    warnings = ("get", "events", "--all-namespaces", "--field-selector=type=Warning", "--sort-by=.lastTimestamp")
    said = []
    for arguments in (pods, warnings):
        command = kubectl_command(cluster, "--request-timeout=10s", *arguments)
        said.append(f"$ kubectl {' '.join(arguments)}")
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        except subprocess.TimeoutExpired as problem:
            said.append(str(problem))
        else:
            said += (done.stdout or done.stderr).splitlines()[-15:]
    return "\n".join(said)
