"""docs/troubleshooting.md: every message, grouped as people meet it, with what to do next."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from types import ModuleType

from bootstrap import errors
from bootstrap.doctor import cluster, machine, operators, origin, room
from docs.generate.faults import FAULTS
from docs.generate.messages import ROOT, Message, all_messages

HALVES: dict[str, tuple[ModuleType, ...]] = {"machine": (machine, origin), "cluster": (cluster, operators, room)}
VISIT = {"refused": "login", "unreadable": "reading"}
VALUES_ALONE = re.compile(r"(<[^<>]+>|[: '])+")
SETTINGS = ("SettingsError", "BadValue")
# what helps where a message does not say it itself
ADVICE = {
    "DemoError": "`make doctor` looks at everything around it",
    "UsageError": "`make help`, or `serving-demo help`",
    "GuardError": "read what it names; nothing was changed",
    "Blocked": "every problem is listed with its next step",
    "LoginError": "`make login` tries the sign-in alone",
    "ClusterError": "`make doctor` says what else cannot be read",
    "Unreachable": "check CLUSTER, the network or VPN, HTTPS_PROXY and CA_FILE",
    "NotFound": "`make status` shows which stage is not there",
    "NotServed": "the operator that brings this kind is not installed, or not ready yet: `make status`",
    "ApplyFailed": "each object is named with the server's own reason",
    "WaitTimeout": "the last lines name the object, its condition and its last warning event",
    "WaitFailed": "the last lines name the object and the reason",
    "DeleteStuck": "what holds each object is named: put that right, then run it again",
    "CommandFailed": "the command stands there as one can paste it",
    "PlaybookFailed": "the task and its message stand there; `.serving-demo/log.jsonl` has all tasks",
    "VerifyError": "`make status`, then `make verify` again",
}
HEAD = """\
# Troubleshooting

Generated from the source by `make docs`; do not edit. ‹name› stands for a value. Search for the words of your message.

A message says where, which value, which rule, and what to do next. The command ends with 0 (done), 1 (failed),
2 (wrong settings or usage, or a guard: nothing was changed) or 130 (stopped); make turns every failure into 2.
`make VERBOSE=1` shows where in the code a message comes from, `.serving-demo/log.jsonl` has every task of all
runs, and `make support` packs what a question needs, without secrets. `make doctor` and `make status` change nothing.
"""


def text() -> str:
    """Return the whole document."""
    found = list(all_messages())
    parts = [by_fault(found), doctor(found), settings(found), by_class(found), waits(found), rehearsal()]
    return "\n".join([HEAD, *(line for part in parts for line in part)])


def cell(words: str) -> str:
    """Return words for one cell of a table."""
    return re.sub(r"<([^<>\n]+)>", r"‹\1›", " ".join(words.split())).replace("|", "\\|")


def row(*cells: str) -> str:
    """Return one row of a table."""
    return f"| {' | '.join(map(cell, cells))} |"


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a table, each row once."""
    return [row(*heads), f"|{'---|' * len(heads)}", *dict.fromkeys(row(*one) for one in rows), ""]


def halves(message: Message) -> tuple[str, str]:
    """Return what a message says is wrong, and what to do about it."""
    if message.step:
        return message.text, message.step
    said, _, step = message.text.partition("; ")
    return said, step or ADVICE.get(message.kind, "")


def by_fault(found: list[Message]) -> Iterator[str]:
    """Yield the faults in people's own words, each with the message that tells it."""
    yield "## What is wrong?\n"
    for group, faults in FAULTS.items():
        yield f"### {group}\n"
        rows = []
        for fault in faults:
            message = next((one for one in [*found, *all_messages("rehearsal")] if fault.said in one.whole), None)
            said, step = halves(message) if message else (fault.said, "")
            rows.append((fault.name, said, fault.do or step))
        yield from table(("fault", "message", "what to do"), rows)


def checks() -> dict[str, str]:
    """Return module and function -> the check of the doctor that they belong to."""
    found = {("bootstrap/doctor/visit.py", name): check for name, check in VISIT.items()}
    for module in (module for many in HALVES.values() for module in many):
        for check in module.CHECKS:
            path = f"{check.look.__module__.replace('.', '/')}.py"
            found[path, check.look.__name__] = check.name
            for called in re.findall(r"yield from (\w+)\(", inspect.getsource(check.look)):
                found[path, called] = check.name
    return {":".join(key): name for key, name in found.items()}


def doctor(found: list[Message]) -> Iterator[str]:
    """Yield the checks of the doctor, half by half."""
    belongs = checks()
    findings: dict[str, list[Message]] = {}
    for one in found:
        if one.kind == "Finding":
            findings.setdefault(belongs[f"{one.module}:{one.function}"], []).append(one)
    for half, modules in HALVES.items():
        names = [check.name for module in modules for check in module.CHECKS]
        names = [*names, *VISIT.values()] if half == "cluster" else names
        yield f"## The doctor's checks: {half}\n"
        rows = [(name, one.text, one.why, one.step) for name in names for one in findings.get(name, [])]
        yield from table(("check", "message", "why it matters", "what to do"), rows)


def settings(found: list[Message]) -> Iterator[str]:
    """Yield what is said about settings."""
    yield "## Settings\n"
    yield "All problems are told at once, each with the line of creds.env, `make` or `environment` in front.\n"
    shown = [one for one in found if one.kind in SETTINGS and not VALUES_ALONE.fullmatch(one.text)]
    yield from table(("message", "what to do"), map(halves, shown))


def by_class(found: list[Message]) -> Iterator[str]:
    """Yield the other errors, in the order of the tree in `bootstrap/errors.py`."""
    for name in re.findall(r"\w+", errors.__doc__ or ""):
        kind = getattr(errors, name, None)
        shown = [one for one in found if one.kind == name and name not in SETTINGS]
        if isinstance(kind, type) and issubclass(kind, errors.DemoError) and shown:
            yield f"## {name}: {(inspect.getdoc(kind) or '').splitlines()[0]}\n"
            yield f"Exit code {kind.exit_code}. Where the message says nothing else: {ADVICE[name]}.\n"
            rows = [(said, "" if step == ADVICE[name] else step) for said, step in map(halves, shown)]
            yield from table(("message", "what to do"), rows)


def waits(found: list[Message]) -> Iterator[str]:
    """Yield why something is not ready."""
    yield "## Why something is not ready\n"
    yield "These stand in `make status`, in the progress of a run, and below `waited ‹timeout› s for`.\n"
    words = {"failed": "does not heal by waiting", "not_ready": "may still become ready"}
    rows = [(one.text, words[one.kind]) for kind in words for one in found if one.kind == kind]
    yield from table(("message", "what that means"), rows)


def rehearsal() -> Iterator[str]:
    """Yield what the rehearsal says about itself."""
    yield "## The rehearsal\n"
    yield "`make rehearsal-check` says whether this machine can run one, `make rehearsal-logs` how its logs end.\n"
    yield from table(("message", "what to do"), map(halves, all_messages("rehearsal")))


def source() -> str:
    """Return the whole source of the command and of the rehearsal."""
    paths = [path for package in ("bootstrap", "rehearsal") for path in sorted((ROOT / package).rglob("*.py"))]
    return "\n".join(path.read_text() for path in paths)
