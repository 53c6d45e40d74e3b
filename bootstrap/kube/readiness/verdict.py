"""The answer of a readiness predicate: ready, not ready yet and why, or never without help and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bootstrap.kube.objects import Obj


class State(StrEnum):
    """The three answers."""

    READY = "ready"
    NOT_READY = "not-ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer with its reason, as a person would read it."""

    state: State
    reason: str = ""

    @property
    def ready(self) -> bool:
        """Say whether the object is ready."""
        return self.state is State.READY

    @property
    def failed(self) -> bool:
        """Say whether waiting alone cannot help."""
        return self.state is State.FAILED


Predicate = Callable[[Obj], Verdict]

READY = Verdict(State.READY)


def not_ready(reason: str) -> Verdict:
    """Return the verdict of something that may still become ready."""
    return Verdict(State.NOT_READY, reason)


def failed(reason: str) -> Verdict:
    """Return the verdict of something that waiting alone does not make ready."""
    return Verdict(State.FAILED, reason)
