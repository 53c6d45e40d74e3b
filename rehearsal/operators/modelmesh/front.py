"""Where a runtime pod is asked: models by their InferenceService's name; what another pod has is fetched from there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import grpc
from aiohttp import web
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

TRITON, TRITON_GRPC = "http://127.0.0.1:8000", "127.0.0.1:8001"
REST, GRPC = 8008, 8033
PASSED_ON = "mm-passed-on"  # a request that a pod of ours passes on carries this, and ends where it arrives
SERVICE = "/inference.GRPCInferenceService"
NAMED = {f"{SERVICE}/ModelInfer", f"{SERVICE}/ModelMetadata"}  # field 1 of their requests is the model's name
OPTIONS = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", 64 * 1024**2)]
NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
UNKNOWN = "Model type or ID not found: {}"

Models = Mapping[str, str]  # InferenceService -> id of the model that Triton has loaded for it


async def peers() -> list[str]:
    """The addresses of all runtime pods of this namespace, as their headless Service has them."""
    name = f"modelmesh-serving.{NAMESPACE.read_text().strip()}.svc.cluster.local"
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, REST, family=socket.AF_INET)
    except OSError:
        return []
    return sorted({str(entry[4][0]) for entry in found})


def rest(models: Models, session: aiohttp.ClientSession) -> web.Application:
    """Inference, and no other route."""

    async def infer(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        body = await request.read()
        if model := models.get(name):
            return await _triton(session, model, body)
        for peer in [] if PASSED_ON in request.headers else await peers():
            try:
                url = f"http://{peer}:{REST}{request.path}"
                async with session.post(url, data=body, headers={PASSED_ON: "1"}) as answer:
                    if answer.status != 404:
                        return web.json_response(await answer.json(), status=answer.status)
            except aiohttp.ClientError:
                continue  # a pod that is just leaving
        return _error(5, UNKNOWN.format(name), 404)

    async def nothing(_: web.Request) -> web.Response:
        return _error(5, "Not Found", 404)

    app = web.Application(client_max_size=64 * 1024**2)
    for path in ("/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"):
        app.router.add_post(path, infer)
    app.router.add_route("*", "/{path:.*}", nothing)
    return app


async def _triton(session: aiohttp.ClientSession, model: str, body: bytes) -> web.Response:
    async with session.post(f"{TRITON}/v2/models/{model}/infer", data=body) as answer:
        found = await answer.json(content_type=None)
        if answer.status != 200:
            return _error(3, found.get("error", "") if isinstance(found, dict) else str(found), 400)
        return web.json_response(found)


def _error(code: int, message: str, status: int) -> web.Response:
    return web.json_response({"code": code, "message": message, "details": []}, status=status)


def model_name(request: bytes) -> str:
    """The string in field 1 of a message; of several the last counts, as everywhere in protobuf.

    >>> model_name(b"\\x0a\\x05fraud")
    'fraud'
    """
    message = Empty()
    message.ParseFromString(request)
    fields: Any = UnknownFieldSet(message)  # its types lack the iteration that it has
    names = [item.data for item in fields if item.field_number == 1]
    return names[-1].decode(errors="replace") if names and isinstance(names[-1], bytes) else ""


def renamed(request: bytes, name: str) -> bytes:
    """The message with another string in field 1.

    >>> model_name(renamed(b"\\x0a\\x05fraud", "x" * 300)) == "x" * 300
    True
    """
    value, size, left = name.encode(), bytearray(), len(name.encode())
    while left > 0x7F:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    return request + b"\x0a" + bytes([*size, left]) + value


class Calls(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Every call that names a model goes to Triton with the id of that model, or to a pod that has it."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self.triton = grpc.aio.insecure_channel(TRITON_GRPC, options=OPTIONS)

    def service(self, details: Any) -> Any:
        """The handler of a call; None answers UNIMPLEMENTED."""
        if details.method not in NAMED:
            return None
        passed_on = any(key == PASSED_ON for key, _ in details.invocation_metadata)
        return grpc.unary_unary_rpc_method_handler(self._handler(details.method, passed_on))

    def _handler(self, method: str, passed_on: bool) -> Callable[[bytes, Any], Awaitable[bytes]]:
        async def handle(request: bytes, context: Any) -> bytes:
            name = model_name(request)
            try:
                if model := self.models.get(name):
                    return bytes(await self.triton.unary_unary(method)(renamed(request, model)))
                for peer in [] if passed_on else await peers():
                    async with grpc.aio.insecure_channel(f"{peer}:{GRPC}", options=OPTIONS) as channel:
                        try:
                            call = channel.unary_unary(method)
                            return bytes(await call(request, metadata=((PASSED_ON, "1"),), timeout=30))
                        except grpc.aio.AioRpcError as error:
                            if error.code() not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE):
                                raise
            except grpc.aio.AioRpcError as error:
                await context.abort(error.code(), error.details() or "")
            await context.abort(grpc.StatusCode.NOT_FOUND, UNKNOWN.format(name))
            return b""  # abort does not come back

        return handle


async def serve_grpc(models: Models) -> Any:
    """The started server of gRPC."""
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((Calls(models),))
    server.add_insecure_port(f"0.0.0.0:{GRPC}")
    await server.start()
    return server
