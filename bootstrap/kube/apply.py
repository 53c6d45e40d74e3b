"""Server-side apply of a set of objects: in parallel, in order, retried, never over somebody else's fields."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bootstrap.errors import ApiError, ApplyFailed, ClusterError, Conflict, ConflictError, DemoError, NotServed
from bootstrap.kube.client import Client
from bootstrap.kube.diff import changes
from bootstrap.kube.equality import is_applied, prepared
from bootstrap.kube.live import Live, read_live
from bootstrap.kube.objects import Obj, Ref, carries_our_labels, dig
from bootstrap.kube.order import DEFINITIONS, waves
from bootstrap.kube.order import wave as wave_of
from bootstrap.kube.parallel import each
from bootstrap.kube.readiness import condition_is
from bootstrap.kube.retry import pause_for, pauses, transient
from bootstrap.kube.wait import Target, wait

MANAGER = "serving-demo"
NOT_SERVED_PATIENCE = 5.0  # one of several API servers may lag behind with a kind that is new
Progress = Callable[[str], None]


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
    others manage are reported, and with `force` taken over, but only on objects that carry our labels. ApplyFailed
    lists every object refused.
    """
    wanted = _by_ref(objects)
    client.discovery.prepare({ref.api_version for ref in wanted} - _defined_here(wanted))
    live = read_live(client, list(wanted), deadline)
    run = _Apply(client, wanted, live, manager, deadline, dry_run, force, on_progress)
    todo = run.sort_out()
    if not dry_run and before_create and (missing := [ref for ref in todo if ref not in live.found]):
        before_create(missing)
    for wave in waves(todo):
        each(run.one, wave)
        if wave_of(wave[0]) <= DEFINITIONS:
            run.stop_if_any_failed()  # what comes later would only fail because of these
        if wave_of(wave[0]) == DEFINITIONS and not dry_run:
            established = [Target(ref, check=condition_is("Established")) for ref in wave]
            left = max(0.0, deadline - time.monotonic())
            wait(client, established, timeout=left, why="the new kinds to be served")
    run.stop_if_any_failed()
    return run.result()


def _by_ref(objects: Iterable[Obj]) -> dict[Ref, Obj]:
    """Return the objects by reference; Lists are opened, what cannot be named or comes twice is refused."""
    wanted: dict[Ref, Obj] = {}
    problems: list[str] = []
    for obj in _flat(objects):
        if not (obj.get("apiVersion") and obj.get("kind") and dig(obj, "metadata", "name")):
            problems.append(f"{obj.get('kind') or 'an object'}: apiVersion, kind and metadata.name must be set")
            continue
        ref = Ref.of(obj)
        if ref in wanted:
            problems.append(f"{ref}: given twice")
        wanted[ref] = prepared(obj)
    if problems:
        raise ApplyFailed(problems)
    return wanted


def _flat(objects: Iterable[Obj]) -> Iterable[Obj]:
    for obj in objects:
        if obj.get("kind", "").endswith("List") and isinstance(obj.get("items"), list):
            yield from _flat(obj["items"])
        else:
            yield obj


def _defined_here(wanted: dict[Ref, Obj]) -> set[str]:
    """Return the API versions that CRDs among the objects are going to bring."""
    return {
        f"{dig(obj, 'spec', 'group')}/{version['name']}"
        for ref, obj in wanted.items()
        if ref.kind == "CustomResourceDefinition"
        for version in dig(obj, "spec", "versions", default=[])
    }


@dataclass(slots=True)
class _Apply:
    """One run of apply; `one` is called from many threads."""

    client: Client
    wanted: dict[Ref, Obj]
    live: Live
    manager: str
    deadline: float
    dry_run: bool
    force: bool
    on_progress: Progress | None
    outcome: Applied = field(default_factory=Applied)
    refused: dict[Ref, DemoError] = field(default_factory=dict)
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sort_out(self) -> list[Ref]:
        """Return what has to be sent, having noted what stands already."""
        todo = []
        for ref, obj in self.wanted.items():
            found = self.live.found.get(ref)
            if found is not None and is_applied(obj, found, self.manager):
                self.note(ref, self.outcome.unchanged)
            else:
                todo.append(ref)
        return todo

    def one(self, ref: Ref) -> None:
        """Apply one object and note what came of it."""
        before = self.live.found.get(ref)
        try:
            if self.dry_run and before is None and self.live.homeless(ref):
                self.outcome.diffs[ref] = changes(None, self.wanted[ref])
                self.note(ref, self.outcome.created)
                return
            after = self.send(ref, before)
        except ClusterError as error:
            self.refused[ref] = error
            return
        if self.dry_run:
            self.outcome.diffs[ref] = changes(before, after)
        self.note(ref, self.column(before, after))

    def column(self, before: Obj | None, after: Obj) -> list[Ref]:
        """Return where an applied object belongs."""
        if before is None:
            return self.outcome.created
        same = not changes(before, after) if self.dry_run else _version(before) == _version(after)
        return self.outcome.unchanged if same else self.outcome.configured

    def send(self, ref: Ref, before: Obj | None) -> Obj:
        """Apply until it is taken, refused for good, or the deadline is there.

        After the first refusal nothing more is written, but the rest is still asked for: all problems at once.
        """
        force = self.force and (before is None or carries_our_labels(before))
        started = time.monotonic()
        probing = bool(self.refused)
        deadline = min(self.deadline, started + NOT_SERVED_PATIENCE) if probing else self.deadline
        last: ClusterError | None = None
        for pause in pauses(deadline):
            try:
                return self.client.apply(
                    self.wanted[ref],
                    manager=self.manager,
                    force=force,
                    dry_run=self.dry_run or probing,
                    deadline=deadline,
                )
            except ClusterError as error:
                patience = deadline if ref.api_version in self.defined else started + NOT_SERVED_PATIENCE
                if not _again(error) or (isinstance(error, NotServed) and time.monotonic() > patience):
                    raise
                last = error
                time.sleep(pause_for(error, pause, deadline))
        raise last or ClusterError("no time was left to apply it")

    @property
    def defined(self) -> set[str]:
        """Return the API versions that this run itself brings."""
        return _defined_here(self.wanted)

    def note(self, ref: Ref, column: list[Ref]) -> None:
        """Add to the outcome and tell how far we are."""
        with self.lock:
            column.append(ref)
            self.done += 1
            if self.on_progress:
                self.on_progress(f"{self.done}/{len(self.wanted)} applied")

    def stop_if_any_failed(self) -> None:
        """Raise with every object refused so far."""
        if not self.refused:
            return
        refused = sorted(self.refused.items())
        problems = [_problem(ref, error, carries_our_labels(self.wanted[ref])) for ref, error in refused]
        only_conflicts = all(_field_conflicts(error) for error in self.refused.values())
        raise (ConflictError if only_conflicts else ApplyFailed)(problems)

    def result(self) -> Applied:
        """Return the outcome in a stable order."""
        for column in (self.outcome.created, self.outcome.configured, self.outcome.unchanged):
            column.sort()
        return self.outcome


def _version(obj: Obj) -> object:
    return dig(obj, "metadata", "resourceVersion")


def _again(error: ClusterError) -> bool:
    """Say whether the same apply may be taken a moment later."""
    if isinstance(error, Conflict):
        return not _field_conflicts(error)
    return isinstance(error, NotServed) or transient(error)


def _field_conflicts(error: DemoError) -> list[tuple[str, str]]:
    """Return (field, manager) of every field that somebody else manages."""
    if not isinstance(error, ApiError):
        return []
    return [
        (cause.get("field", ""), str(cause.get("message", "")).removeprefix("conflict with ").replace('"', ""))
        for cause in error.causes
        if cause.get("reason") == "FieldManagerConflict"
    ]


def _problem(ref: Ref, error: DemoError, ours: bool) -> str:
    conflicts = _field_conflicts(error)
    if conflicts:
        fields = ", ".join(f"{name} (managed by {who.split(' using ')[0]})" for name, who in conflicts)
        way = (
            "`make reset` makes it the demo's again, and that change is lost"
            if ours
            else "take them out, or set them to what the demo needs"
        )
        return f"{ref}: somebody else manages {fields}; it is left as it is: {way}"
    if any(cause.get("reason") == "NamespaceTerminating" for cause in getattr(error, "causes", ())):
        return f"{ref}: namespace {ref.namespace} is being deleted; wait until it is gone, then run this again"
    return f"{ref}: {error}"
