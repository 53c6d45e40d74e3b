"""`make soak`: the tests that are too long for `make test`, one after the other, the result kept in docs/soak.md."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rehearsal.cluster import CLONE

PAGE = CLONE / "docs" / "soak.md"
HOURS = 6  # the whole of it takes about two on two idle cores
HEAD = """# Soak

`make soak` runs what is too long for `make test`: the other cells of the journey's matrix, kills at random moments,
rounds of raising and tearing down. `make soak ONLY=kills` runs a part of it.

Last run: {when}, at commit {commit}{only}:
{passed} passed, {failed} failed, {skipped} skipped, in {minutes:.0f} minutes{ended}.

| test | result | seconds |
|---|---|---|
{rows}
"""


@dataclass(slots=True)
class Result:
    """One test of the run: its worst phase decides, all its phases take time."""

    outcome: str = "not ended"
    seconds: float = 0.0


@dataclass(slots=True)
class Soak:
    """Listens to pytest, and keeps the page true after every test: a run that is stopped has not run for nothing."""

    page: Path
    only: str = ""
    results: dict[str, Result] = field(default_factory=dict)
    ended: bool = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test has ended."""
        result = self.results.setdefault(report.nodeid.removeprefix("tests/e2e/"), Result())
        result.seconds += report.duration
        if report.outcome != "passed" or report.when == "call":
            result.outcome = report.outcome

    def pytest_runtest_logfinish(self) -> None:
        """All phases of a test have ended."""
        self.page.write_text(self.text())

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """No test is left, or the run was stopped."""
        self.ended = exitstatus != pytest.ExitCode.INTERRUPTED
        if self.results:
            self.page.write_text(self.text())

    def text(self) -> str:
        """The page about these results."""
        found = self.results.values()
        count = {name: sum(item.outcome == name for item in found) for name in ("passed", "failed", "skipped")}
        return HEAD.format(
            when=datetime.now(UTC).date(),
            commit=_commit(),
            only=f", only `{self.only}`" if self.only else "",
            ended="" if self.ended else " (it was stopped there)",
            minutes=sum(item.seconds for item in found) / 60,
            rows="\n".join(
                f"| `{name}` | {item.outcome} | {item.seconds:.0f} |" for name, item in self.results.items()
            ),
            **count,
        )


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """Run, and end as the tests ended."""
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    os.chdir(CLONE)
    signal.signal(signal.SIGALRM, signal.default_int_handler)  # as by Ctrl-C, which takes the clusters down
    signal.alarm(HOURS * 3600)
    return pytest.main(["-v", "-m", "soak", "tests/e2e", *(["-k", only] if only else [])], [Soak(PAGE, only)])


if __name__ == "__main__":
    sys.exit(main())
