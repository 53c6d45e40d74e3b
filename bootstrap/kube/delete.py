"""Ordered, foreground deletion of exactly the objects named, and an explanation where one does not go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref


@dataclass(slots=True)
class Deleted:
    """What a delete did, or with dry_run would do."""

    gone: list[Ref] = field(default_factory=list)
    absent: list[Ref] = field(default_factory=list)
    kept: dict[Ref, str] = field(default_factory=dict)  # not ours: why


def delete(
    client: Client,
    refs: Iterable[Ref],
    *,
    timeout: float,
    is_ours: Callable[[Obj], str | None],
    dry_run: bool = False,
    force_finalizers: bool = False,
    on_progress: Callable[[str], None] | None = None,
) -> Deleted:
    """Delete what passes `is_ours` (None: ours; a text: why not) and wait until it is gone; else DeleteStuck."""
    raise NotImplementedError
