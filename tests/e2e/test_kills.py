"""Runs killed at random moments, of every verb that changes the cluster: the next run brings it to its end.

KILLS says how many rounds (each kills a `demo`, a `reset` and a `teardown`), SEED repeats the moments of another run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootstrap.kube.connection import connect
from bootstrap.kube.lease import SPACE
from bootstrap.kube.objects import dig
from rehearsal.cluster import CLONE
from tests.e2e.journey import User, user
from tests.e2e.listing import Listing, restored, settled
from tests.e2e.rehearsing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
KILLS = int(os.environ.get("KILLS", "20"))
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
RUNS = {
    "demo": (("demo",), "known answers exactly"),
    "reset": (("reset", "YES=1"), "the demo is as new"),
    "teardown": (("teardown", "YES=1"), "objects of the demo are gone"),
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster without a demo, and how long whole runs take on it."""

    somebody: User
    before: Listing
    usual: dict[str, float]

    def whole(self, verb: str) -> float:
        """The seconds that a run takes which ends as it should."""
        began, (arguments, proof) = time.monotonic(), RUNS[verb]
        assert proof in self.somebody.run(*arguments)
        return time.monotonic() - began

    def killed(self, verb: str, seconds: float, said: Path) -> str:
        """The last that a run said before it was killed after so many seconds; empty where it was faster."""
        command = [sys.executable, "-m", "bootstrap", *RUNS[verb][0], f"STATE_DIR={self.somebody.state}"]
        began = time.monotonic()
        with said.open("w") as out:
            run = subprocess.Popen(command, cwd=CLONE, env=self.somebody.environment, stdout=out, stderr=out)
            try:
                run.wait(seconds)
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                run.wait()
        text = said.read_text().strip()
        assert run.returncode in (0, -signal.SIGKILL), text
        if not run.returncode:
            self.usual[verb] = time.monotonic() - began  # the machine has become faster
        return (text or "nothing yet").splitlines()[-1] if run.returncode else ""

    def is_over(self, verb: str) -> bool:
        """Whether nothing is left to do for the next run: the record is gone, or on its way by itself."""
        if verb != "teardown":
            return False
        client = connect(self.somebody.cluster.kubeconfig)
        if dig(client.find(SPACE), "metadata", "deletionTimestamp"):
            eventually(lambda: client.find(SPACE) is None)
        return client.find(SPACE) is None


@pytest.fixture(scope="module")
def cluster(state_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with user(state_root, tmp_path_factory.mktemp("state"), "kills", "3.4") as somebody:
        found = Cluster(somebody, settled(connect(somebody.cluster.kubeconfig)), {})
        found.usual.update({verb: found.whole(verb) for verb in RUNS})
        print(f"SEED={SEED} KILLS={KILLS}; whole runs take", found.usual, flush=True)
        yield found


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_run_is_brought_to_its_end_by_the_next(number: int, cluster: Cluster, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED} {number}")
    for verb in RUNS:
        seconds = chance.uniform(0.2, cluster.usual[verb])
        hit = cluster.killed(verb, seconds, tmp_path / verb)
        print(f"SEED={SEED} round {number}: {verb} killed after {seconds:.1f} s at: {hit or 'its end'}", flush=True)
        if not cluster.is_over(verb):
            print(f"  the next run took {cluster.whole(verb):.1f} s", flush=True)
    restored(connect(cluster.somebody.cluster.kubeconfig), cluster.before)
