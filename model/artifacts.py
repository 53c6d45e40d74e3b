"""The committed files: made again, compared with what is there, or written."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model import answers, evaluate, export, known_answers, plots
from model.errors import ModelError
from model.evaluate import Evaluation
from model.export import INPUT, OUTPUT
from model.recipe import HERE, Recipe

CARD = HERE / "MODEL.md"
FIGURES_START, FIGURES_END = "<!-- figures -->\n", "<!-- end of figures -->"
WITNESS_TOLERANCE = 1e-6
LEAST_AUC = 0.99


@dataclass(frozen=True, slots=True)
class Made:
    """One model as trained just now."""

    recipe: Recipe
    model: bytes
    evaluation: Evaluation


def make(recipe: Recipe) -> Made:
    """The model trained from its recipe and evaluated."""
    model = export.to_onnx(recipe.train())
    return Made(recipe, model, evaluate.evaluate(model))


def files(made: list[Made]) -> dict[Path, bytes]:
    """Every committed file that training decides, with its content."""
    found: dict[Path, bytes] = {}
    for one in made:
        known = answers.fraud_answers(one.recipe.name, one.model)
        found[one.recipe.file] = one.model
        found[one.recipe.answers] = known_answers.to_json(known).encode()
        drawn = plots.plots(one.recipe.name, one.evaluation)
        found |= {HERE / "plots" / name: text.encode() for name, text in drawn.items()}
    found[CARD] = card({one.recipe.name: one.evaluation for one in made}).encode()
    return found


def card(evaluations: dict[str, Evaluation]) -> str:
    """The model card with its figures replaced by these."""
    text = CARD.read_text(encoding="utf-8")
    before, start, rest = text.partition(FIGURES_START)
    _, end, after = rest.partition(FIGURES_END)
    if not (start and end):
        raise ModelError(f"{CARD}: no place for the figures; expected {FIGURES_START!r} and {FIGURES_END!r}")
    return before + start + evaluate.table(evaluations) + "\n" + end + after


def changed(wanted: dict[Path, bytes]) -> list[str]:
    """One line per committed file that differs from what training gives."""
    return [difference(path, content) for path, content in wanted.items() if _content(path) != content]


def difference(path: Path, content: bytes) -> str:
    """Where a committed file departs from what training gives."""
    name, there = path.relative_to(HERE.parent), _content(path)
    if not there:
        return f"{name}: is missing"
    if path.suffix != ".onnx":
        pairs = zip(there.splitlines(), content.splitlines(), strict=False)
        line = next((number for number, (a, b) in enumerate(pairs, 1) if a != b), 0)
        return f"{name}: differs from line {line} on" if line else f"{name}: differs in length"
    try:
        old, new = export.constants_of(there), export.constants_of(content)
    except Exception as error:  # protobuf raises types of its own
        return f"{name}: is not an ONNX file ({type(error).__name__})"
    if old.keys() != new.keys() or any(old[key].shape != new[key].shape for key in old):
        return f"{name}: has another structure than the trained one"
    apart = {key: float(np.abs(old[key] - new[key]).max()) for key in old if not np.array_equal(old[key], new[key])}
    if not apart:
        return f"{name}: has equal weights in another graph or header"
    return f"{name}: differs in " + ", ".join(f"{key} (by up to {most:.3g})" for key, most in apart.items())


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def problems(recipe: Recipe) -> list[str]:
    """What is wrong with the committed files of one model, without training anything."""
    model, known = _content(recipe.file), known_answers.read(recipe.answers)
    found = []
    if (sha := known_answers.sha256(model)) != known.sha256:
        found.append(f"{recipe.file.name} has sha256 {sha}, its known answers are for {known.sha256}")
    found += known_answers.differences(known, answers.computed_again(known, model, recipe.name))
    for answer in known.answers:
        again = export.by_numpy(model, answer.inputs[INPUT].astype(np.float64))
        apart = float(np.abs(again - answer.outputs[OUTPUT]).max())
        if apart > WITNESS_TOLERANCE:
            found.append(f"{answer.name}: plain numpy is {apart:.3g} away from the known answer")
    return [f"{recipe.name}: {problem}" for problem in found]


def recipe_problems(made: Made) -> list[str]:
    """Where a trained model falls short of what the card promises."""
    auc = made.evaluation.auc
    return [] if auc >= LEAST_AUC else [f"{made.recipe.name}: AUC {auc:.4f} is below {LEAST_AUC}"]
