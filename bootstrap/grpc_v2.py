"""The one call of the V2 inference protocol over gRPC that verify needs, from the messages' published field numbers."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from bootstrap.errors import VerifyError

FORMATS = {  # datatype -> how struct packs one value; text goes by its length
    **{"BOOL": "?", "FP16": "e", "FP32": "f", "FP64": "d", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q"},
    **{"UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q"},
}
TEXT = "BYTES"
PACKAGE = "inference"
METHOD = f"/{PACKAGE}.GRPCInferenceService/ModelInfer"
TENSOR = (("name", 1, "string"), ("datatype", 2, "string"), ("shape", 3, "int64*"))
REQUEST = (("model_name", 1, "string"), ("inputs", 5, "Tensor*"), ("raw_input_contents", 7, "bytes*"))
ANSWER = (("model_name", 1, "string"), ("outputs", 5, "Tensor*"), ("raw_output_contents", 6, "bytes*"))


@cache
def messages() -> Mapping[str, Any]:
    """Return the message classes by name; fields we do not use stay unknown fields."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    types = descriptor_pb2.FieldDescriptorProto
    scalar = {"string": types.TYPE_STRING, "int64": types.TYPE_INT64, "bytes": types.TYPE_BYTES}
    described = descriptor_pb2.FileDescriptorProto(name="serving_demo_v2.proto", package=PACKAGE, syntax="proto3")
    for name, fields in (("Tensor", TENSOR), ("Request", REQUEST), ("Answer", ANSWER)):
        message = described.message_type.add(name=name)
        for field, number, kind in fields:
            base = kind.rstrip("*")
            label = types.LABEL_REPEATED if kind.endswith("*") else types.LABEL_OPTIONAL
            made = message.field.add(name=field, number=number, label=label)
            made.type = scalar.get(base, types.TYPE_MESSAGE)
            if base not in scalar:
                made.type_name = f".{PACKAGE}.{base}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(described)
    found = (pool.FindMessageTypeByName(f"{PACKAGE}.{name}") for name in ("Tensor", "Request", "Answer"))
    return {descriptor.name: message_factory.GetMessageClass(descriptor) for descriptor in found}


def packed(datatype: str, values: Sequence[Any]) -> bytes:
    """Return values as the protocol carries them.

    >>> packed("INT32", [1, 2]), packed("BYTES", ["ab"])
    (b'\\x01\\x00\\x00\\x00\\x02\\x00\\x00\\x00', b'\\x02\\x00\\x00\\x00ab')
    """
    if datatype == TEXT:
        return b"".join(struct.pack("<I", len(one.encode())) + one.encode() for one in values)
    return struct.pack(f"<{len(values)}{FORMATS[datatype]}", *values)


def unpacked(datatype: str, data: bytes) -> list[Any]:
    """Return what `packed` was given."""
    if datatype != TEXT:
        form = FORMATS[datatype]
        return list(struct.unpack(f"<{len(data) // struct.calcsize('<' + form)}{form}", data))
    values = []
    while data:
        length = 4 + int(struct.unpack_from("<I", data)[0])
        values.append(data[4:length].decode(errors="replace"))
        data = data[length:]
    return values


def infer(port: int, model: str, inputs: Sequence[Mapping[str, Any]], *, timeout: float = 15) -> dict[str, list[Any]]:
    """Return the outputs by name that a server on loopback answers over gRPC."""
    import grpc

    kinds = messages()
    tensors = [kinds["Tensor"](name=one["name"], datatype=one["datatype"], shape=one["shape"]) for one in inputs]
    raw = [packed(one["datatype"], one["data"]) for one in inputs]
    request = kinds["Request"](model_name=model, inputs=tensors, raw_input_contents=raw)
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
        call = channel.unary_unary(METHOD, kinds["Request"].SerializeToString, kinds["Answer"].FromString)
        try:
            answer = call(request, timeout=timeout, wait_for_ready=True)
        except grpc.RpcError as problem:
            raise VerifyError(
                f"gRPC: model {model} did not answer: {problem.code().name}: {problem.details()}"
            ) from problem
    pairs = zip(answer.outputs, answer.raw_output_contents, strict=False)
    return {one.name: unpacked(one.datatype, data) for one, data in pairs}
