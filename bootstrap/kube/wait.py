"""Waits that explain: LIST then WATCH, fail early, and a timeout that names object, reason, event and next step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bootstrap.kube.client import Client
from bootstrap.kube.objects import Ref
from bootstrap.kube.readiness.verdict import Predicate


@dataclass(frozen=True, slots=True)
class Target:
    """What has to become true of one object: the table's predicate for its kind, unless said otherwise."""

    ref: Ref
    condition: str | None = None  # "Available" or "Available=False": just this status condition
    absent: bool = False  # the object must go away
    check: Predicate | None = None  # instead of the table's predicate


def wait(
    client: Client,
    targets: Iterable[Target],
    *,
    timeout: float,
    why: str,
    next_step: str | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> None:
    """Return as soon as every target is true; WaitFailed as soon as one never can be, WaitTimeout at the end."""
    raise NotImplementedError
