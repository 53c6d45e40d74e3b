"""The tables that say how true the stand-ins are: each row has its source, and tests that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("docs/rehearsal.md", "docs/rehearsal/openshift-ai.md")
# chapters of the specification, of the platform's facts, or the samples of real clusters
SOURCE = re.compile(r"([1-9]|1[01])[a-d]?|facts \d{1,2}[a-e]?|samples")


def rows() -> Iterator[tuple[str, list[str]]]:
    """Behaviour and cells of each row of the tables with a section and a test."""
    for name in TABLES:
        inside = False
        for line in (ROOT / name).read_text().splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if not line.startswith("|"):
                inside = False
            elif line.startswith("| behaviour |"):
                inside = True
            elif inside and not line.startswith("|--"):
                yield cells[0], cells


ROWS = dict(rows())


def test_the_tables_are_found() -> None:
    assert len(ROWS) >= 29


@pytest.mark.parametrize("behaviour", ROWS)
def test_a_row_has_a_source_and_tests(behaviour: str) -> None:
    cells = ROWS[behaviour]
    assert len(cells) == 5, "behaviour, ours, section, known difference, test"
    _, ours, section, _, tests = cells
    assert ours
    assert [word for word in section.split(", ") if not SOURCE.fullmatch(word)] == []
    named = re.findall(r"`([\w/]+\.py)`", tests)
    assert named
    assert [name for name in named if "def test_" not in (ROOT / "tests" / name).read_text()] == []
