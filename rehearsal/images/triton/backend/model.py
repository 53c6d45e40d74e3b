"""Triton's `onnxruntime` backend in Python, for the wheel that bundles no other: one ONNX session per instance.

A folder with this file, named `onnxruntime` in the backend directory, is what Triton takes for every model whose
backend is onnxruntime, named or recognised by a `model.onnx`; so a repository works here as it does on a cluster.
"""

from pathlib import Path
from typing import Any

import onnxruntime
import triton_python_backend_utils as utils  # type: ignore[import-not-found]  # Triton puts it on the path

TYPES = {
    "tensor(bool)": "TYPE_BOOL", "tensor(string)": "TYPE_STRING",
    "tensor(float16)": "TYPE_FP16", "tensor(float)": "TYPE_FP32", "tensor(double)": "TYPE_FP64",
    "tensor(int8)": "TYPE_INT8", "tensor(int16)": "TYPE_INT16", "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64", "tensor(uint8)": "TYPE_UINT8", "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32", "tensor(uint64)": "TYPE_UINT64",
}  # fmt: skip


def open_session(file: Path) -> Any:
    """A session with one thread and warnings off."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # its errors come back as exceptions
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def stub_model_file() -> Path | None:
    """The file that Triton named on this stub's command line, where auto-completion gets no path otherwise.

    That is nowhere documented, hence the guard: without it, a config.pbtxt must declare inputs and outputs.
    """
    words = Path("/proc/self/cmdline").read_bytes().split(b"\0")
    file = Path(words[1].decode()) if len(words) > 1 else Path()
    return file if file.suffix == ".onnx" and file.is_file() else None


class TritonPythonModel:
    """What the Python backend asks of a model."""

    @staticmethod
    def auto_complete_config(config: Any) -> Any:
        """The configuration with the inputs and outputs of the ONNX file, unless it declares them."""
        file, known = stub_model_file(), config.as_dict()
        if file is None:
            return config
        session = open_session(file)
        if not known["input"]:
            for tensor in session.get_inputs():
                config.add_input(declared(tensor))
        if not known["output"]:
            for tensor in session.get_outputs():
                config.add_output(declared(tensor))
        if not known["input"]:
            config.set_max_batch_size(0)
        return config

    def initialize(self, arguments: dict[str, str]) -> None:
        """The session is open; a missing file is Triton's error to report."""
        folder = Path(arguments["model_repository"]) / arguments["model_version"]
        file = folder / "model.onnx"
        self.session = open_session(file if file.is_file() else stub_model_file() or file)
        self.outputs = [output.name for output in self.session.get_outputs()]

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response per request, an error where onnxruntime refuses one."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        inputs = {tensor.name(): text(tensor.as_numpy()) for tensor in request.inputs()}
        names = [name for name in self.outputs if name in request.requested_output_names()]
        try:
            values = self.session.run(names, inputs)
        except Exception as error:  # onnxruntime raises many types of its own
            return utils.InferenceResponse(error=utils.TritonError(f"onnx runtime error: {error}"))
        return utils.InferenceResponse([utils.Tensor(name, one) for name, one in zip(names, values, strict=True)])


def text(values: Any) -> Any:
    """Strings as onnxruntime wants them; Triton hands them over as bytes."""
    if values.dtype.kind != "O":
        return values
    flat = [one.decode() if isinstance(one, bytes) else one for one in values.reshape(-1)]
    copy = values.copy().reshape(-1)
    copy[:] = flat
    return copy.reshape(values.shape)


def declared(tensor: Any) -> dict[str, Any]:
    """A tensor of the session as a configuration declares it."""
    if tensor.type not in TYPES:
        raise ValueError(f"'{tensor.name}' is {tensor.type}, not a tensor")
    dims = [size if isinstance(size, int) else -1 for size in tensor.shape]
    return {"name": tensor.name, "data_type": TYPES[tensor.type], "dims": dims}
