"""Results as text and as JSON."""

from __future__ import annotations

import shutil

import pytest

from bootstrap import report
from bootstrap.errors import UsageError


def test_sections_are_aligned_under_their_titles() -> None:
    text = report.sections({"minio": {"url": "https://m", "password": "p"}, "s3": {"missing": "not there"}})
    assert text == "MinIO console\n  url       https://m\n  password  p\n\nMinIO S3\n  missing  not there"


def test_a_value_that_is_not_known_is_left_out() -> None:
    assert report.sections({"argocd": {"url": "u", "password": None}}) == "Argo CD\n  url       u"


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not on PATH")
def test_a_query_goes_through_jq() -> None:
    assert report.as_json({"s3": {"bucket": "models"}}, ".s3.bucket") == "models"


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not on PATH")
def test_a_wrong_query_is_refused_with_jqs_own_words() -> None:
    with pytest.raises(UsageError, match=r"QUERY='\.\[': jq refuses it: .*error"):
        report.as_json({}, ".[")


def test_without_jq_a_query_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="install jq, or use JSON=1 alone"):
        report.as_json({}, ".")
