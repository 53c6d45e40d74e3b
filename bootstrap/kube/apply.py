"""Server-side apply of a set of objects: in parallel, in order, retried, never over somebody else's fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref

MANAGER = "serving-demo"


@dataclass(slots=True)
class Applied:
    """What an apply did, or with dry_run would do."""

    created: list[Ref] = field(default_factory=list)
    configured: list[Ref] = field(default_factory=list)
    unchanged: list[Ref] = field(default_factory=list)
    diffs: dict[Ref, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Say whether anything was, or would be, written."""
        return bool(self.created or self.configured)


Progress = Callable[[str], None]


def apply(
    client: Client,
    objects: Iterable[Obj],
    *,
    deadline: float,
    manager: str = MANAGER,
    dry_run: bool = False,
    force: bool = False,
    on_progress: Progress | None = None,
    before_create: Callable[[list[Ref]], None] | None = None,
) -> Applied:
    """Bring the objects into the cluster as given; `deadline` is a time.monotonic value.

    `before_create` is called with every reference that does not exist yet, before the first is created. Fields that
    others manage are reported, and taken over only with `force`. ApplyFailed lists every object refused.
    """
    raise NotImplementedError
