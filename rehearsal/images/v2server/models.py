"""One loaded model version: what it takes, what it gives, and the asking itself."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from .configuration import Configuration
from .configuration import Tensor as Declared
from .errors import NotFound, V2Error
from .tensors import Tensor, datatype_of, of_onnx

Inputs = dict[str, Tensor]


@dataclass(slots=True)
class Counts:
    """What Prometheus is told about one model version."""

    succeeded: int = 0
    failed: int = 0
    rows: int = 0
    microseconds: int = 0
    last_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Signature:
    """Name, V2 datatype and shape of one tensor; -1 is any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(slots=True)
class Model:
    """One version of a model, ready to answer."""

    name: str
    version: str
    configuration: Configuration
    session: Any
    inputs: tuple[Signature, ...]
    outputs: tuple[Signature, ...]
    counts: Counts = field(default_factory=Counts)

    def infer(self, inputs: Inputs, wanted: list[str], request_id: str = "") -> dict[str, Tensor]:
        """The outputs wanted (all if none is named), by name."""
        start = time.perf_counter()
        try:
            names = self._wanted(wanted)
            self._check(inputs, request_id)
            values = self._run(names, inputs)
        except V2Error:
            self.counts.failed += 1
            raise
        taken = time.perf_counter() - start
        self.counts.succeeded += 1
        self.counts.rows += next((int(one.shape[0]) for one in inputs.values() if one.ndim), 1)
        self.counts.microseconds += int(taken * 1e6)
        self.counts.last_seconds = taken
        return dict(zip(names, values, strict=True))

    def _wanted(self, names: list[str]) -> list[str]:
        known = [output.name for output in self.outputs]
        for name in names:
            if name not in known:
                raise V2Error(f"unexpected inference output '{name}' for model '{self.name}'")
        return names or known

    def _check(self, inputs: Inputs, request_id: str) -> None:
        expected = {one.name: one for one in self.inputs}
        asked = f"[request id: {request_id or '<id_unknown>'}] "
        for name in inputs:
            if name not in expected:
                raise V2Error(f"unexpected inference input '{name}' for model '{self.name}'")
        if missing := [name for name in expected if name not in inputs]:
            raise V2Error(
                f"{asked}expected {len(expected)} inputs but got {len(inputs)} inputs for model '{self.name}'. "
                f"Got input(s) {list(inputs)}, but missing required input(s) {missing}. "
                "Please provide all required input(s)."
            )
        for name, values in inputs.items():
            self._check_one(expected[name], values, asked)

    def _check_one(self, expected: Signature, values: Tensor, asked: str) -> None:
        if (datatype := datatype_of(values)) != expected.datatype:
            raise V2Error(
                f"{asked}inference input '{expected.name}' data-type is '{datatype}', "
                f"but model '{self.name}' expects '{expected.datatype}'"
            )
        fits = len(values.shape) == len(expected.shape) and all(
            wanted in (-1, got) for wanted, got in zip(expected.shape, values.shape, strict=True)
        )
        if not fits:
            raise V2Error(
                f"{asked}unexpected shape for input '{expected.name}' for model '{self.name}'. "
                f"Expected {_shape(expected.shape)}, got {_shape(values.shape)}. "
            )
        most = self.configuration.max_batch_size
        if 0 < most < values.shape[0]:
            raise V2Error(f"{asked}inference request batch-size must be <= {most} for '{self.name}'")

    def _run(self, names: list[str], inputs: Inputs) -> list[Tensor]:
        try:
            return [np.asarray(one) for one in self.session.run(names, inputs)]
        except Exception as error:  # onnxruntime raises many types of its own
            raise V2Error(f"onnx runtime error: {error}") from error


def _shape(sizes: tuple[int, ...]) -> str:
    return "[" + ",".join(str(size) for size in sizes) + "]"


def open_version(name: str, version: str, file: Path, configuration: Configuration) -> Model:
    """The version in this file, loaded and checked against its configuration."""
    if not file.is_file():
        raise NotFound(f"failed to load '{name}' version {version}: model file {file} does not exist")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # its errors come back as exceptions
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many types of its own
        raise V2Error(f"failed to load '{name}' version {version}: {error}") from error
    inputs = _signatures(name, "input", session.get_inputs())
    outputs = _signatures(name, "output", session.get_outputs())
    _agree(name, "input", configuration.inputs, inputs, configuration.max_batch_size)
    _agree(name, "output", configuration.outputs, outputs, configuration.max_batch_size)
    return Model(name, version, configuration, session, inputs, outputs)


def _signatures(name: str, kind: str, tensors: list[Any]) -> tuple[Signature, ...]:
    found = []
    for tensor in tensors:
        datatype = of_onnx(tensor.type)
        if not datatype:
            raise V2Error(f"failed to load '{name}': {kind} '{tensor.name}' is {tensor.type}, not a tensor")
        shape = tuple(size if isinstance(size, int) else -1 for size in tensor.shape)
        found.append(Signature(tensor.name, datatype, shape))
    return tuple(found)


def _agree(name: str, kind: str, declared: tuple[Declared, ...], found: tuple[Signature, ...], batch: int) -> None:
    """Nothing, or an error where the configuration contradicts the model."""
    by_name = {one.name: one for one in found}
    for one in declared:
        if one.name not in by_name:
            names = ", ".join(by_name)
            raise V2Error(f"unexpected inference {kind} '{one.name}', allowed {kind}s are: {names} (model '{name}')")
        real, dims = by_name[one.name], (-1, *one.dims) if batch else one.dims
        sizes = len(dims) == len(real.shape) and all(
            -1 in (a, b) or a == b for a, b in zip(dims, real.shape, strict=True)
        )
        if one.datatype != real.datatype or not sizes:
            raise V2Error(
                f"model '{name}', {kind} '{one.name}': the model expects {real.datatype} {_shape(real.shape)}, "
                f"the model configuration has {one.datatype} {_shape(dims)}"
            )
