"""Ordered, foreground deletion of exactly the objects named, and an explanation where one does not go."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bootstrap.errors import ClusterError, DeleteStuck, NotFound, WaitTimeout
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, dig
from bootstrap.kube.order import waves
from bootstrap.kube.parallel import each
from bootstrap.kube.stuck import Hold, explain, remaining
from bootstrap.kube.wait import Target, wait

STRIPPED_SECONDS = 15.0  # what an object whose finalizers are taken off may still need
Progress = Callable[[str], None]


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
    orphaning: str | None = None,
    on_progress: Progress | None = None,
) -> Deleted:
    """Delete what passes `is_ours` (None: ours; a text: why not) and wait until it is gone; else DeleteStuck.

    Finalizers that begin with `orphaning` are taken off first: what they would delete along is to stay.
    """
    todo, deleted = _sort_out(client, list(dict.fromkeys(refs)), is_ours)
    if dry_run:
        deleted.gone = list(todo)
        return deleted
    deadline = time.monotonic() + timeout
    for wave in reversed(waves(list(todo))):
        if orphaning:
            each(lambda ref: _orphan(client, ref, todo[ref], orphaning), wave)
        _ask(client, wave, todo)
        left = max(0.0, deadline - time.monotonic())
        targets = [Target(ref, absent=True, uid=dig(todo[ref], "metadata", "uid")) for ref in wave]
        try:
            wait(client, targets, timeout=left, why="what was deleted to be gone", on_progress=on_progress)
        except WaitTimeout as error:
            if not force_finalizers:
                raise DeleteStuck(_account(client, wave, timeout)) from error
            _force(client, wave, on_progress or (lambda text: None))
        deleted.gone += wave
    return deleted


def _sort_out(client: Client, refs: list[Ref], is_ours: Callable[[Obj], str | None]) -> tuple[dict[Ref, Obj], Deleted]:
    """Return what is to go, and what is gone or not ours."""
    todo: dict[Ref, Obj] = {}
    deleted = Deleted()
    for ref, obj in zip(refs, each(client.find, refs), strict=True):
        if obj is None:
            deleted.absent.append(ref)
        elif why := is_ours(obj):
            deleted.kept[ref] = why
        else:
            todo[ref] = obj
    return todo, deleted


def _orphan(client: Client, ref: Ref, obj: Obj, prefix: str) -> None:
    """Take the finalizers with a prefix off an object."""
    found = dig(obj, "metadata", "finalizers", default=[])
    left = [one for one in found if not one.startswith(prefix)]
    if left != found:
        with contextlib.suppress(NotFound):  # gone by itself in the meantime
            client.patch(ref, {"metadata": {"finalizers": left or None}})


def _ask(client: Client, wave: list[Ref], found: dict[Ref, Obj]) -> None:
    """Ask for the deletion of each object as it was judged: one that was made anew since then is another object."""
    problems: list[str] = []

    def ask(ref: Ref) -> None:
        try:
            client.delete(ref, uid=dig(found[ref], "metadata", "uid"))
        except ClusterError as error:
            problems.append(f"{ref}: {error}")

    each(ask, wave)
    if problems:
        raise DeleteStuck("\n".join(["some objects cannot be deleted", *(f"  {line}" for line in sorted(problems))]))


def _account(client: Client, wave: list[Ref], timeout: float, *, forced: bool = False) -> str:
    holds = [hold for found in each(lambda ref: explain(client, ref), wave) for hold in found]
    return "\n".join(
        [
            f"waited {timeout:.0f} s for what was deleted to be gone",
            *(f"  {line}" for line in dict.fromkeys(hold.said for hold in holds)),
            f"  next: put right what is named above and run this again{_way_on(holds, forced)}",
        ]
    )


def _way_on(holds: list[Hold], forced: bool) -> str:
    """Return what else helps: finalizers are taken off only where nobody is at work on them."""
    if forced:
        return ""
    if any(hold.deserted for hold in holds):
        return "; FORCE_FINALIZERS=1 takes the finalizers off, which leaves behind whatever they were to clean up"
    return "; a greater TIMEOUT waits longer"


def _force(client: Client, wave: list[Ref], say: Progress) -> None:
    """Take the finalizers off what is left, object by object, said aloud; in a namespace, off what is left in it."""
    for ref in wave:
        obj = client.find(ref)
        if obj is None:
            continue
        held = remaining(client, ref.name) if ref.kind == "Namespace" else []
        own = dig(obj, "metadata", "finalizers", default=[])
        for victim, finalizers in [*held, *([(ref, own)] if own else [])]:
            say(f"{victim}: taking off {', '.join(finalizers)} by force")
            with contextlib.suppress(NotFound):  # gone by itself in the meantime
                client.patch(victim, {"metadata": {"finalizers": None}})
    gone = [Target(ref, absent=True) for ref in wave]
    try:
        wait(client, gone, timeout=STRIPPED_SECONDS, why="what was deleted by force to be gone")
    except WaitTimeout as error:
        raise DeleteStuck(_account(client, wave, STRIPPED_SECONDS, forced=True)) from error
