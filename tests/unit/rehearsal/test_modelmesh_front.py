"""The front of a ModelMesh pod: models by name over gRPC, from this pod or from another."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from rehearsal.operators.modelmesh import front

METHOD = f"{front.SERVICE}/ModelInfer"
ASKED = b"\x0a\x05fraud"


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Answers every call with what was asked, marked."""

    def __init__(self, mark: bytes) -> None:
        self.mark = mark

    def service(self, details: Any) -> Any:
        async def handle(request: bytes, _: Any) -> bytes:
            return self.mark + front.model_name(request).encode()

        return grpc.unary_unary_rpc_method_handler(handle)


async def started(handler: Any) -> tuple[Any, int]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


async def ask(monkeypatch: pytest.MonkeyPatch, models: dict[str, str], peers: bool, method: str = METHOD) -> bytes:
    async def found() -> list[str]:
        return ["127.0.0.1"] if peers else []

    triton, triton_port = await started(Echo(b"triton "))
    peer, peer_port = await started(Echo(b"peer "))
    monkeypatch.setattr(front, "TRITON_GRPC", f"127.0.0.1:{triton_port}")
    monkeypatch.setattr(front, "GRPC", peer_port)
    monkeypatch.setattr(front, "peers", found)
    server, port = await started(front.Calls(models))
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=front.OPTIONS) as channel:
            return bytes(await channel.unary_unary(method)(ASKED, timeout=10))
    finally:
        for one in (server, triton, peer):
            await one.stop(None)


def test_a_model_of_this_pod_is_asked_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asyncio.run(ask(monkeypatch, {"fraud": "fraud__isvc-1"}, peers=True)) == b"triton fraud__isvc-1"


def test_a_model_that_only_another_pod_has_is_asked_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asyncio.run(ask(monkeypatch, {}, peers=True)) == b"peer fraud"


@pytest.mark.parametrize(
    ("method", "code"),
    [(METHOD, grpc.StatusCode.NOT_FOUND), (f"{front.SERVICE}/ServerLive", grpc.StatusCode.UNIMPLEMENTED)],
)
def test_what_nobody_has_is_refused(monkeypatch: pytest.MonkeyPatch, method: str, code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        asyncio.run(ask(monkeypatch, {}, peers=False, method=method))
    assert refused.value.code() == code
