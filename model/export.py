"""Between a trained network and ONNX: writing the graph, and reading its weights back for a second opinion."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, load_model_from_string, numpy_helper

from model.data import AMOUNTS, FEATURES, Array
from model.network import Network, prepare

INPUT, OUTPUT = "dense_input", "dense_3"
OPSET, IR_VERSION = 13, 7  # what the runtimes of the oldest supported platform read
# Answers come in steps of 2**-16: float32 sums differ between processors by a hundredth of that, so all give equal bits
ANSWER_STEPS = 2.0**16


def to_onnx(network: Network) -> bytes:
    """The network as an ONNX model that takes raw features; no timestamps, no versions of tools."""
    nodes, constants = _preprocessing(network)
    layers = list(zip(network.weights, network.biases, strict=True))
    value = "standard"
    for number, (weight, bias) in enumerate(layers):
        constants |= {f"dense_{number}_weight": weight, f"dense_{number}_bias": bias}
        nodes.append(_node("Gemm", [value, f"dense_{number}_weight", f"dense_{number}_bias"], f"dense_{number}_sum"))
        value = f"dense_{number}_sum"
        if number < len(layers) - 1:
            nodes.append(_node("Relu", [value], f"dense_{number}_out"))
            value = f"dense_{number}_out"
    nodes += _answer(value, constants)
    graph = helper.make_graph(
        nodes,
        "fraud",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", len(FEATURES)])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", 1])],
        [_tensor(name, values) for name, values in constants.items()],
    )
    model = helper.make_model(
        graph, producer_name="serving-demo", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    return bytes(model.SerializeToString(deterministic=True))


def _preprocessing(network: Network) -> tuple[list[Any], dict[str, Any]]:
    """Nodes and constants from raw features to `standard`."""
    constants: dict[str, Any] = {
        "start": np.array([0], np.int64),
        "split": np.array([AMOUNTS], np.int64),
        "end": np.array([len(FEATURES)], np.int64),
        "columns": np.array([1], np.int64),
        "one": np.array(1.0),
        "mean": network.mean,
        "scale": 1.0 / network.deviation,
    }
    nodes = [
        _node("Slice", [INPUT, "start", "split", "columns"], "amounts"),
        _node("Slice", [INPUT, "split", "end", "columns"], "flags"),
        _node("Relu", ["amounts"], "positive"),
        _node("Add", ["positive", "one"], "shifted"),
        _node("Log", ["shifted"], "logarithms"),
        _node("Concat", ["logarithms", "flags"], "prepared", axis=1),
        _node("Sub", ["prepared", "mean"], "centred"),
        _node("Mul", ["centred", "scale"], "standard"),
    ]
    return nodes, constants


def _answer(logits: str, constants: dict[str, Any]) -> list[Any]:
    """Nodes from the last sum to the answer, and their constants added to the others."""
    constants |= {"steps": np.array(ANSWER_STEPS), "step": np.array(1.0 / ANSWER_STEPS)}
    return [
        _node("Sigmoid", [logits], "probability"),
        _node("Mul", ["probability", "steps"], "counted"),
        _node("Round", ["counted"], "whole"),
        _node("Mul", ["whole", "step"], OUTPUT),
    ]


def _node(operator: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(operator, inputs, [output], name=output, **attributes)


def _tensor(name: str, values: NDArray[Any]) -> Any:
    narrow = values if values.dtype == np.int64 else values.astype(np.float32)
    return numpy_helper.from_array(np.ascontiguousarray(narrow), name)


def constants_of(model: bytes) -> dict[str, NDArray[Any]]:
    """Every constant of an exported model by name."""
    graph = load_model_from_string(model).graph
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def unrounded(model: bytes, rows: Array) -> Array:
    """Fraud probabilities by plain numpy in float64 from the weights in the file, before the rounding to steps."""
    constants = {name: values.astype(np.float64) for name, values in constants_of(model).items()}
    value = (prepare(rows) - constants["mean"]) * constants["scale"]
    depth = sum(name.endswith("_weight") for name in constants)
    for number in range(depth):
        value = value @ constants[f"dense_{number}_weight"] + constants[f"dense_{number}_bias"]
        value = np.maximum(value, 0.0) if number < depth - 1 else value
    answer: Array = 1.0 / (1.0 + np.exp(-value))
    return answer


def by_numpy(model: bytes, rows: Array) -> Array:
    """What the model must answer, without any ONNX runtime."""
    answer: Array = np.rint(unrounded(model, rows) * ANSWER_STEPS) / ANSWER_STEPS
    return answer
