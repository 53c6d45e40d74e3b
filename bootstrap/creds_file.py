"""creds.env as text: parsed line by line, never given to a shell."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path

LINE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)", re.DOTALL)


@dataclass(slots=True)
class Parsed:
    """What a file says, each value with its line, and what is wrong with it."""

    values: dict[str, tuple[str, int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)  # keys that are there, but whose value cannot be used


def read(path: Path, without: Set[str] = frozenset()) -> Parsed:
    """Return the content of a file, but for some keys; one that is not there says nothing."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Parsed()
    except IsADirectoryError:
        return Parsed(problems=[f"{path}: is a directory; it must be a file of KEY=VALUE lines"])
    except PermissionError:
        return Parsed(problems=[f"{path}: cannot be read: permission denied; make it yours with `chmod 600 {path}`"])
    try:
        return parse(content.decode("utf-8-sig"), path.name, without)
    except UnicodeDecodeError:
        return Parsed(problems=[f"{path}: is not UTF-8 text; save it as UTF-8"])


def parse(text: str, name: str = "creds.env", without: Set[str] = frozenset()) -> Parsed:
    """Return the values of KEY=VALUE lines; `#` starts a comment only at the start of a line.

    >>> parse("# mine\\nCLUSTER = 'https://api.lab.example:6443'\\r\\n").values
    {'CLUSTER': ('https://api.lab.example:6443', 2)}
    """
    parsed = Parsed()
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            _take(parsed, stripped, f"{name}:{number}", number, without)
    return parsed


def _take(parsed: Parsed, line: str, where: str, number: int, without: Set[str]) -> None:
    match = LINE.fullmatch(line)
    if match is None:
        shell = line.startswith("export ")
        fix = "leave `export` out: this file is no shell script" if shell else "expected KEY=VALUE"
        # the line may hold a secret, so it is not repeated
        parsed.problems.append(f"{where}: this line cannot be read; {fix}")
        return
    key, value = match[1], match[2].strip()
    if key in without:
        return
    if key in parsed.values:
        first = parsed.values[key][1]
        parsed.problems.append(f"{where}: {key} is already set on line {first}; keep one of the two")
        return
    problem, value = _unquoted(value)
    if problem:
        parsed.problems.append(f"{where}: {key} {problem}")
        parsed.broken.add(key)
    else:
        parsed.values[key] = (value, number)


def _unquoted(value: str) -> tuple[str, str]:
    """Return (problem, value) with one pair of quotes around the whole value taken off."""
    if value[:1] in {"'", '"'}:
        if len(value) < 2 or value[-1] != value[0]:
            return f"starts with {value[0]} and does not end with it; close the quote or leave it out", ""
        value = value[1:-1]
    if not value:
        return "is empty; give it a value or delete the line", ""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        return "contains a control character; type it again", ""
    return "", value
