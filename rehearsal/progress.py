"""What a waiting person sees: lines on stderr with the time that has gone by."""

from __future__ import annotations

import sys
import time

_BEGUN = time.monotonic()


def say(line: str) -> None:
    """The line is on stderr now."""
    print(line, file=sys.stderr, flush=True)


def step(what: str, detail: str = "") -> None:
    """One thing is done, with the seconds since the command began."""
    say(f"  {time.monotonic() - _BEGUN:5.1f} s  {what}{': ' if detail else ''}{detail}")
