"""Any ONNX model of the user's gets its answers, or an error that says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="the extra `train` is not installed")

from onnx import TensorProto, helper

from model import answers, known_answers
from model.__main__ import main
from model.errors import ModelFileError
from model.recipe import RECIPES


def write(
    path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], domains: tuple[str, ...] = ("",)
) -> Path:
    """A tiny ONNX file."""
    opsets = [helper.make_opsetid(domain, 13 if not domain else 1) for domain in domains]
    model = helper.make_model(helper.make_graph(nodes, "g", inputs, outputs), opset_imports=opsets, ir_version=7)
    path.write_bytes(model.SerializeToString())
    return path


def tensor(name: str, kind: int, shape: list[Any]) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def test_answers_are_written_beside_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(RECIPES[0].file.read_bytes())
    assert main(["answers", str(path)]) == 0
    assert str(tmp_path / "mine.answers.json") in capsys.readouterr().out
    known = known_answers.read(tmp_path / "mine.answers.json")
    assert known.sha256 == known_answers.sha256(path.read_bytes())
    again = answers.computed_again(known, path.read_bytes(), "mine")
    assert [a.outputs["dense_3"].shape for a in known.answers] == [(1, 1), (3, 1)]
    assert known_answers.differences(known, again) == []


def test_types_and_several_inputs(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.onnx",
        [
            helper.make_node("Identity", ["text"], ["text_out"]),
            helper.make_node("Cast", ["number"], ["number_out"], to=TensorProto.DOUBLE),
        ],
        [tensor("text", TensorProto.STRING, ["N"]), tensor("number", TensorProto.INT64, ["N", 2])],
        [tensor("text_out", TensorProto.STRING, ["N"]), tensor("number_out", TensorProto.DOUBLE, ["N", 2])],
    )
    known = answers.foreign_answers("fraud", path.read_bytes(), "m")
    parsed = json.loads(known_answers.to_json(known))["answers"][1]
    assert [(t["name"], t["datatype"], t["shape"]) for t in parsed["inputs"] + parsed["outputs"]] == [
        ("text", "BYTES", [3]),
        ("number", "INT64", [3, 2]),
        ("text_out", "BYTES", [3]),
        ("number_out", "FP64", [3, 2]),
    ]


def refused(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """The message of a run that ends with exit code 2 and writes nothing."""
    assert main(["answers", str(path), *more]) == 2
    assert not path.with_suffix(".answers.json").exists()
    return capsys.readouterr().err


def test_no_onnx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x80\x04pickle")
    assert f"MODEL: {path}: onnxruntime cannot load it" in refused(path, capsys)
    path.write_bytes(b"")
    assert "the file is empty" in refused(path, capsys)


def test_missing_file_and_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be read (No such file or directory)" in refused(tmp_path / "nosuch.onnx", capsys)
    assert "is not a file" in refused(tmp_path, capsys)


def test_too_large(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(101 * 2**20)
    assert "has 101 MB, more than the 100 MB allowed" in refused(path, capsys)
    assert "onnxruntime cannot load it" in refused(path, capsys, "--max-megabytes=200")


def test_inputs_that_are_no_tensors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sequence = helper.make_tensor_sequence_value_info("many", TensorProto.FLOAT, [1])
    node = helper.make_node("SequenceLength", ["many"], ["count"])
    path = write(tmp_path / "s.onnx", [node], [sequence], [tensor("count", TensorProto.INT64, [])])
    assert "input 'many' is seq(tensor(float)), not a tensor" in refused(path, capsys)


def test_a_model_that_draws_random_numbers_has_no_known_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = helper.make_node("RandomNormalLike", ["x"], ["y"])
    path = write(tmp_path / "r.onnx", [node], [tensor("x", 1, ["N", 2])], [tensor("y", 1, ["N", 2])])
    assert "output 'y' differs between two equal requests" in refused(path, capsys)


def test_not_a_number_is_refused(tmp_path: Path) -> None:
    node = helper.make_node("Div", ["x", "x"], ["y"])
    zero = helper.make_node("Sub", ["a", "a"], ["x"])
    path = write(tmp_path / "n.onnx", [zero, node], [tensor("a", 1, ["N", 2])], [tensor("y", 1, ["N", 2])])
    with pytest.raises(ModelFileError, match="not a finite number"):
        answers.foreign_answers("fraud", path.read_bytes(), "n")


def test_texts_read_back_as_the_same_value() -> None:
    rng = np.random.default_rng(0)
    values = (rng.standard_normal(2000) * 10.0 ** rng.integers(-12, 12, 2000)).astype(np.float32)
    assert all(np.float32(json.loads(known_answers._text(value))) == value for value in values)
