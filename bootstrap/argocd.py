"""Argo CD tries again: a comparison that went wrong, by itself only after minutes; a sync given up, never."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bootstrap.errors import ClusterError
from bootstrap.kube.apply import MANAGER
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, conditions, dig
from bootstrap.kube.readiness.argocd import syncing

REFRESH = "argocd.argoproj.io/refresh"  # Argo CD removes it when it has looked
EVERY = 10.0
CURABLE = frozenset({"ComparisonError", "UnknownError"})
GIVEN_UP = "SyncError"


@dataclass(slots=True)
class Refresher:
    """Called again and again during a wait; asks now and then for what the last time went wrong."""

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
            for ref in self.applications:
                obj = self.client.find(ref)
                if obj is not None and (patch := again(obj)):
                    self.client.patch(ref, patch)
        except ClusterError:
            return  # the wait itself says what is wrong


def again(obj: Obj) -> Obj | None:
    """Return the patch that asks an Application to try again, where that is of use."""
    if needs_refresh(obj):
        return {"metadata": {"annotations": {REFRESH: "normal"}}}
    if GIVEN_UP in conditions(obj) and not syncing(obj):
        return {"operation": sync(obj)}
    return None


def sync(obj: Obj) -> Obj:
    """Return the sync that Argo CD itself would begin, had it not used up its attempts for this revision."""
    policy = dig(obj, "spec", "syncPolicy", default={})
    wanted = {
        "revision": dig(obj, "spec", "source", "targetRevision"),
        "prune": dig(policy, "automated", "prune", default=False),
        "syncOptions": policy.get("syncOptions"),
    }
    return {
        "initiatedBy": {"username": MANAGER},
        "sync": {key: value for key, value in wanted.items() if value},
        **({"retry": policy["retry"]} if "retry" in policy else {}),
    }


def needs_refresh(obj: Obj) -> bool:
    """Say whether an Application holds an error of its last look, and no request for another."""
    asked = REFRESH in dig(obj, "metadata", "annotations", default={})
    return not asked and bool(CURABLE & set(conditions(obj)))
