"""Waits that explain: LIST then WATCH, fail early, and a timeout that names object, reason, event and next step."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bootstrap.errors import WaitFailed, WaitTimeout
from bootstrap.kube.client import Client
from bootstrap.kube.events import last_warning
from bootstrap.kube.objects import Obj, Ref, dig
from bootstrap.kube.observe import Observer, Seen
from bootstrap.kube.parallel import each
from bootstrap.kube.readiness import judge
from bootstrap.kube.readiness.verdict import READY, Predicate, Verdict, not_ready

TELL_EVERY = 1.0  # seconds between two looks at the clock
COMPLAINTS_EVERY = 10.0  # seconds between two questions for warnings


@dataclass(frozen=True, slots=True)
class Target:
    """What has to become true of one object: the table's predicate for its kind, unless said otherwise."""

    ref: Ref
    absent: bool = False  # the object must go away
    uid: str | None = None  # which one must go away: its successor of the same name is another object
    check: Predicate | None = None  # instead of the table's predicate

    def verdict(self, obj: Obj | None, missing: str) -> Verdict:
        """Return the verdict on what was seen; `missing` says why there is nothing."""
        if self.absent:
            if obj is None or (self.uid and dig(obj, "metadata", "uid") != self.uid):
                return READY
            return not_ready(_holding(obj))
        if obj is None:
            return not_ready(missing)
        return self.predicate(obj)

    @property
    def predicate(self) -> Predicate:
        """Return what decides."""
        return self.check or judge


def _holding(obj: Obj) -> str:
    finalizers = ", ".join(dig(obj, "metadata", "finalizers", default=[]))
    if not dig(obj, "metadata", "deletionTimestamp"):
        return "is still there, nobody has asked for its deletion"
    return f"is being deleted, held by finalizer {finalizers}" if finalizers else "is being deleted"


@dataclass(slots=True)
class _State:
    """What is known of one target."""

    verdict: Verdict = field(default_factory=lambda: not_ready("not seen yet"))
    failing_since: float | None = None

    def update(self, verdict: Verdict) -> None:
        """Take a new verdict; a failure counts from when it first showed."""
        if not verdict.failed:
            self.failing_since = None
        elif self.failing_since is None:
            self.failing_since = time.monotonic()
        self.verdict = verdict

    def hopeless(self) -> bool:
        """Say whether it has been failing for longer than such a failure may heal by itself."""
        return self.failing_since is not None and time.monotonic() - self.failing_since >= self.verdict.grace


def wait(
    client: Client,
    targets: Iterable[Target],
    *,
    timeout: float,
    why: str,
    next_step: str | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> None:
    """Return as soon as every target is true; WaitFailed as soon as one never can be, WaitTimeout at the end.

    `why` completes the sentence "waited 60 s for ...".
    """
    states = {target: _State() for target in targets}
    deadline, complaints = time.monotonic() + timeout, _Complaints(client)
    with Observer(client, {target.ref for target in states}) as observer:
        while not all(state.verdict.ready for state in states.values()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise WaitTimeout(_account(client, states, f"waited {timeout:.0f} s for {why}", next_step))
            try:
                seen = observer.next(min(left, TELL_EVERY))
            except queue.Empty:
                pass
            else:
                _take(states, seen)
            if any(state.hopeless() for state in states.values()):
                raise WaitFailed(_account(client, states, f"waiting for {why} cannot succeed", next_step))
            if on_progress:
                on_progress(_progress(states, complaints))


def _take(states: dict[Target, _State], seen: Seen) -> None:
    for target, state in states.items():
        if target.ref == seen.ref:
            state.update(target.verdict(seen.obj, seen.missing) if seen.known else not_ready(seen.missing))


@dataclass(slots=True)
class _Complaints:
    """What the cluster last warned about an object that lets us wait, asked now and then."""

    client: Client
    about: Ref | None = None
    said: str = ""
    asked: float = field(default_factory=time.monotonic)

    def __call__(self, ref: Ref) -> str:
        """Return the last warning about an object in brackets; nothing at first, most come up by themselves."""
        now = time.monotonic()
        if ref != self.about:
            self.about, self.said, self.asked = ref, "", now
        elif now - self.asked >= COMPLAINTS_EVERY:
            warning = last_warning(self.client, ref)
            self.said, self.asked = f" ({warning})" if warning else "", now
        return self.said


def _progress(states: dict[Target, _State], complaints: _Complaints) -> str:
    """Return one line: how many are there, what the first that is not lacks, and what the cluster warned about it."""
    pending = [(target, state) for target, state in states.items() if not state.verdict.ready]
    if not pending:
        return f"{len(states)}/{len(states)} ready"
    target, state = pending[0]
    count = f"{len(states) - len(pending)}/{len(states)} ready, " if len(states) > 1 else ""
    return f"{count}{target.ref}: {state.verdict.reason}{complaints(target.ref)}"


def _account(client: Client, states: dict[Target, _State], headline: str, next_step: str | None) -> str:
    """Return what is not ready, why, what the cluster last warned about it, and what to do."""
    pending = [(target, state) for target, state in states.items() if not state.verdict.ready]
    warnings = each(lambda entry: last_warning(client, entry[0].ref), pending)
    lines = [f"{headline}: {len(pending)} of {len(states)} not ready"]
    for (target, state), warning in zip(pending, warnings, strict=True):
        lines.append(f"  {target.ref}: {state.verdict.reason}")
        if warning:
            lines.append(f"    last warning: {warning}")
    advice = next((state.verdict.advice for _, state in pending if state.verdict.advice), None)
    lines.append(f"  next: {advice or next_step or _look(pending[0][0].ref)}")
    return "\n".join(lines)


def _look(ref: Ref) -> str:
    kind = f"{ref.kind.lower()}.{ref.group}" if ref.group else ref.kind.lower()
    where = f" -n {ref.namespace}" if ref.namespace else ""
    return f"`make status`, or look at it yourself: oc describe {kind} {ref.name}{where}"
