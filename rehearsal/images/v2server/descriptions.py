"""How the server and its models describe themselves, over either protocol."""

from typing import Any

from .models import Model, Signature
from .repository import Repository

# Triton's own name and the version whose manners are followed; "v2server" tells that this is not it
NAME, VERSION = "triton", "2.51.0+v2server"
EXTENSIONS = ["model_repository", "model_configuration", "binary_tensor_data", "parameters"]
PLATFORM = "onnxruntime_onnx"


def server() -> dict[str, Any]:
    return {"name": NAME, "version": VERSION, "extensions": EXTENSIONS}


def model(repository: Repository, asked: Model) -> dict[str, Any]:
    """A model's metadata."""
    return {
        "name": asked.name,
        "versions": repository.versions(asked.name),
        "platform": PLATFORM,
        "inputs": [_tensor(one) for one in asked.inputs],
        "outputs": [_tensor(one) for one in asked.outputs],
    }


def _tensor(one: Signature) -> dict[str, Any]:
    return {"name": one.name, "datatype": one.datatype, "shape": list(one.shape)}


def configuration(asked: Model) -> dict[str, Any]:
    """A model's configuration, with what the file left open filled from the model."""
    known = asked.configuration
    policy: dict[str, Any] = {"latest": {"num_versions": known.newest}} if known.newest else {"all": {}}
    if known.versions:
        policy = {"specific": {"versions": list(known.versions)}}
    skipped = 1 if known.max_batch_size else 0
    return {
        "name": asked.name,
        "platform": PLATFORM,
        "backend": "onnxruntime",
        "version_policy": policy,
        "max_batch_size": known.max_batch_size,
        "input": [_declared(one, skipped) for one in asked.inputs],
        "output": [_declared(one, skipped) for one in asked.outputs],
        "default_model_filename": known.file_name,
    }


def _declared(one: Signature, skipped: int) -> dict[str, Any]:
    datatype = "STRING" if one.datatype == "BYTES" else one.datatype
    return {"name": one.name, "data_type": f"TYPE_{datatype}", "dims": list(one.shape[skipped:])}


def metrics(repository: Repository) -> str:
    """What Prometheus reads, under Triton's names."""
    values = {
        "nv_inference_request_success": ("Number of successful inference requests, all batch sizes", "succeeded"),
        "nv_inference_request_failure": ("Number of failed inference requests, all batch sizes", "failed"),
        "nv_inference_count": ("Number of inferences performed", "rows"),
        "nv_inference_exec_count": ("Number of model executions performed", "succeeded"),
        "nv_inference_request_duration_us": ("Cumulative inference request duration in microseconds", "microseconds"),
    }
    lines = []
    for name, (text, counter) in values.items():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} counter"]
        for one in repository.served():
            reason = ',reason="OTHER"' if counter == "failed" else ""
            labels = f'model="{one.name}"{reason},version="{one.version}"'
            lines.append(f"{name}{{{labels}}} {getattr(one.counts, counter)}")
    return "\n".join(lines) + "\n"
