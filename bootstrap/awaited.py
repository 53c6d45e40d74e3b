"""What has to become true of an object before a stage is done: as data, because playbooks, plan and status share it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bootstrap import own_model
from bootstrap.kube.objects import Obj, Ref
from bootstrap.kube.readiness import Verdict, synced_to
from bootstrap.kube.readiness.openshift_ai import serves
from bootstrap.kube.readiness.verdict import READY, not_ready
from bootstrap.kube.wait import Target


@dataclass(frozen=True, slots=True)
class Awaited:
    """One thing that has to become true of one object."""

    ref: Ref
    exists: bool = False  # being there is enough
    key: str | None = None  # a key that its data must have
    revision: str | None = None  # an Application must be synced to this
    serving: str | None = None  # a DataScienceCluster has to be ready for this era alone
    mark: str | None = None  # of the user's model, on its pods; empty: none

    def target(self) -> Target:
        """Return this as the client core's wait takes it."""
        if self.exists:
            return Target(self.ref, check=lambda _: READY)
        if self.key:
            return Target(self.ref, check=self.has_key)
        if self.revision:
            return Target(self.ref, check=synced_to(self.revision))
        if self.serving:
            return Target(self.ref, check=serves(self.serving))
        if self.mark is not None:
            return Target(self.ref, check=own_model.serves(self.mark))
        return Target(self.ref)

    def has_key(self, obj: Obj) -> Verdict:
        """Return ready once the object's data has the key."""
        return READY if self.key in (obj.get("data") or {}) else not_ready(f"has no key {self.key} yet")

    def to_json(self) -> dict[str, Any]:
        """Return this as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Awaited:
        """Return what `to_json` wrote."""
        return cls(**{**data, "ref": Ref(**data["ref"])})
