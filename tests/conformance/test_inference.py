"""Asking models over HTTP, in JSON and in raw bytes."""

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest

MODEL = Path(__file__).resolve().parents[2] / "model"
ROW = [150, 2, 8, 0, 0, 0, 1]
KNOWN = [
    pytest.param(model, one, id=f"{model}-{one['name']}")
    for model, file in (("fraud", "known_answers.json"), ("fraud-v2", "known_answers_v2.json"))
    for one in json.loads((MODEL / file).read_text())["answers"]
]


def rows(*data, **more):
    return {
        "name": "dense_input",
        "datatype": "FP32",
        "shape": [len(data), 7],
        "data": [x for r in data for x in r],
    } | more


def equal(got, expected) -> bool:
    return np.array_equal(np.array(got, np.float32), np.array(expected, np.float32))


@pytest.mark.parametrize(("model", "known"), KNOWN)
def test_known_answers_equal_to_the_bit(server, model, known) -> None:
    answer = server.infer(known["inputs"], model).json
    assert (answer["model_name"], answer["model_version"]) == (model, "1")
    for got, expected in zip(answer["outputs"], known["outputs"], strict=True):
        assert [got[key] for key in ("name", "datatype", "shape")] == [
            expected[key] for key in ("name", "datatype", "shape")
        ]
        assert equal(got["data"], expected["data"])


def test_nested_data_and_a_form_content_type(server) -> None:
    nested = {"inputs": [rows(ROW) | {"data": [ROW]}]}
    plain = server.infer([rows(ROW)]).json
    kind = "application/x-www-form-urlencoded"
    assert server.http("POST", "/v2/models/fraud/infer", nested, Content_Type=kind).json == plain


def test_a_compressed_body(server) -> None:
    body = gzip.compress(json.dumps({"inputs": [rows(ROW)]}).encode())
    answer = server.http("POST", "/v2/models/fraud/infer", body, Content_Encoding="gzip")
    assert answer.json == server.infer([rows(ROW)]).json


def test_the_id_comes_back(server) -> None:
    assert server.infer([rows(ROW)], id="a-1").json["id"] == "a-1"
    assert "id" not in server.infer([rows(ROW)]).json


def test_outputs_can_be_chosen(server) -> None:
    answer = server.infer([rows(ROW)], outputs=[{"name": "dense_3"}]).json
    assert [one["name"] for one in answer["outputs"]] == ["dense_3"]


def test_more_rows_than_four(server) -> None:
    answer = server.infer([rows(*[ROW] * 100)]).json["outputs"][0]
    assert answer["shape"] == [100, 1]
    assert len(set(answer["data"])) == 1


def split(answer):
    """The JSON part and the raw part of an answer."""
    size = int(answer.headers["inference-header-content-length"])
    return json.loads(answer.body[:size]), answer.body[size:]


def test_raw_bytes_in(server) -> None:
    raw = np.array([ROW], "<f4").tobytes()
    head = json.dumps({"inputs": [rows(ROW) | {"parameters": {"binary_data_size": len(raw)}}]}, sort_keys=True)
    head = head.replace(f'"data": {ROW}, ', "").encode()
    answer = server.http("POST", "/v2/models/fraud/infer", head + raw, Inference_Header_Content_Length=str(len(head)))
    assert answer.json == server.infer([rows(ROW)]).json


@pytest.mark.parametrize(
    "more",
    [
        {"parameters": {"binary_data_output": True}},
        {"outputs": [{"name": "dense_3", "parameters": {"binary_data": True}}]},
    ],
    ids=["all-outputs", "one-output"],
)
def test_raw_bytes_out(server, more) -> None:
    answer = server.infer([rows(ROW)], **more)
    assert answer.headers["content-type"] == "application/octet-stream"
    head, raw = split(answer)
    assert head["outputs"][0]["parameters"] == {"binary_data_size": 4}
    assert equal(np.frombuffer(raw, "<f4"), server.infer([rows(ROW)]).json["outputs"][0]["data"])


def test_types_and_several_tensors(server) -> None:
    sent = {
        "text": ["a", "ü"],
        "whole": [2**53 + 1, -1],
        "truth": [True, False],
        "double": [0.1, 1e300],
        "small": [-128, 127],
    }
    types = {"text": "BYTES", "whole": "INT64", "truth": "BOOL", "double": "FP64", "small": "INT8"}
    inputs = [{"name": name, "datatype": types[name], "shape": [2], "data": data} for name, data in sent.items()]
    answer = server.infer(inputs, "echo").json["outputs"]
    assert {one["name"].removesuffix("_out"): one["data"] for one in answer} == sent
    assert {one["name"].removesuffix("_out"): one["datatype"] for one in answer} == types
    head, raw = split(server.infer(inputs, "echo", outputs=[{"name": "text_out", "parameters": {"binary_data": True}}]))
    assert raw == b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in sent["text"])
    assert head["outputs"][0]["parameters"]["binary_data_size"] == len(raw)


def test_the_highest_version_answers(server) -> None:
    known = {
        model: server.infer([rows(ROW, [0.5] * 7)], model).json["outputs"][0]["data"] for model in ("fraud", "fraud-v2")
    }
    assert known["fraud"] != known["fraud-v2"]
    answer = server.infer([rows(ROW, [0.5] * 7)], "two-versions").json
    assert (answer["model_version"], answer["outputs"][0]["data"]) == ("2", known["fraud-v2"])
    assert server.http("GET", "/v2/models/two-versions").json["versions"] == ["2"]


def test_versions_are_numbers_and_can_be_asked_for(server) -> None:
    body = {"inputs": [rows([0.5] * 7)]}
    assert server.infer(body["inputs"], "all-versions").json["model_version"] == "10"
    assert sorted(server.http("GET", "/v2/models/all-versions").json["versions"]) == ["1", "10"]
    for version, model in (("1", "fraud"), ("10", "fraud-v2")):
        answer = server.http("POST", f"/v2/models/all-versions/versions/{version}/infer", body).json
        assert answer["model_version"] == version
        assert answer["outputs"] == server.infer(body["inputs"], model).json["outputs"]


ERRORS = {
    "malformed JSON": (b'{"inputs": [', (400, 500), "failed to parse the request JSON buffer"),
    "no inputs": ({}, (400, 500), "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'"),
    "too few values": ({"inputs": [rows(ROW[:2]) ]}, (400, 500), "Shape does not match true shape of 'data' field"),
    "text for numbers": ({"inputs": [rows(["a"] * 7)]}, (400, 500), "Unable to parse 'data'"),
    "wrong name": ({"inputs": [rows(ROW, name="x")]}, (400,), "unexpected inference input 'x' for model 'fraud'"),
    "wrong type": (
        {"inputs": [rows(ROW, datatype="INT64")]},
        (400,),
        "inference input 'dense_input' data-type is 'INT64', but model 'fraud' expects 'FP32'",
    ),
    "no type": ({"inputs": [rows(ROW, datatype="FPX")]}, (400,), "invalid datatype"),
    "wrong width": (
        {"inputs": [rows(ROW, shape=[1, 6], data=[0] * 6)]},
        (400,),
        "unexpected shape for input 'dense_input' for model 'fraud'. Expected [-1,7], got [1,6]. ",
    ),
    "wrong rank": ({"inputs": [rows(ROW, shape=[7])]}, (400,), "Expected [-1,7], got [7]. "),
    "no such output": (
        {"inputs": [rows(ROW)], "outputs": [{"name": "nosuch"}]},
        (400,),
        "unexpected inference output 'nosuch' for model 'fraud'",
    ),
    "nothing sent": ({"inputs": []}, (400,), "expected 1 inputs but got 0 inputs for model 'fraud'"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_is_wrong(server, name) -> None:
    body, statuses, text = ERRORS[name]
    answer = server.http("POST", "/v2/models/fraud/infer", body)
    assert answer.status in statuses
    assert text in answer.json["error"]
    assert server.infer([rows(ROW)]).status == 200


def test_unknown_model_and_version(server) -> None:
    for path, text in (
        ("nosuch/infer", "Request for unknown model: 'nosuch' is not found"),
        ("fraud/versions/9/infer", "Request for unknown model: 'fraud' version 9 is not found"),
    ):
        answer = server.http("POST", f"/v2/models/{path}", {"inputs": [rows(ROW)]})
        assert (answer.status, answer.json["error"]) == (404, text)
