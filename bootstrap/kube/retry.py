"""When another try is worth it, and how long to pause before it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from bootstrap.errors import ApiError, DemoError, Unreachable

PATIENCE = 5.0  # seconds of retries for a request without a deadline of its own
LONGEST_PAUSE = 5.0


def transient(error: DemoError) -> bool:
    """Say whether the same request may succeed a moment later."""
    if isinstance(error, Unreachable):
        return error.transient
    return isinstance(error, ApiError) and (error.status == 429 or error.status >= 500)


def later() -> str:
    """Return what to do where the API server asks for patience."""
    return "the API server is overloaded or restarting: wait until it answers, and run this again"


def advice(problem: DemoError) -> list[str]:
    """Return what to do about a failure in the middle of a run, where it does not say so itself."""
    return [later()] if isinstance(problem, ApiError) and transient(problem) else []


def pauses(deadline: float) -> Iterator[float]:
    """Yield growing, jittered pauses, the last one cut at the deadline (time.monotonic)."""
    base = 0.1
    while (left := deadline - time.monotonic()) > 0:
        yield min(base * random.uniform(0.7, 1.3), left)  # noqa: S311 - jitter, not a secret
        base = min(base * 2, LONGEST_PAUSE)


def pause_for(error: DemoError, planned: float, deadline: float) -> float:
    """Return how long to pause: what the server asked for, else what was planned, never past the deadline."""
    asked = error.retry_after if isinstance(error, ApiError) and error.retry_after else planned
    return max(0.0, min(asked, deadline - time.monotonic()))
