"""Switching faults: what is on is known, and nothing of one stays behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import faults
from rehearsal.cluster import Cluster
from rehearsal.faults import Fault, read, switch
from rehearsal.lifecycle import define


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("REHEARSAL_ROOT", str(tmp_path))
    made = define("one", "3.4", None)
    made.save()
    return made


@pytest.fixture
def acted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, dict[str, str]]]:
    """What fault `held` was told, by a table of its own."""
    told: list[tuple[bool, dict[str, str]]] = []
    act = Fault("holds an object", required=("object",), act=lambda _, on, given: told.append((on, dict(given))))
    monkeypatch.setattr(faults, "FAULTS", {"held": act, "other": Fault("another one")})
    return told


def test_one_that_moves_to_something_else_lets_the_first_go(cluster: Cluster, acted: list) -> None:
    switch(cluster, "held", True, {"object": "a"})
    switch(cluster, "held", True, {"object": "a"})
    switch(cluster, "held", True, {"object": "b"})
    switch(cluster, "held", False, {})
    a, b = {"object": "a"}, {"object": "b"}
    assert acted == [(True, a), (True, a), (False, a), (True, b), (False, b)]
    assert read(cluster) == {}


def test_another_fault_that_is_switched_meanwhile_is_kept(
    cluster: Cluster, acted: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Fault("takes its time", act=lambda *_: switch(cluster, "other", True, {}))
    monkeypatch.setattr(faults, "FAULTS", {**faults.FAULTS, "slow": slow})
    switch(cluster, "slow", True, {})
    assert set(read(cluster)) == {"slow", "other"}
