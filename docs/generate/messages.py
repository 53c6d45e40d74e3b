"""Every message for people, read out of the source where it is raised: nothing is written down twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bootstrap import errors
from docs.generate.patterns import Functions, Scope, assigned, patterns, returned
from rehearsal import cluster
from rehearsal.toolchain import errors as toolchain

ROOT = Path(__file__).parents[2]
GATHERED = {  # modules that gather problems in a list, and what they raise in the end
    "bootstrap/creds_file.py": "SettingsError",
    "bootstrap/settings.py": "SettingsError",
    "bootstrap/kube/apply.py": "ApplyFailed",
    "bootstrap/kube/delete.py": "DeleteStuck",
}
REHEARSAL = {name for module in (cluster, toolchain) for name, value in vars(module).items() if isinstance(value, type)}
ERRORS = {  # by package; others of the same name are not for people
    "bootstrap": {name for name, value in vars(errors).items() if isinstance(value, type)} | {"BadValue"},
    "rehearsal": {name for name in REHEARSAL if not name.startswith("Cluster")},
}
VERDICTS = {"failed", "not_ready"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message as people meet it, with `<...>` where a value stands."""

    kind: str  # class of the error, `Finding`, or `failed` and `not_ready` of a wait
    text: str
    module: str
    function: str = ""
    why: str = ""
    step: str = ""

    @property
    def whole(self) -> str:
        """Return everything that is said."""
        return "; ".join(part for part in (self.text, self.why, self.step) if part)


@dataclass(slots=True)
class Reader(ast.NodeVisitor):
    """Walks one module and notes what it says to people."""

    module: str
    scope: Scope
    found: list[Message] = field(default_factory=list)
    function: str = ""

    def visit(self, node: ast.AST) -> None:
        """Remember which statement is read."""
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef):
            self.scope.at = node
        ast.NodeVisitor.visit(self, node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Read a function with its own names."""
        outer_scope, outer = self.scope, self.function
        self.scope, self.function = self.scope.inside(node), outer or node.name
        self.generic_visit(node)
        self.scope, self.function = outer_scope, outer

    def visit_Call(self, node: ast.Call) -> None:
        """Note errors of ours, findings of the doctor, verdicts of a wait, and problems that are gathered."""
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name == "Finding":
            self.finding(node)
        elif (name in VERDICTS or name in ERRORS[self.module.partition("/")[0]]) and node.args:
            first = node.args[0]
            for item in first.elts if isinstance(first, ast.List) else [first]:
                self.note(name, item)
        elif name == "append" and "problems" in ast.unparse(node.func) and self.module in GATHERED:
            self.note(GATHERED[self.module], node.args[0])
        for keyword in node.keywords:
            if keyword.arg == "problems" and isinstance(keyword.value, ast.List):
                for item in keyword.value.elts:
                    self.note("SettingsError", item)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        """Note problems that a function returns first of two values, as the reader of creds.env does."""
        if self.module.endswith("creds_file.py") and isinstance(node.value, ast.Tuple):
            self.note("SettingsError", node.value.elts[0])
        self.generic_visit(node)

    def note(self, kind: str, expression: ast.expr) -> None:
        """Note every form that an expression can take."""
        for text in patterns(expression, self.scope):
            if " " in text and not re.fullmatch(r"<[^<>]*>", text):
                self.found.append(Message(kind, text, self.module, self.function))

    def finding(self, node: ast.Call) -> None:
        """Note a finding: where and what, why, and what to do next."""
        if len(node.args) < 4:
            return
        where, what, why, step = (patterns(one, self.scope) for one in node.args[:4])
        for one in what:
            self.found.append(
                Message("Finding", f"{where[0]}: {one}", self.module, self.function, why[0], " or ".join(step))
            )


def texts_of_functions(modules: Iterable[ast.Module]) -> Functions:
    """Return the texts that functions return, of those whose name is used once."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for module in modules:
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
    return {name: returned(many[0]) for name, many in found.items() if len(many) == 1}


def of_module(path: Path, module: ast.Module, known: Functions) -> list[Message]:
    """Return what one module says."""
    scope = Scope(assigned(module.body), {**known, **texts_of_functions([module])})
    reader = Reader(path.relative_to(ROOT).as_posix(), scope)
    reader.visit(module)
    return list(dict.fromkeys(reader.found))


@cache
def all_messages(package: str = "bootstrap") -> tuple[Message, ...]:
    """Return what a package says, module by module."""
    modules = {path: ast.parse(path.read_text()) for path in sorted((ROOT / package).rglob("*.py"))}
    known = texts_of_functions(modules.values())
    return tuple(one for path, module in modules.items() for one in of_module(path, module, known))
