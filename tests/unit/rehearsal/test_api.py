"""The rehearsal's own client, where nothing answers."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from rehearsal.api import Api, ApiError


def test_a_server_that_is_away_is_a_refusal_like_any_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    async def ask() -> None:
        async with Api(f"https://127.0.0.1:{port}", ssl.create_default_context()) as api:
            await api.find("/readyz")

    with pytest.raises(ApiError, match="GET /readyz") as caught:
        asyncio.run(ask())
    assert caught.value.code == 503
