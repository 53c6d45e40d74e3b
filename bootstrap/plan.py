"""What a run would do: a dry run on the server, object by object, and nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from bootstrap.connection import missing
from bootstrap.kube.apply import apply
from bootstrap.kube.objects import Ref
from bootstrap.stages import Visit, want


@dataclass(slots=True)
class Intent:
    """What would happen to the objects of one stage."""

    stage: str
    create: list[str] = field(default_factory=list)
    change: dict[str, str] = field(default_factory=dict)  # object -> diff, secrets as hashes
    adopt: list[str] = field(default_factory=list)
    leave: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return this as plain data."""
        return {name: getattr(self, name) for name in ("stage", "create", "change", "adopt", "leave")}

    def lines(self) -> list[str]:
        """Return this as people read it."""
        words = [("create", name) for name in self.create]
        words += [("adopt", name) for name in self.adopt]
        words += [("leave", name) for name in self.leave]
        lines = [f"  {word:<7} {name}" for word, name in words]
        for name, diff in self.change.items():
            lines += [f"  change  {name}", *(f"          {line}" for line in diff.splitlines())]
        return [self.stage, *(lines or ["  nothing"])]


def intents(here: Visit, names: list[str]) -> list[Intent]:
    """Return what a run of these stages would do."""
    found = []
    for item in want(here, names):
        objects = [obj for group in item.applied.values() for obj in group]
        would = apply(here.client, objects, deadline=time.monotonic() + 60, dry_run=True)
        intent = Intent(item.stage, adopt=[str(ref) for ref in item.adopted])
        intent.create = [str(ref) for ref in would.created]
        intent.change = {str(ref): would.diffs.get(ref, "") for ref in would.configured}
        intent.leave = [str(ref) for ref in would.unchanged]
        if item.stage == "storage":
            intent.create += [str(Ref.of(obj)) for obj in missing(here.client, here.settings.namespace)]
        found.append(intent)
    return found
