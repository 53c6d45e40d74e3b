"""Up and down again, many times in a row on one cluster: nothing is left and nothing gets slower.

ROUNDS says how many.
"""

from __future__ import annotations

import os
import statistics
import time

import pytest

from bootstrap.kube.connection import connect
from tests.e2e.journey import User
from tests.e2e.listing import restored, settled

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
ROUNDS = int(os.environ.get("ROUNDS", "10"))
SLOWER = 1.5  # times the first rounds: more than the noise of a machine that does nothing else
FEW = 3  # rounds at each end that are compared, by their median


def test_the_last_round_is_as_clean_and_as_fast_as_the_first(somebody: User) -> None:
    before = settled(connect(somebody.cluster.kubeconfig))
    taken: dict[str, list[float]] = {"demo": [], "teardown": []}
    for number in range(ROUNDS):
        taken["demo"].append(timed(somebody, "demo"))
        taken["teardown"].append(timed(somebody, "teardown", "YES=1"))
        print(f"round {number}:", *(f"{verb} {times[-1]:.1f} s" for verb, times in taken.items()), flush=True)
        restored(connect(somebody.cluster.kubeconfig), before)
    for verb, times in taken.items():
        first, last = statistics.median(times[:FEW]), statistics.median(times[-FEW:])
        assert last <= SLOWER * first, f"{verb} took {times} s"


def timed(somebody: User, *arguments: str) -> float:
    """How long a run took, in seconds."""
    began = time.monotonic()
    somebody.run(*arguments)
    return time.monotonic() - began
