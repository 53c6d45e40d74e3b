"""Argo CD looks again at what it could not compare: by itself it does so only after minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bootstrap.errors import ClusterError
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, conditions, dig

REFRESH = "argocd.argoproj.io/refresh"  # Argo CD removes it when it has looked
EVERY = 10.0
CURABLE = frozenset({"ComparisonError", "UnknownError"})


@dataclass(slots=True)
class Refresher:
    """Called again and again during a wait; asks for a refresh now and then where the last look went wrong."""

    client: Client
    applications: Sequence[Ref]
    clock: Callable[[], float] = time.monotonic
    last: float = field(init=False)

    def __post_init__(self) -> None:
        self.last = self.clock()

    def __call__(self) -> None:
        """Look at the Applications, unless that was done a moment ago."""
        if not self.applications or self.clock() - self.last < EVERY:
            return
        self.last = self.clock()
        try:
            for ref in self.stuck():
                self.client.patch(ref, {"metadata": {"annotations": {REFRESH: "normal"}}})
        except ClusterError:
            return  # the wait itself says what is wrong

    def stuck(self) -> Iterable[Ref]:
        """Return the Applications whose last look went wrong and that nobody has asked to look again."""
        for ref in self.applications:
            obj = self.client.find(ref)
            if obj is not None and needs_refresh(obj):
                yield ref


def needs_refresh(obj: Obj) -> bool:
    """Say whether an Application holds an error of its last look, and no request for another."""
    asked = REFRESH in dig(obj, "metadata", "annotations", default={})
    return not asked and bool(CURABLE & set(conditions(obj)))
