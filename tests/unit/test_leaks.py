"""The search for secrets finds what it is to find; else its silence would say nothing."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.leaks import files, leaks

SECRET = 'hidden/0ne+wörd="x"'
WAYS = {
    "plain": f"-p {SECRET} -q",
    "JSON": json.dumps({"password": SECRET}),
    "URL": f"https://me:{quote(SECRET, safe='')}@host",
    **{
        f"base64 behind {count} bytes": base64.b64encode(f"{'u' * count}{SECRET}{'v' * count}".encode()).decode()
        for count in range(4)
    },
    "base64 for URLs": base64.urlsafe_b64encode(f"a:{SECRET}".encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_secret_is_found(way: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"before {WAYS[way]} after")
    assert leaks({"canary": SECRET}, files(tmp_path)) == [f"canary stands in {tmp_path / 'log'}"]


def test_what_only_looks_like_it_is_not_found() -> None:
    texts = [("a log", base64.b64encode(b"hidden/0ne+word") + b" hidden 0ne")]
    assert leaks({"canary": SECRET}, texts) == []
