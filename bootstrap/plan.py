"""What a run would do: a dry run on the server, object by object, and nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bootstrap import bucket, dashboard_admin
from bootstrap.connection import missing
from bootstrap.desired import Desired
from bootstrap.kube.apply import apply
from bootstrap.kube.objects import Ref
from bootstrap.kube.parallel import each
from bootstrap.settled import unlike
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
        intent.change |= {str(ref): yaml.safe_dump(change, sort_keys=False) for ref, change in item.patched}
        brought(here, item, intent)
        if item.stage == "rhods":
            admin = dashboard_admin.lacking(here.client, here.settings.dashboard_admin)
            intent.change |= {str(dashboard_admin.GROUP): said for said in admin}
        if item.stage == "storage":
            intent.create += [str(Ref.of(obj)) for obj in missing(here.client, here.settings.namespace)]
        if item.stage == "model":
            seeded(here, intent)
        found.append(intent)
    return found


def brought(here: Visit, item: Desired, intent: Intent) -> None:
    """Tell what Argo CD would bring; what is there it would compare by itself."""
    refs = [Ref.of(obj) for obj in item.delivered]
    for ref, obj in zip(refs, each(here.client.find, refs), strict=True):
        (intent.create if obj is None else intent.leave).append(str(ref))


def seeded(here: Visit, intent: Intent) -> None:
    """Tell which files would be written into the bucket."""
    folders = here.model_folders()
    files = [name for prefix, at in folders.items() for name in bucket.model_files(Path(at), prefix)]
    try:
        lost = unlike(here.client, here.outside, here.session.kubeconfig, here.settings.namespace, folders)
    except Exception:  # no bucket yet, or none that opens: the stage before brings one
        lost = files
    for name in files:
        (intent.create if name in lost else intent.leave).append(f"file {name} in the bucket")
