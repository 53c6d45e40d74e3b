"""`python -m model train|check|evaluate|answers`."""

import argparse
import sys
import time
from pathlib import Path

from model import answers, artifacts, evaluate, known_answers
from model.errors import ModelError
from model.recipe import HERE, RECIPES


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 done, 1 something differs, 2 the file given cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description="Train, check and question the models.")
    commands = parser.add_subparsers(required=True, metavar="command")
    train = commands.add_parser("train", help="train, evaluate and compare with the committed files")
    train.add_argument("--write", action="store_true", help="write what differs")
    train.set_defaults(run=_train)
    check = commands.add_parser("check", help="ask the committed models their known answers, by two witnesses")
    check.set_defaults(run=_check)
    figures = commands.add_parser("evaluate", help="print the figures of the committed models")
    figures.set_defaults(run=_evaluate)
    ask = commands.add_parser("answers", help="compute answers for an ONNX model of yours")
    ask.add_argument("model", type=Path, help="the ONNX file")
    ask.add_argument("--out", type=Path, help="where to write (default: beside the model)")
    ask.add_argument("--max-megabytes", type=float, default=answers.LARGEST / 2**20, help="largest file taken")
    ask.set_defaults(run=_answers)
    return parser


def _train(options: argparse.Namespace) -> int:
    made = []
    for recipe in RECIPES:
        start = time.monotonic()
        made.append(artifacts.make(recipe))
        print(f"{recipe.name}: trained and evaluated in {time.monotonic() - start:.1f} s", file=sys.stderr)
    wanted = artifacts.files(made)
    print(evaluate.table({one.recipe.name: one.evaluation for one in made}))
    differing = artifacts.changed(wanted)
    if options.write:
        for path, content in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for line in differing:
        print(f"{'written: ' if options.write else 'differs: '}{line}", file=sys.stderr)
    for one in made:
        print(f"{known_answers.sha256(one.model)}  {one.recipe.file.relative_to(HERE.parent)}")
    poor = [problem for one in made for problem in artifacts.recipe_problems(one)]
    for problem in poor:
        print(f"error: {problem}", file=sys.stderr)
    equal = options.write or not differing
    verb = "were written" if options.write else "differ"
    print(f"{len(differing)} files {verb}" if differing else "equal to the committed files")
    return 0 if equal and not poor else 1


def _check(_: argparse.Namespace) -> int:
    found = [problem for recipe in RECIPES for problem in artifacts.problems(recipe)]
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    if not found:
        count = sum(len(known_answers.read(recipe.answers).answers) for recipe in RECIPES)
        print(f"{count} known answers equal by onnxruntime, and within 1e-6 by plain numpy")
    return 1 if found else 0


def _evaluate(_: argparse.Namespace) -> int:
    print(evaluate.table({recipe.name: evaluate.evaluate(recipe.file.read_bytes()) for recipe in RECIPES}))
    return 0


def _answers(options: argparse.Namespace) -> int:
    content = answers.read_foreign(options.model, int(options.max_megabytes * 2**20))
    known = answers.foreign_answers("fraud", content, f"MODEL: {options.model}")
    out = options.out or options.model.with_suffix(".answers.json")
    out.write_text(known_answers.to_json(known), encoding="utf-8")
    print(f"{len(known.answers)} answers of {known.sha256} written to {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
