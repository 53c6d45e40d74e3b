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


def test_the_page_tells_every_test_that_ran(pytester: pytest.Pytester, tmp_path: Path) -> None:
    soak = Soak(tmp_path / "soak.md", only="all")
    with pytest.raises(KeyboardInterrupt):
        pytester.inline_run(pytester.makepyfile(TESTS), plugins=[soak])
    page = soak.page.read_text()
    outcomes = {name.partition("::")[2]: result.outcome for name, result in soak.results.items()}
    assert outcomes.pop("test_stopped") == "not ended"
    assert outcomes == {
        "test_fine": "passed",
        "test_wrong": "failed",
        "test_down": "failed",
        "test_left_out": "skipped",
    }
    assert "only `all`:\n1 passed, 2 failed, 1 skipped, in 0 minutes (it was stopped there)." in page
    assert "test_wrong` | failed |" in page
