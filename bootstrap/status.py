"""How far each stage is, now: one line each, with the reason where something is missing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from bootstrap.desired import Desired
from bootstrap.errors import DemoError
from bootstrap.settled import different, unready, unseeded
from bootstrap.stages import DELIVERED, Visit, want


@dataclass(frozen=True, slots=True)
class Standing:
    """One stage as it is."""

    stage: str
    ready: bool
    adopted: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def row(self) -> tuple[str, str, str]:
        """Return this as a row of a table."""
        note = f"uses {', '.join(self.adopted)}" if self.adopted and self.ready else "; ".join(self.reasons)
        return (self.stage, "ready" if self.ready else "not ready", note)

    def to_json(self) -> dict[str, object]:
        """Return this as plain data."""
        return asdict(self)


def standings(here: Visit) -> list[Standing]:
    """Return every stage as it is; nothing is written."""
    names = [name for name in DELIVERED if here.plan.gitops or name != "gitops"]
    wanted = want(here, names)
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        return list(pool.map(lambda item: standing(here, item, wanted), wanted))


def standing(here: Visit, item: Desired, wanted: list[Desired]) -> Standing:
    """Return one stage as it is."""
    try:
        reasons = reasons_of(here, item, wanted)
    except DemoError as problem:
        reasons = [str(problem)]
    return Standing(item.stage, not reasons, [str(ref) for ref in item.adopted], reasons)


def reasons_of(here: Visit, item: Desired, wanted: list[Desired]) -> list[str]:
    """Return what a stage lacks: first what is not ready, else what differs."""
    if item.stage in ("storage", "model"):
        folders = here.model_folders() if item.stage == "model" else {}
        seeded = unseeded(here.client, here.outside, here.session.kubeconfig, wanted, folders)
    else:
        seeded = []
    awaited = [one for many in item.awaited.values() for one in many]
    objects = [obj for group in item.applied.values() for obj in group]
    return unready(here.client, awaited) + seeded or different(here.client, objects)
