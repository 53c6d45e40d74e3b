"""From an expression in the source to the texts that it can become, with `<name>` where a value is put in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

MOST = 6  # forms of one expression; beyond that a name says more
# words of an expression that say nothing about its value
NOISE = re.compile(
    "str|join|sorted|map|len|round|max|min|ref|of|dig|default|strip|lower|splitlines|or|and|not|if|else|for|in|f|s|n|"
    "status|metadata|spec|get|None|True|False|one|self|repr"
)
Functions = dict[str, list[ast.expr]]


@dataclass(slots=True)
class Scope:
    """What names stand for where a statement is: texts that were assigned to them before, here or further out."""

    names: dict[str, list[tuple[ast.stmt, ast.expr]]]
    functions: Functions  # name -> the texts that it returns
    outer: Scope | None = None
    at: ast.stmt | None = None

    def inside(self, function: ast.FunctionDef) -> Scope:
        """Return the names of a function, on top of these."""
        return Scope(assigned(ast.walk(function)), self.functions, self)

    def find(self, name: str) -> list[ast.expr]:
        """Return what a name may stand for: its last values, back to one that was given unconditionally."""
        if name not in self.names:
            return self.outer.find(name) if self.outer else []
        found: list[ast.expr] = []
        for statement, value in reversed(self.names[name]):
            if self.outer and self.at and statement.lineno > self.at.lineno:
                continue
            found.append(value)
            if self.at and statement.col_offset <= self.at.col_offset:
                break
        return [value for value in reversed(found) if says(value)]


def assigned(nodes: Iterable[ast.AST]) -> dict[str, list[tuple[ast.stmt, ast.expr]]]:
    """Return every name that these statements give a value, with statement and value in the order of the source."""
    found: dict[str, list[tuple[ast.stmt, ast.expr]]] = {}
    for node in sorted((one for one in nodes if isinstance(one, ast.Assign | ast.If)), key=lambda one: one.lineno):
        if isinstance(node, ast.If):
            for part in ast.walk(node.test):
                if isinstance(part, ast.NamedExpr):
                    found.setdefault(part.target.id, []).append((node, part.value))
            continue
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            for name, value in pairs:
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append((node, value))
    return found


def says(value: ast.expr) -> bool:
    """Say whether a value is text that is written in the source, or comes from a function."""
    if isinstance(value, ast.IfExp):
        return says(value.body) or says(value.orelse)
    if stripped(value):
        return True
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) or joined(value) is not None
    return isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str))


def stripped(value: ast.expr) -> ast.expr | None:
    """Return the text whose ends are taken off, or None where it is something else."""
    match value:
        case ast.Call(func=ast.Attribute(value=ast.JoinedStr() as text, attr="strip" | "rstrip")):
            return text
    return None


def joined(value: ast.expr) -> tuple[str, list[ast.expr]] | None:
    """Return separator and texts of a list that is joined, or None where it is something else."""
    match value:
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(between)), attr="join"), args=[ast.List(elts=many)]
        ):
            texts = [one for one in many if not isinstance(one, ast.Starred)]
            return (between, texts) if texts else None
    return None


def returned(function: ast.FunctionDef) -> list[ast.expr]:
    """Return the texts that a function returns, or yields."""
    values = [node.value for node in ast.walk(function) if isinstance(node, ast.Return | ast.Yield) and node.value]
    return [
        value
        for value in values
        if says(value) and (stripped(value) or joined(value) or not isinstance(value, ast.Call))
    ]


def patterns(expression: ast.expr, scope: Scope, depth: int = 4) -> list[str]:
    """Return the texts that an expression can become."""
    found: list[str]
    match expression:
        case ast.Constant(value=str(text)):
            found = [text]
        case ast.Constant(value=None):
            found = []
        case ast.JoinedStr(values=parts):
            found = ["".join(one) for one in product(*(patterns(part, scope, depth) for part in parts))]
        case ast.FormattedValue(value=value):
            found = patterns(value, scope, depth)
        case ast.IfExp(body=body, orelse=other):
            found = patterns(body, scope, depth) + patterns(other, scope, depth)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            both = product(patterns(left, scope, depth), patterns(right, scope, depth))
            found = ["".join(one) for one in both]
        case ast.BoolOp(values=values):
            found = [text for value in values for text in patterns(value, scope, depth)]
        case ast.Name(id=name) if depth and scope.find(name):
            found = [text for value in scope.find(name) for text in patterns(value, scope, depth - 1)]
        case ast.Call(func=ast.Name(id="next"), args=[first, *_]):
            found = patterns(first, scope, depth)
        case ast.Call() if (bare := stripped(expression)) is not None:
            found = patterns(bare, scope, depth)
        case ast.Call() if parts_of := joined(expression):
            between, texts = parts_of
            found = [between.join(one) for one in product(*(patterns(text, scope, depth) for text in texts))]
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if depth and scope.functions.get(name):
            found = [text for value in scope.functions[name] for text in patterns(value, scope, depth - 1)]
        case ast.Call(func=ast.Name(), args=args) if texts := [one for one in args if isinstance(one, ast.JoinedStr)]:
            found = patterns(texts[0], scope, depth)
        case _:
            found = [f"<{name_of(expression)}>"]
    distinct = list(dict.fromkeys(found))
    return distinct if len(distinct) <= MOST else [f"<{name_of(expression)}>"]


def name_of(expression: ast.expr) -> str:
    """Return a word for a value: the last name in what computes it."""
    words = [word for word in re.findall(r"[A-Za-z_]\w*", ast.unparse(expression)) if not NOISE.fullmatch(word)]
    return words[-1].strip("_").replace("_", " ").lower() if words else "object"
