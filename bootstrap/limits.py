"""How long one wait may take within its run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHORTEST = 1.0  # what holds already is seen even when the time is over
LONGEST = 600.0  # of a wait that does not say


def limited(args: Mapping[str, Any], now: float) -> tuple[float, str | None]:
    """Return how long a wait may take, cut by what is left of the run, and what to do when it runs out.

    >>> limited({"timeout": 900, "until": 130.0, "next_step": "look at the pod"}, now=100.0)
    (30.0, 'look at the pod; TIMEOUT says how many seconds a run may take')
    >>> limited({"timeout": 900, "next_step": "look at the pod"}, now=100.0)
    (900.0, 'look at the pod')
    """
    seconds, next_step = float(args.get("timeout", LONGEST)), args.get("next_step")
    left = float(args.get("until") or "inf") - now
    if left >= seconds:
        return seconds, next_step
    return max(SHORTEST, left), "; ".join(filter(None, (next_step, "TIMEOUT says how many seconds a run may take")))
