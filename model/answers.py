"""Answers computed by onnxruntime: for the fraud model's questions, and for any ONNX model of the user's."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import runtime
from model.errors import ModelFileError
from model.export import INPUT, OUTPUT
from model.known_answers import DATATYPES, Known, KnownAnswers, sha256
from model.questions import questions

LARGEST = 100 * 1024 * 1024  # bytes: what the demo's bucket and time limits are made for
BATCHES = (1, 3)  # what a free first dimension becomes
OTHER_FREE = 1  # what every other free dimension becomes
LARGEST_INPUT = 1_000_000  # elements, so that the answers stay a file people can open
TENSOR = re.compile(r"tensor\((\w+)\)")
NUMPY_NAMES = {"float": "float32", "double": "float64", "string": "object"}


def fraud_answers(name: str, model: bytes) -> KnownAnswers:
    """The known answers of a fraud model."""
    known = []
    for question, (rows, why) in questions(model).items():
        inputs = rows.astype(np.float32)
        answer = runtime.probabilities(model, rows).reshape(-1, 1)
        known.append(Known(question, why, {INPUT: inputs}, {OUTPUT: answer}))
    return KnownAnswers(name, sha256(model), tuple(known))


def computed_again(known: KnownAnswers, model: bytes, what: str) -> dict[str, dict[str, NDArray[Any]]]:
    """What onnxruntime answers now to the questions kept, by name."""
    opened = runtime.session(model, what)
    try:
        return {answer.name: runtime.run(opened, answer.inputs) for answer in known.answers}
    except Exception as error:  # onnxruntime raises many types of its own
        raise ModelFileError(f"{what}: refuses a known request: {runtime.first_line(error)}") from error


def read_foreign(path: Path, largest: int = LARGEST) -> bytes:
    """The bytes of a user's model file, if they can be served at all."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ModelFileError(f"MODEL: {path} is not a file; expected one ONNX file")
        if size > largest:
            raise ModelFileError(
                f"MODEL: {path} has {size / 2**20:.0f} MB, more than the {largest / 2**20:.0f} MB allowed; "
                "use a smaller model or raise --max-megabytes"
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"MODEL: {path} cannot be read ({error.strerror}); expected one ONNX file") from error


def foreign_answers(name: str, model: bytes, what: str) -> KnownAnswers:
    """Answers to generated requests for a model that we know nothing about."""
    if not model.strip():
        raise ModelFileError(f"{what}: the file is empty; expected an ONNX model")
    opened = runtime.session(model, what)
    _tensors_only(opened.get_inputs(), "input", what)
    _tensors_only(opened.get_outputs(), "output", what)
    free = any(_batched(tensor.shape) for tensor in opened.get_inputs())
    known = tuple(_ask(opened, batch, what) for batch in (BATCHES if free else BATCHES[:1]))
    return KnownAnswers(name, sha256(model), known)


def _tensors_only(tensors: list[Any], kind: str, what: str) -> None:
    if not tensors:
        raise ModelFileError(f"{what}: the model has no {kind}; nothing can be asked of it")
    for tensor in tensors:
        if _numpy_name(tensor.type) not in DATATYPES:
            raise ModelFileError(
                f"{what}: {kind} '{tensor.name}' is {tensor.type}, not a tensor that the V2 protocol knows; "
                "export the model with plain tensors (for scikit-learn: zipmap=False)"
            )


def _numpy_name(onnx_type: str) -> str:
    match = TENSOR.fullmatch(onnx_type)
    return NUMPY_NAMES.get(match[1], match[1]) if match else ""


def _batched(shape: list[Any]) -> bool:
    return bool(shape) and not isinstance(shape[0], int)


def _ask(opened: Any, batch: int, what: str) -> Known:
    """One generated request with its answer, asked twice."""
    inputs = {tensor.name: _generated(tensor, batch, what) for tensor in opened.get_inputs()}
    try:
        first, second = runtime.run(opened, inputs), runtime.run(opened, inputs)
    except Exception as error:  # onnxruntime raises many types of its own
        raise ModelFileError(
            f"{what}: refuses a generated request with {batch} rows ({runtime.first_line(error)}); "
            "write an answers file with requests that it takes and pass it as ANSWERS=path"
        ) from error
    for name, values in first.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ModelFileError(f"{what}: output '{name}' is not a finite number, which JSON cannot carry")
        if not np.array_equal(values, second[name]):
            raise ModelFileError(f"{what}: output '{name}' differs between two equal requests; no answer can be known")
    return Known(f"generated-{batch}", f"generated inputs, {batch} in the first free dimension", inputs, first)


def _generated(tensor: Any, batch: int, what: str) -> NDArray[Any]:
    """Plausible values of the tensor's type and shape, the same in every run."""
    fixed = [size if isinstance(size, int) else OTHER_FREE for size in tensor.shape]
    shape = [batch, *fixed[1:]] if _batched(tensor.shape) else fixed
    count, kind = int(np.prod(shape)), np.dtype(_numpy_name(tensor.type))
    if count > LARGEST_INPUT:
        raise ModelFileError(
            f"{what}: input '{tensor.name}' has {count} elements, more than the {LARGEST_INPUT} of a request"
        )
    rng = np.random.Generator(np.random.PCG64(batch))
    if kind.kind == "f":
        values: NDArray[Any] = np.round(rng.standard_normal(count), 4).astype(kind)
    elif kind.kind == "O":
        values = np.array([f"text {place}" for place in range(count)], dtype=object)
    else:
        values = rng.integers(0, 2, count).astype(kind)
    return values.reshape(shape)
