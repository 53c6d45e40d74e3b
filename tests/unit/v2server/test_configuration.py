"""config.pbtxt in the forms that people write it."""

from pathlib import Path

import pytest

from rehearsal.images.v2server.configuration import Tensor, read
from rehearsal.images.v2server.errors import V2Error

ROOT = Path(__file__).resolve().parents[3]


def test_the_committed_configuration() -> None:
    found = read((ROOT / "model/fraud/config.pbtxt").read_text())
    assert (found.name, found.backend, found.max_batch_size, found.newest) == ("", "onnxruntime", 0, 1)
    assert found.inputs == (Tensor("dense_input", "FP32", (-1, 7)),)
    assert found.outputs == (Tensor("dense_3", "FP32", (-1, 1)),)


def test_lists_repeated_blocks_comments_and_either_quote() -> None:
    found = read(
        """name: 'jukebox'  # a comment with { and "
        platform: "onnxruntime_onnx" max_batch_size: 8
        input [ { name: "a", data_type: TYPE_FP32, dims: [ 1 ] }, { name: "b" data_type: TYPE_STRING dims: [ 2, 3 ] } ]
        input { name: "c" data_type: TYPE_INT64 dims: 4 dims: 5 }
        default_model_filename: "other.onnx"
        instance_group [ { count: 2 kind: KIND_CPU } ]
        parameters { key: "k" value: { string_value: "v" } }
        """
    )
    assert (found.name, found.backend, found.max_batch_size) == ("jukebox", "onnxruntime", 8)
    assert found.file_name == "other.onnx"
    assert found.inputs == (Tensor("a", "FP32", (1,)), Tensor("b", "BYTES", (2, 3)), Tensor("c", "INT64", (4, 5)))


@pytest.mark.parametrize(
    ("text", "newest", "versions"),
    [
        ("", 1, ()),
        ("version_policy: { latest: { num_versions: 3 } }", 3, ()),
        ("version_policy { all {} }", 0, ()),
        ("version_policy: { specific { versions: [1, 3] } }", 1, (1, 3)),
    ],
)
def test_version_policies(text: str, newest: int, versions: tuple[int, ...]) -> None:
    assert (read(text).newest, read(text).versions) == (newest, versions)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: @", "line 1: unexpected '@'"),
        ("input [ { name: 'a' ", "missing at the end"),
        ("name:", "a value is missing at the end"),
        ("} name: 'x'", "expected a field name, got '}'"),
    ],
)
def test_what_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(V2Error, match=message):
        read(text)
