"""Known answers: V2 requests with the float32 values that one exact model file must answer."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError

DATATYPES = {
    "bool": "BOOL", "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64",
    "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64",
    "float16": "FP16", "float32": "FP32", "float64": "FP64", "object": "BYTES",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """One request with its answer; tensors by name."""

    name: str
    why: str
    inputs: dict[str, NDArray[Any]]
    outputs: dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class KnownAnswers:
    """All known answers of the model file with this sha256."""

    model: str
    sha256: str
    answers: tuple[Known, ...]


def sha256(model: bytes) -> str:
    return hashlib.sha256(model).hexdigest()


def to_json(known: KnownAnswers) -> str:
    """The file's text: `inputs` of each answer is the body of a V2 request as it stands."""
    head = f'{{\n "model": {json.dumps(known.model)},\n "sha256": "{known.sha256}",\n "answers": ['
    return head + ",".join(_entry(answer) for answer in known.answers) + "\n ]\n}\n"


def _entry(answer: Known) -> str:
    inputs, outputs = _tensors(answer.inputs), _tensors(answer.outputs)
    return (
        f'\n  {{\n   "name": {json.dumps(answer.name)},\n   "why": {json.dumps(answer.why)},'
        f'\n   "inputs": [{inputs}],\n   "outputs": [{outputs}]\n  }}'
    )


def _tensors(tensors: dict[str, NDArray[Any]]) -> str:
    return ", ".join(
        f'{{"name": {json.dumps(name)}, "datatype": "{DATATYPES[str(values.dtype)]}", "shape": {list(values.shape)}, '
        f'"data": [{", ".join(_text(value) for value in values.reshape(-1))}]}}'
        for name, values in tensors.items()
    )


def _text(value: Any) -> str:
    """The shortest text that reads back as this very value in its own precision."""
    if isinstance(value, np.floating):
        if value == int(value) and abs(value) < 1e15:
            return str(int(value))
        return np.format_float_positional(value, unique=True, trim="-") if abs(value) >= 1e-4 else str(value)
    return json.dumps(value.item() if isinstance(value, np.generic) else value)


def read(path: Path) -> KnownAnswers:
    """The known answers in a file, or an error that says where it is wrong."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        answers = tuple(
            Known(item["name"], item["why"], _arrays(item["inputs"]), _arrays(item["outputs"]))
            for item in raw["answers"]
        )
        return KnownAnswers(raw["model"], raw["sha256"], answers)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path}: not a file of known answers ({error!r}); `make answers` writes one") from error


def _arrays(tensors: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    types = {datatype: name for name, datatype in DATATYPES.items()}
    return {t["name"]: np.array(t["data"], dtype=types[t["datatype"]]).reshape(t["shape"]) for t in tensors}


def differences(known: KnownAnswers, answered: dict[str, dict[str, NDArray[Any]]]) -> list[str]:
    """One line for each output that is not equal to the bit, given the answers by request name."""
    return [
        f"{answer.name}: {name} is {_short(got)}, known is {_short(expected)}"
        for answer in known.answers
        for name, expected in answer.outputs.items()
        if not np.array_equal(got := answered[answer.name][name], expected) or got.dtype != expected.dtype
    ]


def _short(values: NDArray[Any]) -> str:
    flat = [_text(value) for value in values.reshape(-1)[:4]]
    return ", ".join(flat) + (", …" if values.size > 4 else "")
