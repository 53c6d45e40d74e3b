"""The same over gRPC."""

import json
from pathlib import Path

import grpc
import numpy as np
import pytest

KNOWN = json.loads((Path(__file__).resolve().parents[2] / "model/known_answers.json").read_text())["answers"]
ROW = [150, 2, 8, 0, 0, 0, 1]


def typed(values, shape=(1, 7), **more):
    return {"name": "dense_input", "datatype": "FP32", "shape": shape, "contents": {"fp32_contents": values}} | more


def test_health(server) -> None:
    assert server.call("ServerLive").live
    assert server.call("ServerReady").ready
    assert server.call("ModelReady", name="fraud").ready
    assert not server.call("ModelReady", name="nosuch").ready


def test_metadata(server) -> None:
    assert server.call("ServerMetadata").name == "triton"
    found = server.call("ModelMetadata", name="fraud")
    assert (found.name, list(found.versions), found.platform) == ("fraud", ["1"], "onnxruntime_onnx")
    assert [(one.name, one.datatype, list(one.shape)) for one in [*found.inputs, *found.outputs]] == [
        ("dense_input", "FP32", [-1, 7]),
        ("dense_3", "FP32", [-1, 1]),
    ]


@pytest.mark.parametrize("known", KNOWN, ids=lambda one: one["name"])
def test_known_answers_equal_to_the_bit(server, known) -> None:
    asked, expected = known["inputs"][0], known["outputs"][0]
    raw = np.array(asked["data"], "<f4").tobytes()
    tensor = {"name": asked["name"], "datatype": "FP32", "shape": asked["shape"]}
    answer = server.call("ModelInfer", model_name="fraud", id="7", inputs=[tensor], raw_input_contents=[raw])
    assert (answer.model_name, answer.model_version, answer.id) == ("fraud", "1", "7")
    assert (answer.outputs[0].name, list(answer.outputs[0].shape)) == (expected["name"], expected["shape"])
    assert answer.raw_output_contents[0] == np.array(expected["data"], "<f4").tobytes()


def test_typed_contents_give_the_same_answer(server) -> None:
    raw = np.array(ROW, "<f4").tobytes()
    tensor = {"name": "dense_input", "datatype": "FP32", "shape": [1, 7]}
    first = server.call("ModelInfer", model_name="fraud", inputs=[tensor], raw_input_contents=[raw])
    second = server.call("ModelInfer", model_name="fraud", model_version="1", inputs=[typed(ROW)])
    assert first.raw_output_contents == second.raw_output_contents


def test_types(server) -> None:
    contents = {
        "text": ("BYTES", {"bytes_contents": [b"a", "ü".encode()]}),
        "whole": ("INT64", {"int64_contents": [2**53 + 1, -1]}),
        "truth": ("BOOL", {"bool_contents": [True, False]}),
        "double": ("FP64", {"fp64_contents": [0.1, 1e300]}),
        "small": ("INT8", {"int_contents": [-128, 127]}),
    }
    inputs = [
        {"name": name, "datatype": kind, "shape": [2], "contents": values} for name, (kind, values) in contents.items()
    ]
    answer = server.call("ModelInfer", model_name="echo", inputs=inputs)
    raw = {one.name: raw for one, raw in zip(answer.outputs, answer.raw_output_contents, strict=True)}
    assert raw["text_out"] == b"\x01\0\0\0a\x02\0\0\0\xc3\xbc"
    assert raw["small_out"] == b"\x80\x7f"
    assert np.frombuffer(raw["whole_out"], "<i8").tolist() == [2**53 + 1, -1]
    assert np.frombuffer(raw["double_out"], "<f8").tolist() == [0.1, 1e300]


def test_index_load_and_unload(server) -> None:
    served = {(one.name, one.version, one.state) for one in server.call("RepositoryIndex").models}
    assert ("fraud", "1", "READY") in served
    server.call("RepositoryModelUnload", model_name="no-config")
    assert not server.call("ModelReady", name="no-config").ready
    server.call("RepositoryModelLoad", model_name="no-config")
    assert server.call("ModelReady", name="no-config").ready


ERRORS = {
    "no such model": ({"model_name": "nosuch", "inputs": [typed(ROW)]}, ("NOT_FOUND",), "'nosuch' is not found"),
    "no such version": (
        {"model_name": "fraud", "model_version": "9", "inputs": [typed(ROW)]}, ("NOT_FOUND",), "version 9 is not found",
    ),
    "wrong name": ({"model_name": "fraud", "inputs": [typed(ROW, name="x")]}, ("INVALID_ARGUMENT",), "input 'x'"),
    "wrong shape": (
        {"model_name": "fraud", "inputs": [typed(ROW[:6], [1, 6])]},
        ("INVALID_ARGUMENT",),
        "Expected [-1,7], got [1,6]",
    ),
    "no such output": (
        {"model_name": "fraud", "inputs": [typed(ROW)], "outputs": [{"name": "nosuch"}]},
        ("INVALID_ARGUMENT",),
        "unexpected inference output 'nosuch'",
    ),
    "too few values": ({"model_name": "fraud", "inputs": [typed(ROW[:3])]}, ("INVALID_ARGUMENT",), "dense_input"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_is_wrong(server, name) -> None:
    fields, codes, text = ERRORS[name]
    with pytest.raises(grpc.RpcError) as caught:
        server.call("ModelInfer", **fields)
    assert caught.value.code().name in codes
    assert text in caught.value.details()
