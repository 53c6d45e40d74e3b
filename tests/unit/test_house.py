"""The limits of the house: sizes, docstrings, names, and nothing in the tree that belongs to one machine."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("bootstrap", "rehearsal", "model", "playbooks", "docs")
MODULE_LINES, FUNCTION_LINES, MANIFEST_LINES, PLAYBOOK_LINES, TASKS_LINES, MAKEFILE_LINES = 300, 40, 60, 30, 60, 120
VAGUE = {"utils", "helpers", "common", "misc"}


def tracked(*patterns: str) -> list[Path]:
    """Files that Git knows or would know, relative to the clone."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listing.split("\0") if name and (ROOT / name).is_file()]


def product_modules() -> list[Path]:
    return [path for path in tracked("*.py") if path.parts[0] in PRODUCT]


@cache
def module(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines(path: Path) -> int:
    return len((ROOT / path).read_text().splitlines())


def too_long(paths: list[Path], limit: int) -> list[str]:
    return [f"{path}: {lines(path)} lines, limit {limit}" for path in paths if lines(path) > limit]


def test_no_module_is_over_its_size() -> None:
    assert not too_long(product_modules(), MODULE_LINES)


def test_no_function_is_over_its_size() -> None:
    found = [
        f"{path}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines, limit {FUNCTION_LINES}"
        for path in product_modules()
        for node in functions(path)
        if node.end_lineno is not None and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert not found


def test_every_module_says_what_it_is() -> None:
    assert not [path for path in product_modules() if lines(path) and not ast.get_docstring(module(path))]


def test_no_vague_module_names() -> None:
    assert not [path for path in product_modules() if VAGUE & {*path.parts, path.stem}]


def test_manifests_playbooks_and_makefile_keep_their_sizes() -> None:
    manifests = [path for path in tracked("manifests/*.yaml") if path.name != "kustomization.yaml"]
    playbooks = tracked("playbooks/*.yml")
    top = [path for path in playbooks if len(path.parts) == 2]
    tasks = [path for path in playbooks if "tasks" in path.parts]
    found = too_long(manifests, MANIFEST_LINES) + too_long(top, PLAYBOOK_LINES) + too_long(tasks, TASKS_LINES)
    assert not found + too_long([Path("Makefile")], MAKEFILE_LINES)


# written in pieces, so that this file does not match itself
HOSTS = (
    r"proxy\.gol[a]ng",
    r"gol[a]ng\.org/",
    r"deb\.deb[i]an",
    r"p[y]pi\.org",
    r"pyth[o]nhosted",
    r"registry\.np[m]js",
    r"cr[a]tes\.io",
    r"m[a]ven\.org",
)
FOREIGN = {
    "a package registry's host": "|".join(HOSTS),
    "a path of one machine": r"/w[o]rk/|/r[o]ot/|/h[o]me/[a-z]+/",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE K[E]Y-----\n",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_foreign_in_the_tree(what: str) -> None:
    pattern = re.compile(FOREIGN[what])
    found = []
    for path in tracked():
        if path.suffix in {".sum", ".mod", ".onnx"}:  # module names are not hosts
            continue
        text = (ROOT / path).read_text(errors="replace")
        found += [f"{path}: {match.group()}" for match in pattern.finditer(text)]
    assert not found
