"""The V2 protocol over gRPC."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import numpy as np

from . import descriptions, messages, serving
from .errors import V2Error
from .models import Inputs
from .serving import State
from .tensors import DATATYPES, datatype_of, from_bytes, to_bytes

log = logging.getLogger("v2server")
LARGEST_MESSAGE = 256 * 1024 * 1024  # bytes
CONTENTS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip


class Service:
    """One method per call of the protocol; each takes its request message and returns its response message."""

    def __init__(self, state: State) -> None:
        self.state, self.types = state, messages.build()

    async def ServerLive(self, _: Any) -> Any:
        return self.types["ServerLiveResponse"](live=True)

    async def ServerReady(self, _: Any) -> Any:
        return self.types["ServerReadyResponse"](ready=self.state.ready())

    async def ModelReady(self, asked: Any) -> Any:
        return self.types["ModelReadyResponse"](ready=self.state.model_ready(asked.name, asked.version))

    async def ServerMetadata(self, _: Any) -> Any:
        return self.types["ServerMetadataResponse"](**descriptions.server())

    async def ModelMetadata(self, asked: Any) -> Any:
        repository = self.state.repository
        return self.types["ModelMetadataResponse"](
            **descriptions.model(repository, repository.find(asked.name, asked.version))
        )

    async def ModelInfer(self, asked: Any) -> Any:
        model = self.state.repository.find(asked.model_name, asked.model_version)
        try:
            inputs = _inputs(asked)
        except V2Error:
            model.counts.failed += 1
            raise
        outputs = await serving.ask(model, inputs, [one.name for one in asked.outputs], asked.id)
        answer = self.types["ModelInferResponse"](model_name=model.name, model_version=model.version, id=asked.id)
        for name, values in outputs.items():
            answer.outputs.add(name=name, datatype=datatype_of(values), shape=values.shape)
            answer.raw_output_contents.append(to_bytes(values))
        return answer

    async def RepositoryIndex(self, asked: Any) -> Any:
        return self.types["RepositoryIndexResponse"](models=self.state.repository.index(asked.ready))

    async def RepositoryModelLoad(self, asked: Any) -> Any:
        await serving.load(self.state.repository, asked.model_name)
        return self.types["RepositoryModelLoadResponse"]()

    async def RepositoryModelUnload(self, asked: Any) -> Any:
        serving.unload(self.state.repository, asked.model_name)
        return self.types["RepositoryModelUnloadResponse"]()


def _inputs(asked: Any) -> Inputs:
    """The tensors of a request, from raw bytes or typed contents."""
    raw = list(asked.raw_input_contents)
    if raw and len(raw) != len(asked.inputs):
        raise V2Error(f"expected {len(asked.inputs)} raw_input_contents, got {len(raw)}")
    inputs: Inputs = {}
    for place, one in enumerate(asked.inputs):
        if one.datatype not in DATATYPES:
            raise V2Error(f"invalid datatype '{one.datatype}' for input {one.name}")
        shape = list(one.shape)
        if any(size < 0 for size in shape):
            raise V2Error(f"input '{one.name}' has a negative size in its shape")
        inputs[one.name] = from_bytes(one.name, raw[place], one.datatype, shape) if raw else _contents(one, shape)
    return inputs


def _contents(one: Any, shape: list[int]) -> Any:
    field = CONTENTS.get(one.datatype)
    if not field:
        raise V2Error(f"input '{one.name}': {one.datatype} is sent as raw_input_contents only")
    values = list(getattr(one.contents, field))
    if len(values) != int(np.prod(shape)):
        raise V2Error(f"input '{one.name}' has {len(values)} values, its shape says {int(np.prod(shape))}")
    try:
        if one.datatype == "BYTES":
            values = [value.decode() for value in values]
        return np.array(values, dtype=DATATYPES[one.datatype]).reshape(shape)
    except (OverflowError, UnicodeDecodeError) as error:
        raise V2Error(f"input '{one.name}': {error}") from None


def _unary(call: Callable[[Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    """The call with its errors turned into gRPC statuses."""

    async def answer(request: Any, context: Any) -> Any:
        try:
            return await call(request)
        except V2Error as error:
            await context.abort(getattr(grpc.StatusCode, error.grpc_status), str(error))
        except Exception:
            log.exception("unexpected failure of %s", call)
            await context.abort(grpc.StatusCode.INTERNAL, "internal error; the server's log has the reason")

    return answer


def server(state: State, address: str) -> Any:
    """A gRPC server for the state, not started yet."""
    service = Service(state)
    methods = {
        name.removesuffix("Request"): grpc.unary_unary_rpc_method_handler(
            _unary(getattr(service, name.removesuffix("Request"))),
            request_deserializer=service.types[name].FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )
        for name in messages.MESSAGES
        if name.endswith("Request") and hasattr(service, name.removesuffix("Request"))
    }
    made = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),  # else a second server on the port would start and take half of the calls
        ]
    )
    made.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(messages.SERVICE, methods),))
    if not made.add_insecure_port(address):
        raise OSError(f"failed to start GRPC service at {address}")
    return made
