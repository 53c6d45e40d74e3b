"""A stub API server and a client for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.kube.client import Client
from bootstrap.kube.connection import connect
from tests.unit.kube.stub import Stub, serving


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries that give up, and pauses that end, ten times sooner."""
    monkeypatch.setattr("bootstrap.kube.client.PATIENCE", 0.5)
    monkeypatch.setattr("bootstrap.kube.observe.BROKEN_PAUSE", 0.1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Stub, Client]]:
    with serving(tmp_path) as (stub, kubeconfig):
        client = connect(kubeconfig)
        yield stub, client
        client.close()


@pytest.fixture
def stub(world: tuple[Stub, Client]) -> Stub:
    return world[0]


@pytest.fixture
def client(world: tuple[Stub, Client]) -> Client:
    return world[1]
