"""`make soak`: the tests that are too long for `make test`, one after the other, the result kept in docs/soak.md."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.cluster import CLONE

PAGE = CLONE / "docs" / "soak.md"
HOURS = 6  # the whole of it takes about two on two idle cores
HEAD = """# Soak

`make soak` runs what is too long for `make test`: the other cells of the journey's matrix, kills at random moments,
rounds of raising and tearing down. `make soak ONLY=kills` runs a part of it.

Last run: {when}, at commit {commit}{only}:
{passed} passed, {failed} failed, {skipped} skipped, in {minutes:.0f} minutes.

| test | result | seconds |
|---|---|---|
{rows}
"""


@dataclass(frozen=True, slots=True)
class Result:
    """One test of the run."""

    name: str
    outcome: str
    seconds: float


def main() -> int:
    """Run, write the page, and end as the tests ended."""
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-v", "-m", "soak", f"--junitxml={report}", "tests/e2e"]
        command += ["-k", only] if only else []
        code = subprocess.run(command, cwd=CLONE, timeout=HOURS * 3600, check=False).returncode
        if report.is_file() and (found := results(report.read_text())):
            PAGE.write_text(page(found, only))
    return code


def results(report: str) -> list[Result]:
    """The tests of a JUnit report."""
    return [
        Result(f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}", _outcome(case), _seconds(case))
        for case in ET.fromstring(report).iter("testcase")
    ]


def _outcome(case: ET.Element) -> str:
    kinds = {child.tag for child in case}
    if kinds & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in kinds else "passed"


def _seconds(case: ET.Element) -> float:
    return float(case.get("time") or 0)


def page(found: list[Result], only: str) -> str:
    """The page about these results."""
    count = {name: sum(item.outcome == name for item in found) for name in ("passed", "failed", "skipped")}
    command = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=True).stdout.strip()
    return HEAD.format(
        when=datetime.now(UTC).date(),
        commit=commit,
        only=f", only `{only}`" if only else "",
        minutes=sum(item.seconds for item in found) / 60,
        rows="\n".join(f"| `{item.name}` | {item.outcome} | {item.seconds:.0f} |" for item in found),
        **count,
    )


if __name__ == "__main__":
    sys.exit(main())
