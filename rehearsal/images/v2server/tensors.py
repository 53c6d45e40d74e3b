"""Tensors between numpy, JSON and the binary extension."""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import V2Error

Tensor = NDArray[Any]
DATATYPES = {
    "BOOL": "bool", "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64",
    "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
    "FP16": "float16", "FP32": "float32", "FP64": "float64", "BYTES": "object",
}  # fmt: skip
NAMES = {numpy_name: name for name, numpy_name in DATATYPES.items()}
ONNX_NAMES = {"float16": "FP16", "float": "FP32", "double": "FP64", "string": "BYTES"}


def of_onnx(onnx_type: str) -> str:
    """The V2 name of an ONNX tensor type such as `tensor(float)`, or nothing."""
    inner = onnx_type.removeprefix("tensor(").removesuffix(")")
    return ONNX_NAMES.get(inner) or NAMES.get(inner, "") if onnx_type.startswith("tensor(") else ""


def datatype_of(values: Tensor) -> str:
    return NAMES[str(values.dtype)]


def from_list(data: Any, datatype: str, shape: list[int]) -> Tensor:
    """A tensor from JSON data, flat or nested."""
    if not isinstance(data, list):
        raise V2Error("Unable to parse 'data': attempt to access JSON non-array as array")
    flat = list(_flat(data))
    if len(flat) != _count(shape):
        raise V2Error("Unable to parse 'data': Shape does not match true shape of 'data' field")
    wanted = {"BOOL": (bool,), "BYTES": (str,)}.get(datatype, (int, float))
    for value in flat:
        if not isinstance(value, wanted) or (isinstance(value, bool) and datatype != "BOOL"):
            raise V2Error(f"Unable to parse 'data': {value!r} is not a value of type {datatype}")
    try:
        if datatype.startswith(("INT", "UINT")) and any(isinstance(value, float) for value in flat):
            raise V2Error(f"Unable to parse 'data': a fraction is not a value of type {datatype}")
        return np.array(flat, dtype=DATATYPES[datatype]).reshape(shape)
    except OverflowError:
        raise V2Error(f"Unable to parse 'data': a value is beyond the range of {datatype}") from None


def _flat(data: list[Any]) -> Iterator[Any]:
    for value in data:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _count(shape: list[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def from_bytes(name: str, raw: bytes, datatype: str, shape: list[int]) -> Tensor:
    """A tensor from its little-endian bytes; strings carry their length before them."""
    count = _count(shape)
    if datatype == "BYTES":
        values = _strings(name, raw)
        if len(values) != count:
            raise V2Error(f"input '{name}' has {len(values)} strings, its shape says {count}")
        return np.array(values, dtype=object).reshape(shape)
    kind = np.dtype(DATATYPES[datatype]).newbyteorder("<")
    if len(raw) != count * kind.itemsize:
        raise V2Error(f"input '{name}' has {len(raw)} bytes, its shape and type say {count * kind.itemsize}")
    return np.frombuffer(raw, dtype=kind).reshape(shape)


def _strings(name: str, raw: bytes) -> list[str]:
    values, place = [], 0
    while place < len(raw):
        size = struct.unpack_from("<I", raw, place)[0] if place + 4 <= len(raw) else len(raw)
        place += 4
        if place + size > len(raw):
            raise V2Error(f"input '{name}' ends in the middle of a string")
        try:
            values.append(raw[place : place + size].decode())
        except UnicodeDecodeError:
            raise V2Error(f"input '{name}' has a string that is not UTF-8") from None
        place += size
    return values


def to_list(name: str, values: Tensor) -> list[Any]:
    """The values as JSON carries them, in row order."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise V2Error(f"output '{name}' has a value that JSON cannot carry; ask for binary data")
    return list(values.reshape(-1).tolist())


def to_bytes(values: Tensor) -> bytes:
    """The values as the binary extension carries them."""
    if values.dtype.kind != "O":
        return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    encoded = [str(value).encode() for value in values.reshape(-1)]
    return b"".join(struct.pack("<I", len(one)) + one for one in encoded)
