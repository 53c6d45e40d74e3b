"""`make soak`: the tests that are too long for `make test`, one after the other, the result kept in docs/soak.md."""

from __future__ import annotations

import os
import re
import signal
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rehearsal.cluster import CLONE
from tests.commit import commit

PAGE = CLONE / "docs" / "soak.md"
HOURS = 6  # the whole of it takes about two on two idle cores
HEAD = """# Soak

`make soak` runs what is too long for `make test`: more cells of the journey's matrix, kills at random moments,
rounds of raising and tearing down. Cells with OpenShift GitOps of somebody else are walked on 3.4 alone: what is
adopted there is the same on all releases. `make soak ONLY=kills` runs a part of it. Each row is a test's last result.

| test | result | seconds | commit | date |
|---|---|---|---|---|
"""
ROW = re.compile(
    r"^\| `(?P<name>.+)` \| (?P<outcome>[a-z ]+) \| (?P<seconds>\d+) \| (?P<commit>\S+) \| (?P<date>\S+) \|$", re.M
)


@dataclass(slots=True)
class Result:
    """A test's last run: its worst phase decides, all its phases take time."""

    commit: str
    date: str
    outcome: str = "not ended"
    seconds: float = 0.0


@dataclass(slots=True)
class Soak:
    """Listens to pytest, and keeps the page true after every test: a run that is stopped has not run for nothing."""

    page: Path
    commit: str = field(default_factory=commit)  # once: the page is a change to the clone itself
    results: dict[str, Result] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)  # before a part of them is chosen
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What the page says of tests that are still there stays until they have run again."""
        there = {_name(item.nodeid) for item in items}
        rows = ROW.finditer(self.page.read_text()) if self.page.exists() else ()
        for row in rows:
            name, outcome, seconds, commit, date = row.groups()
            if name in there:
                self.results[name] = Result(commit, date, outcome, float(seconds))
        for item in items:
            if item.get_closest_marker("soak"):
                self.results.setdefault(_name(item.nodeid), Result("-", "-", "not run"))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self.results[_name(nodeid)] = Result(self.commit, str(datetime.now(UTC).date()))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test has ended."""
        result = self.results[_name(report.nodeid)]
        result.seconds += report.duration
        if report.outcome != "passed" or report.when == "call":
            result.outcome = report.outcome
        if report.failed:  # pytest tells only at the end, which may be hours away
            print(f"\n{report.longreprtext}", flush=True)

    def pytest_runtest_logfinish(self) -> None:
        """All phases of a test have ended."""
        self.page.write_text(self.text())

    def text(self) -> str:
        """The page about these results."""
        rows = [
            f"| `{name}` | {one.outcome} | {one.seconds:.0f} | {one.commit} | {one.date} |\n"
            for name, one in sorted(self.results.items())
        ]
        return HEAD + "".join(rows)


def _name(nodeid: str) -> str:
    return nodeid.removeprefix("tests/e2e/")


def main() -> int:
    """Run, and end as the tests ended."""
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    os.chdir(CLONE)
    signal.signal(signal.SIGALRM, signal.default_int_handler)  # as by Ctrl-C, which takes the clusters down
    signal.alarm(HOURS * 3600)
    return pytest.main(["-v", "-m", "soak", "tests/e2e", *(["-k", only] if only else [])], [Soak(PAGE)])


if __name__ == "__main__":
    sys.exit(main())
