"""The committed model files are whole, and their known answers are true."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnxruntime", reason="the extra `train` is not installed")

from onnx import load_model_from_string, numpy_helper

from model import answers, artifacts, evaluate, export, known_answers, plots, questions, runtime
from model.export import INPUT, OUTPUT
from model.recipe import HERE, RECIPES, Recipe

each_model = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)


def with_constant(model: bytes, name: str, values: NDArray[Any]) -> bytes:
    """The same model with one constant replaced."""
    changed = load_model_from_string(model)
    for tensor in changed.graph.initializer:
        if tensor.name == name:
            tensor.CopyFrom(numpy_helper.from_array(values, name))
    return bytes(changed.SerializeToString(deterministic=True))


@each_model
def test_committed_files_have_no_problem(recipe: Recipe) -> None:
    assert artifacts.problems(recipe) == []


@each_model
def test_every_rounded_answer_is_far_from_a_rounding_edge(recipe: Recipe) -> None:
    model = recipe.file.read_bytes()
    for name, (rows, _) in questions.questions(model).items():
        assert questions.settled(model, rows).all(), name


@each_model
def test_the_known_answers_cover_what_the_card_says(recipe: Recipe) -> None:
    known = known_answers.read(recipe.answers)
    by_name = {answer.name: answer for answer in known.answers}
    assert len(by_name) == len(known.answers) >= 12
    assert all(answer.why for answer in known.answers)
    assert by_name["batch-of-64"].outputs[OUTPUT].shape == (64, 1)
    assert by_name["obvious-fraud"].outputs[OUTPUT].item() > 0.999
    assert by_name["obvious-non-fraud"].outputs[OUTPUT].item() < 0.01
    assert by_name["well-known"].outputs[OUTPUT].item() < 0.01
    assert np.array_equal(by_name["well-known"].inputs[INPUT], np.array([questions.WELL_KNOWN], np.float32))


@each_model
def test_numpy_from_the_weights_agrees_within_a_millionth(recipe: Recipe) -> None:
    model = recipe.file.read_bytes()
    for answer in known_answers.read(recipe.answers).answers:
        again = export.by_numpy(model, answer.inputs[INPUT].astype(np.float64))
        assert np.abs(again - answer.outputs[OUTPUT]).max() <= 1e-6, answer.name


@each_model
def test_one_changed_weight_changes_the_sha_and_an_answer(recipe: Recipe) -> None:
    model, known = recipe.file.read_bytes(), known_answers.read(recipe.answers)
    weight = export.constants_of(model)["dense_1_weight"].copy()
    place = np.unravel_index(np.abs(weight).argmax(), weight.shape)
    weight[place] *= 0.9
    other = with_constant(model, "dense_1_weight", weight)
    assert known_answers.sha256(other) != known.sha256
    assert known_answers.differences(known, answers.computed_again(known, other, "changed"))


def test_the_two_models_differ_measurably() -> None:
    first, second = (known_answers.read(recipe.answers) for recipe in RECIPES)
    apart = [
        abs(a.outputs[OUTPUT].item() - b.outputs[OUTPUT].item())
        for a, b in zip(first.answers, second.answers, strict=True)
        if a.outputs[OUTPUT].size == 1
    ]
    assert max(apart) > 0.01
    assert sum(one > 1e-4 for one in apart) >= len(apart) // 2


@each_model
def test_figures_hold_and_the_card_shows_them(recipe: Recipe) -> None:
    found = evaluate.evaluate(recipe.file.read_bytes())
    assert found.auc >= artifacts.LEAST_AUC
    assert found.calibration_error < 0.01
    assert f"{found.auc:.4f}" in artifacts.CARD.read_text()
    for name, text in plots.plots(recipe.name, found).items():
        assert (HERE / "plots" / name).read_text() == text
        assert f"plots/{name}" in artifacts.CARD.read_text()


def test_auc_is_the_share_of_rightly_ordered_pairs() -> None:
    rng = np.random.default_rng(0)
    scores, fraud = np.round(rng.random(200), 1), rng.random(200) < 0.3
    pairs = [(a > b) + (a == b) / 2 for a in scores[fraud] for b in scores[~fraud]]
    assert evaluate.auc(scores, fraud) == pytest.approx(sum(pairs) / len(pairs))


@each_model
def test_the_graph_is_what_the_card_promises(recipe: Recipe) -> None:
    import onnx

    model = onnx.load(recipe.file)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, [o.version for o in model.opset_import], model.producer_version) == (7, [13], "")
    opened = runtime.session(recipe.file.read_bytes(), recipe.name)
    assert [(i.name, i.type, i.shape) for i in opened.get_inputs()] == [(INPUT, "tensor(float)", ["N", 7])]
    assert [(o.name, o.type, o.shape) for o in opened.get_outputs()] == [(OUTPUT, "tensor(float)", ["N", 1])]


@each_model
def test_the_server_configuration_allows_any_number_of_rows(recipe: Recipe) -> None:
    text = (recipe.file.parent.parent / "config.pbtxt").read_text()
    assert re.search(r"^max_batch_size: 0$", text, re.MULTILINE)
    assert "dims: [ -1, 7 ]" in text


def test_a_difference_says_which_weight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = RECIPES[0].file.read_bytes()
    bias = export.constants_of(model)["dense_3_bias"] + np.float32(0.5)
    path = tmp_path / "model.onnx"
    path.write_bytes(with_constant(model, "dense_3_bias", bias))
    monkeypatch.setattr(artifacts, "HERE", tmp_path / "model")
    assert artifacts.changed({path: model}) == ["model.onnx: differs in dense_3_bias (by up to 0.5)"]
    path.write_bytes(b"not a model")
    assert "is not an ONNX file" in artifacts.changed({path: model})[0]
