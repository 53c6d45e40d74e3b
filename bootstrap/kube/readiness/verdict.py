"""The answer of a readiness predicate: ready, not ready yet and why, or never without help and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bootstrap.kube.objects import Obj, dig


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
    grace: float = 0.0  # seconds for which such a failure may still heal by itself
    advice: str = ""  # what to do about it, where that is known better than what was waited for says

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


def not_ready(reason: str, *, advice: str = "") -> Verdict:
    """Return the verdict of something that may still become ready."""
    return Verdict(State.NOT_READY, reason, advice=advice)


def failed(reason: str, *, grace: float = 0.0, advice: str = "") -> Verdict:
    """Return the verdict of something that waiting alone does not make ready, or not after `grace` seconds of it."""
    return Verdict(State.FAILED, reason, grace, advice)


def seen_by_controller(obj: Obj) -> Verdict | None:
    """Return the verdict on a status that is about an older spec, or None where it is about this one."""
    generation, observed = dig(obj, "metadata", "generation"), dig(obj, "status", "observedGeneration")
    if generation is not None and observed is not None and observed < generation:
        return not_ready(
            f"the controller has not seen the last change yet (generation {generation}, status {observed})"
        )
    return None
