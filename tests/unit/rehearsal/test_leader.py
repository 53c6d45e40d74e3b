"""Leader election of the OpenShift AI operator, while the API server is away."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from rehearsal.api import ApiError
from rehearsal.operators.openshift_ai import leader

LOST = {"holderIdentity": "another", "renewTime": "2999-01-01T00:00:00.000000Z", "leaseDurationSeconds": 60}


class Server:
    """Answers for the Lease, one after the other; what is an error is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.written = list(answers), 0

    async def find(self, path: str) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def create(self, path: str, obj: Any) -> Any:
        self.written += 1


AWAY = (aiohttp.ServerDisconnectedError(), ApiError(500, "etcd timed out"), ConnectionRefusedError())


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leader, "RETRY_SECONDS", 0)


def test_a_replica_goes_on_trying_while_the_api_server_is_away() -> None:
    server = Server(*AWAY, None)
    asyncio.run(leader.lead(server, "space", "lease"))  # type: ignore[arg-type]
    assert (server.answers, server.written) == ([], 1)


def test_a_leader_outlives_an_api_server_that_is_away_and_ends_when_another_leads() -> None:
    server = Server(*AWAY, {"spec": LOST})
    asyncio.run(leader.keep(server, "space", "lease"))  # type: ignore[arg-type]
    assert server.answers == []
