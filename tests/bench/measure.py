"""Runs, medians and the lines of the table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what was measured, ours, the peer's (a time in the same run) or the target alone."""

    what: str
    ours: str
    peer: str
    ratio: str
    target: str


def timed(action: Callable[[], object]) -> float:
    """The seconds that it took."""
    start = time.monotonic()
    action()
    return time.monotonic() - start


def alternating(ours: Callable[[], object], peer: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The medians of both, taken in turns so that a busy moment hits both."""
    pairs = [(timed(ours), timed(peer)) for _ in range(rounds)]
    return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)


def against(what: str, ours: float, peer: float, target: str) -> Line:
    """A row with a peer."""
    return Line(what, seconds(ours), seconds(peer), f"{ours / peer:.2f}", target)


def alone(what: str, ours: str, target: str) -> Line:
    """A row that is held against its target only."""
    return Line(what, ours, "-", "-", target)


def seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * len(ordered) + 0.5) - 1)]


def table(lines: list[Line]) -> str:
    """The rows in Markdown."""
    rows = [f"| {line.what} | {line.ours} | {line.peer} | {line.ratio} | {line.target} |" for line in lines]
    return "\n".join(["| what | ours | peer | ratio | at most |", "|---|---|---|---|---|", *rows])
