"""The page about a soak run says what the run said."""

from __future__ import annotations

from tests.soak import Result, page, results

REPORT = """<testsuites><testsuite>
<testcase classname="tests.e2e.test_kills" name="test_demo" time="61.5"/>
<testcase classname="tests.e2e.test_kills" name="test_reset" time="2"><failure message="x">y</failure></testcase>
<testcase classname="tests.e2e.test_rounds" name="test_rounds[10]"><skipped/></testcase>
<testcase classname="tests.e2e.test_rounds" name="test_late" time="1"><error/></testcase>
</testsuite></testsuites>"""


def test_every_outcome_is_told_apart() -> None:
    assert [(item.name, item.outcome) for item in results(REPORT)] == [
        ("test_kills::test_demo", "passed"),
        ("test_kills::test_reset", "failed"),
        ("test_rounds::test_rounds[10]", "skipped"),
        ("test_rounds::test_late", "failed"),
    ]


def test_the_page_counts_and_says_when_only_a_part_ran() -> None:
    text = page(results(REPORT), "kills")
    assert "only `kills`:\n1 passed, 2 failed, 1 skipped, in 1 minutes." in text
    assert "| `test_kills::test_reset` | failed | 2 |" in text
    assert ", only" not in page([Result("a", "passed", 1.0)], "")
