"""A rehearsal's processes as the machine sees them: found by what they are, never by a remembered pid."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.cluster import RehearsalError

SUPERVISOR = "rehearsal.supervisor"


@dataclass(frozen=True, slots=True)
class Outer:
    """The `unshare` process of a rehearsal and its child, which is pid 1 inside."""

    unshare: int
    init: int


def find(root: Path) -> list[Outer]:
    """The running rehearsals with this state folder: none, or one; more only after a race that was lost."""
    found = []
    for pid in _pids():
        arguments = _arguments(pid)
        if len(arguments) > 2 and Path(arguments[0]).name == "unshare" and _is_supervisor_of(root, arguments):
            found.append(Outer(pid, _child(pid)))
    return found


def stop(outers: list[Outer], patience: float) -> None:
    """None of these runs any more: SIGTERM first, SIGKILL when patience is over."""
    for outer in outers:
        _send(outer.init, signal.SIGTERM)
    if not _wait(lambda: not any(map(alive, outers)), patience):
        kill(outers)


def kill(outers: list[Outer]) -> None:
    """These namespaces have no process left."""
    members = [pid for outer in outers for pid in inside(outer)]
    for outer in outers:
        for pid in (outer.unshare, outer.init):
            _send(pid, signal.SIGKILL)
    if not _wait(lambda: not any(map(alive, outers)) and not any(map(is_alive, members)), 10):
        raise RehearsalError(f"processes {[outer.unshare for outer in outers]} do not end, not even by SIGKILL")


def alive(outer: Outer) -> bool:
    """One of the two still runs; a zombie that waits for the machine's init does not count."""
    return is_alive(outer.unshare) or is_alive(outer.init)


def is_alive(pid: int) -> bool:
    """It runs; a zombie that waits to be collected does not count."""
    return pid > 0 and _state(pid) not in "ZX"


def inside(outer: Outer) -> dict[int, int]:
    """Pid outside → pid in the rehearsal's own pid namespace, of every process in it, containers included."""
    depth = len(_nspids(outer.init))
    if depth == 0:
        return {}
    parents = {pid: _parent(pid) for pid in _pids()}
    return {pid: _nspids(pid)[depth - 1] for pid in _descendants(outer.init, parents) if len(_nspids(pid)) >= depth}


def freeze(outer: Outer) -> None:
    """Every process inside stands still, until `thaw`."""
    frozen: list[int] = []
    while fresh := [pid for pid in inside(outer) if pid not in frozen]:
        for pid in fresh:
            _send(pid, signal.SIGSTOP)
        frozen += fresh
    _wait(lambda: all(_state(pid) in "TtZX" for pid in frozen), 5)


def thaw(outer: Outer) -> None:
    """Every process inside goes on, where it stood still."""
    for pid in reversed(inside(outer)):
        _send(pid, signal.SIGCONT)


def memory(pids: list[int]) -> int:
    """Bytes of memory, shared pages counted in proportion."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def families(outer: Outer) -> dict[int, list[int]]:
    """Pid inside of each child of pid 1 → the outside pids of it and all its descendants."""
    parents = {pid: _parent(pid) for pid in _pids()}
    names = inside(outer)
    return {
        names[pid]: _descendants(pid, parents)
        for pid, parent in parents.items()
        if parent == outer.init and pid in names
    }


def _descendants(ancestor: int, parents: dict[int, int]) -> list[int]:
    """The living process itself and everything below it."""
    found, layer = [], [ancestor]
    while layer:
        found += layer
        layer = [pid for pid, parent in parents.items() if parent in layer]
    return [pid for pid in found if is_alive(pid)]


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _is_supervisor_of(root: Path, arguments: list[str]) -> bool:
    pairs = itertools.pairwise(arguments)
    return (SUPERVISOR, str(root)) in pairs


def _child(pid: int) -> int:
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            return int(child)
    return 0


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _nspids(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return [int(value) for value in line.split()[1:]]
    return []


def _send(pid: int, number: signal.Signals) -> None:
    if pid > 0:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
