"""A model's config.pbtxt: protobuf text, read for the fields that matter to an ONNX model."""

import re
from dataclasses import dataclass, field
from typing import Any

from .errors import V2Error

TOKEN = re.compile(
    r'\s+|#[^\n]*|(?P<text>"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')|(?P<word>[\w.+-]+)|(?P<mark>[{}\[\]:,;<>])'
)
Fields = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output that the configuration declares."""

    name: str
    datatype: str
    dims: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a config.pbtxt says; all of it may be absent."""

    name: str = ""
    backend: str = ""
    file_name: str = "model.onnx"
    max_batch_size: int = 0
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    newest: int = 1  # how many of the newest versions are served; 0: all
    versions: tuple[int, ...] = field(default=())  # these alone, if any


def read(text: str) -> Configuration:
    """The configuration, or an error that names what cannot be read."""
    tokens = _tokens(text)
    fields = _message(tokens, end=None)
    policy: Fields = _one(fields, "version_policy", {})
    latest: Fields = _one(policy, "latest", {})
    backend = str(_one(fields, "backend", "") or _one(fields, "platform", "")).removesuffix("_onnx")
    return Configuration(
        name=str(_one(fields, "name", "")),
        backend=backend,
        file_name=str(_one(fields, "default_model_filename", "model.onnx")),
        max_batch_size=int(_one(fields, "max_batch_size", 0)),
        inputs=tuple(_tensor(one) for one in fields.get("input", [])),
        outputs=tuple(_tensor(one) for one in fields.get("output", [])),
        newest=0 if "all" in policy else int(_one(latest, "num_versions", 1)),
        versions=tuple(int(one) for one in _one(policy, "specific", {}).get("versions", [])),
    )


def _tensor(fields: Fields) -> Tensor:
    datatype = str(_one(fields, "data_type", "")).removeprefix("TYPE_").replace("STRING", "BYTES")
    return Tensor(str(_one(fields, "name", "")), datatype, tuple(int(dim) for dim in fields.get("dims", [])))


def _one(fields: Fields, name: str, default: Any) -> Any:
    return fields[name][-1] if fields.get(name) else default


def _tokens(text: str) -> list[str]:
    """Words, quoted strings and marks, last one first, so that pop() reads on."""
    tokens, place = [], 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if not match:
            line = text.count("\n", 0, place) + 1
            raise V2Error(f"failed to read text proto: line {line}: unexpected '{text[place]}'")
        place = match.end()
        if match.lastgroup:
            tokens.append(match[0])
    return tokens[::-1]


def _message(tokens: list[str], end: str | None) -> Fields:
    """Each field with all its values, up to the closing mark."""
    fields: Fields = {}
    while tokens and tokens[-1] != end:
        name = tokens.pop()
        if name in ",;":
            continue
        if not re.fullmatch(r"\w+", name):
            raise V2Error(f"failed to read text proto: expected a field name, got '{name}'")
        if tokens and tokens[-1] == ":":
            tokens.pop()
        value = _value(tokens)
        fields.setdefault(name, []).extend(value if isinstance(value, list) else [value])
    if end and not tokens:
        raise V2Error(f"failed to read text proto: '{end}' is missing at the end")
    return fields


def _value(tokens: list[str]) -> Any:
    if not tokens:
        raise V2Error("failed to read text proto: a value is missing at the end")
    first = tokens.pop()
    if first in ("{", "<"):
        found = _message(tokens, {"{": "}", "<": ">"}[first])
        tokens.pop()
        return found
    if first == "[":
        return _list(tokens)
    return first[1:-1] if first[0] in "\"'" else first


def _list(tokens: list[str]) -> list[Any]:
    values = []
    while tokens and tokens[-1] != "]":
        if tokens[-1] == ",":
            tokens.pop()
        else:
            values.append(_value(tokens))
    if not tokens:
        raise V2Error("failed to read text proto: ']' is missing at the end")
    tokens.pop()
    return values
