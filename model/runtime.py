"""onnxruntime as this project uses it: one thread, processor only, errors in our words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from model.data import Array
from model.errors import ModelFileError
from model.export import INPUT, OUTPUT

Tensors = Mapping[str, NDArray[Any]]


def session(model: bytes, what: str) -> Any:
    """A session for the model; `what` names it in the error."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # its errors come back as exceptions
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many types of its own
        raise ModelFileError(f"{what}: onnxruntime cannot load it: {first_line(error)}") from error


def run(opened: Any, inputs: Tensors) -> dict[str, NDArray[Any]]:
    """Every output by name."""
    names = [output.name for output in opened.get_outputs()]
    return dict(zip(names, opened.run(names, dict(inputs)), strict=True))


def probabilities(model: bytes, rows: Array) -> NDArray[np.float32]:
    """The fraud model's float32 answers by onnxruntime, one per row."""
    answer = run(session(model, "the fraud model"), {INPUT: rows.astype(np.float32)})[OUTPUT]
    return answer.reshape(-1).astype(np.float32, copy=False)


def first_line(error: Exception) -> str:
    """The part of a runtime's message that a person can act on."""
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
