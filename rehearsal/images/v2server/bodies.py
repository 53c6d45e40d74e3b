"""V2 requests and responses as HTTP bodies: JSON, with raw tensor bytes behind it where the client wants that."""

import json
from dataclasses import dataclass, field
from typing import Any

from .errors import V2Error
from .models import Inputs, Model
from .tensors import DATATYPES, Tensor, datatype_of, from_bytes, from_list, to_bytes, to_list


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks of one model."""

    id: str
    inputs: Inputs
    outputs: list[str]
    binary: set[str] = field(default_factory=set)  # outputs wanted as raw bytes
    all_binary: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """A body, and how much of it is JSON where raw bytes follow."""

    body: bytes
    json_size: int | None = None


def parse(body: bytes, json_size: str | None) -> Request:
    """The request in a body, or an error in the words of Triton."""
    head, raw = _split(body, json_size)
    try:
        text = json.loads(head, parse_constant=_no_constant)
    except ValueError as error:
        raise V2Error(f"failed to parse the request JSON buffer: {error}") from None
    if not isinstance(text, dict) or "inputs" not in text:
        raise V2Error("Unable to parse 'inputs': attempt to access non-existing object member 'inputs'")
    inputs: Inputs = {}
    for item in _objects(text, "inputs"):
        name, values, raw = _input(item, raw)
        inputs[name] = values
    if raw:
        raise V2Error(f"unexpected additional input data for model: {len(raw)} bytes are left over")
    outputs = _objects(text, "outputs")
    named = [_text(item, "name") for item in outputs]
    binary = {item["name"] for item in outputs if _parameters(item).get("binary_data") is True}
    request_id = text.get("id", "")
    if not isinstance(request_id, str):
        raise V2Error("Unable to parse 'id': attempt to access JSON non-string as string")
    return Request(request_id, inputs, named, binary, _parameters(text).get("binary_data_output") is True)


def _split(body: bytes, json_size: str | None) -> tuple[bytes, bytes]:
    if json_size is None:
        return body, b""
    if not json_size.isdigit() or int(json_size) > len(body):
        raise V2Error(f"invalid Inference-Header-Content-Length '{json_size}' for a body of {len(body)} bytes")
    return body[: int(json_size)], body[int(json_size) :]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _objects(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = holder.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise V2Error(f"Unable to parse '{name}': expected a list of objects")
    return found


def _text(item: dict[str, Any], name: str) -> str:
    if not isinstance(value := item.get(name), str):
        raise V2Error(f"Unable to parse '{name}': expected a string")
    return value


def _parameters(item: dict[str, Any]) -> dict[str, Any]:
    found = item.get("parameters", {})
    if not isinstance(found, dict):
        raise V2Error("Unable to parse 'parameters': expected an object")
    return found


def _input(item: dict[str, Any], raw: bytes) -> tuple[str, Tensor, bytes]:
    """Name and tensor of one input, and the raw bytes that the next ones may take."""
    name, datatype, shape = _text(item, "name"), _text(item, "datatype"), item.get("shape")
    if datatype not in DATATYPES:
        raise V2Error(f"invalid datatype '{datatype}' for input {name}")
    if not isinstance(shape, list) or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise V2Error(f"Unable to parse 'shape' of input {name}: expected a list of sizes")
    size = _parameters(item).get("binary_data_size")
    if size is None:
        if "data" not in item:
            raise V2Error("Unable to parse 'data': attempt to access non-existing object member 'data'")
        return name, from_list(item["data"], datatype, shape), raw
    if not isinstance(size, int) or not 0 <= size <= len(raw):
        raise V2Error(f"input {name}: binary_data_size {size} is more than the {len(raw)} bytes that follow")
    return name, from_bytes(name, raw[:size], datatype, shape), raw[size:]


def render(model: Model, request: Request, outputs: dict[str, Tensor]) -> Response:
    """The response to a request, each output as JSON or as raw bytes, as asked."""
    described, raw = [], []
    for name, values in outputs.items():
        item: dict[str, Any] = {"name": name, "datatype": datatype_of(values), "shape": list(values.shape)}
        if name in request.binary or (request.all_binary and name not in request.outputs):
            raw.append(to_bytes(values))
            item["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            item["data"] = to_list(name, values)
        described.append(item)
    head: dict[str, Any] = {"model_name": model.name, "model_version": model.version, "outputs": described}
    if request.id:
        head = {"id": request.id} | head
    text = json.dumps(head, separators=(",", ":")).encode()
    return Response(text + b"".join(raw), len(text) if raw else None)
