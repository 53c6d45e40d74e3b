"""The page about a soak run says what the run said, also of a run that was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak import Soak

pytest_plugins = ["pytester"]

TESTS = """
import pytest

def test_fine():
    pass

def test_wrong():
    assert False

@pytest.fixture
def broken():
    yield
    raise ValueError("the way down")

def test_down(broken):
    pass

@pytest.mark.skip
def test_left_out():
    pass

def test_stopped():
    raise KeyboardInterrupt

def test_never_run():
    pass
"""


BEFORE = """
| `test_soaked.py::test_never_run` | passed | 12 | abcdef0 | 2026-01-01 |
| `test_soaked.py::test_wrong` | passed | 3 | abcdef0 | 2026-01-01 |
| `test_soaked.py::test_long_gone` | passed | 3 | abcdef0 | 2026-01-01 |
"""


def test_the_page_tells_the_last_result_of_every_test(pytester: pytest.Pytester, tmp_path: Path) -> None:
    soak = Soak(tmp_path / "soak.md")
    soak.page.write_text(BEFORE)
    with pytest.raises(KeyboardInterrupt):
        pytester.inline_run(pytester.makepyfile(test_soaked=TESTS), "-k", "not never_run", plugins=[soak])
    outcomes = {name.partition("::")[2]: result.outcome for name, result in soak.results.items()}
    assert outcomes.pop("test_stopped") == "not ended"
    assert outcomes == {
        "test_fine": "passed",
        "test_wrong": "failed",
        "test_down": "failed",
        "test_left_out": "skipped",
        "test_never_run": "passed",
    }
    page = soak.page.read_text()
    assert "| `test_soaked.py::test_never_run` | passed | 12 | abcdef0 | 2026-01-01 |" in page
    assert "| `test_soaked.py::test_wrong` | failed | 0 |" in page
    assert "long_gone" not in page
