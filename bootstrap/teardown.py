"""The way back: what goes, in which order, who is asked before, and what stays on purpose."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bootstrap import __version__, installed, playbooks
from bootstrap.borrowed import give_back, lent, undo
from bootstrap.errors import GuardError
from bootstrap.foreign import foreign
from bootstrap.installed import ONCE
from bootstrap.kube import record
from bootstrap.kube.client import Client
from bootstrap.kube.delete import delete
from bootstrap.kube.identity import cluster_id
from bootstrap.kube.lease import SPACE, exclusive
from bootstrap.kube.objects import Ref, dig
from bootstrap.kube.parallel import each
from bootstrap.kube.record import Change, Record
from bootstrap.login import Session
from bootstrap.progress import Lines
from bootstrap.scratch import scratch
from bootstrap.settings import Settings
from bootstrap.stages import sign_in, write

STEPS = (
    "applications",
    "serving",
    "storage",
    *("rhods_instance", "rhods_operator", "rhods_rest"),
    *("gitops_instance", "gitops_operator", "gitops_rest"),
)
STEP_SECONDS = 300  # at least; what may take minutes is a namespace with everything in it
SWEEPS, SWEEP_PAUSE = 10, 1.0  # OLM takes up a deletion within a second
KEPT = "KEEP=operators asks for that; `make teardown` without it takes it back"
SERVING = ("InferenceService", "ServingRuntime", "Template")
OPERATORS = ("Subscription", "OperatorGroup", "ClusterServiceVersion")


@dataclass(slots=True)
class Departure:
    """Everything that goes, by step, and everything that stays with its reason."""

    steps: dict[str, list[Ref]] = field(default_factory=lambda: {name: [] for name in STEPS})
    decided: set[Ref] = field(default_factory=set)  # ours although not in the record: operators made them
    kept: dict[str, str] = field(default_factory=dict)  # ours, but not now: the record stays with it
    stays: dict[str, str] = field(default_factory=dict)  # on purpose, and for good
    lent: list[Ref] = field(default_factory=list)  # not ours, but they hold fields of ours, which are given back
    changed: dict[Ref, Change] = field(default_factory=dict)  # not ours, and made to say again what they said before

    @property
    def refs(self) -> list[Ref]:
        """Return everything that goes, in order."""
        return [ref for name in STEPS for ref in self.steps[name]]


def departure(client: Client, known: Record, *, keep_operators: bool = False) -> Departure:
    """Decide what goes from the record, and from what the operators made that we installed."""
    going = Departure()
    lost = taken_over(client, known)
    going.stays = {str(ref): why for ref, why in lost.items()}
    for ref in sorted(known.created - set(lost)):
        if step := step_of(ref):
            going.steps[step].append(ref)
    for space in [ref for ref in going.steps["storage"] if ref.kind == "Namespace"]:
        others = foreign(client, space.name, known) + [ref for ref in lost if ref.namespace == space.name]
        if others and not dig(client.find(space), "metadata", "deletionTimestamp"):  # else it goes with all that
            going.steps["storage"].remove(space)
            going.kept[str(space)] = f"it holds what is not ours: {named(others)}{ONCE}"
    for package in installed.every():
        made = installed.remains(client, package, known)
        if made and (keep_operators or made.users):
            why = KEPT if keep_operators else f"somebody else uses it: {named(made.users)}{ONCE}"
            going.kept[f"operator {package}"] = why
            if package in installed.PACKAGES:
                going.steps[f"{made.stage}_instance"].clear()  # it is of no use without
        elif made:
            going.steps[f"{made.stage}_instance"] += made.instance
            going.steps[f"{made.stage}_operator"] += made.operator
            going.steps[f"{made.stage}_rest"] += made.rest
            going.decided |= {*made.instance, *made.operator, *made.rest}
            going.kept |= made.kept
            going.stays |= made.stays
    seen: set[Ref] = set()
    for refs in going.steps.values():
        refs[:] = [ref for ref in dict.fromkeys(refs) if ref not in seen]
        seen.update(refs)
    going.lent = [ref for ref in sorted(known.adopted) if lent(client.find(ref))]
    others = installed.others(client, "rhods-operator", known) if known.changed else []
    if users := [ref for ref in others if ref not in known.changed]:
        why = f"stays as the demo changed it: somebody else uses it: {named(users)}{ONCE}"
        going.kept |= {str(ref): why for ref in known.changed}
    else:
        going.changed = dict(known.changed)
    return going


def taken_over(client: Client, known: Record) -> dict[Ref, str]:
    """Return what we made and somebody has made theirs since, and how that shows."""
    ours = [ref for ref in sorted(known.created) if step_of(ref)]
    found = zip(ours, each(client.find, ours), strict=True)
    return {ref: why for ref, obj in found if obj and (why := known.owns(obj))}


def named(refs: Sequence[Ref], limit: int = 3) -> str:
    """Return the first references as a text, and how many more there are."""
    more = f" and {len(refs) - limit} more" if len(refs) > limit else ""
    return ", ".join(map(str, refs[:limit])) + more


def step_of(ref: Ref) -> str | None:
    """Return the step in which a recorded object goes; the record itself goes last, by another way."""
    if record.NAMESPACE in (ref.namespace, ref.name):
        return None
    if ref.kind == "Application":
        return "applications"
    if ref.kind in SERVING:
        return "serving"
    if ref.kind in OPERATORS or ref.name in {installed.row_of(package).namespace for package in installed.every()}:
        return None  # with its operator, where that is ours
    return "rhods_instance" if ref.kind == "DataScienceCluster" else "storage"


def teardown(
    settings: Settings, show: Lines, ask: Callable[[str], str] = input, check: Callable[[], None] = lambda: None
) -> Departure:
    """Give the cluster back; refused on another cluster than the record's, and without a yes."""
    session, client = sign_in(settings)
    known = known_or_refused(client, settings)
    record.check_cluster(client, known)
    going = departure(client, known, keep_operators=settings.keep == "operators")
    if settings.dry_run:
        return going
    check()
    confirm(settings, session, client, f"{len(going.refs)} objects would be deleted (DRY_RUN=1 lists them)", ask)
    if not going.refs and not known.version:  # an earlier run was stopped when only its own record was left
        delete(client, [SPACE], timeout=step_seconds(settings), is_ours=known.owns)
        return going
    with exclusive(client, holder=session.user):
        unchanged_or_refused(client, known)
        note_leftovers(client, known)
        run(settings, session, going, show)
        rest = [ref for name in STEPS if name.endswith("_rest") for ref in going.steps[name]]
        sweep(client, rest, step_seconds(settings))
        give_back(client, going.lent)
        going.stays |= {str(ref): why for ref, why in undo(client, going.changed).items()}
        forget(client, known, going)
    if not going.kept:
        remove_record(client, known, step_seconds(settings))
    return going


def known_or_refused(client: Client, settings: Settings) -> Record:
    """Return the record; without one only ADOPT_LEFTOVERS goes on, by labels."""
    if known := record.read(client):
        return known
    seen = record.leftovers(client)
    if not seen:
        raise GuardError(
            f"{client.server} has no record of the demo and nothing with its labels: there is no demo here"
        )
    if not settings.adopt_leftovers and any(record.NAMESPACE not in (ref.namespace, ref.name) for ref in seen):
        names = "\n".join(f"  {ref}" for ref in seen)
        raise GuardError(
            f"{client.server} has no record of the demo, so what it made here is not known; this has its labels:\n"
            f"{names}\n`make teardown ADOPT_LEFTOVERS=1` deletes all of it; look through the list first"
        )
    return Record(cluster_id(client), "", client.server, created=set(seen))


def unchanged_or_refused(client: Client, known: Record) -> None:
    """Refuse to act on what was decided before another run changed what there is; the Lease is held from here on."""
    now = record.read(client)
    if now is not None and now.to_data() != known.to_data():
        raise GuardError("another run has changed the demo in the meantime; nothing was changed, run this again")


def confirm(settings: Settings, session: Session, client: Client, what: str, ask: Callable[[str], str]) -> None:
    """Show where we are and ask; without a terminal only YES=1 goes on."""
    if settings.yes:
        return
    where = f"{session.server}, cluster {session.cluster_id or cluster_id(client)}"
    if not sys.stdin.isatty():
        raise GuardError(f"{where}: {what}; YES=1 says yes where nobody can be asked")
    if ask(f"{where}: {what}\ngo on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise GuardError("nothing was changed")


def note_leftovers(client: Client, known: Record) -> None:
    """Write down what was recognised by its labels alone, as if the record had been there."""
    if not known.version:
        record.Keeper(client, version=__version__, settings=known.settings).intend(known.created)


def run(settings: Settings, session: Session, going: Departure, show: Lines) -> None:
    """Run the playbook over the steps."""
    with scratch(settings.state_dir) as folder:
        for name in STEPS:
            write(folder / f"{name}.json", entries(going.steps[name], going.decided))
        connection = {
            "kubeconfig": str(session.kubeconfig.resolve()),
            "ca_file": str(settings.ca_file.resolve()) if settings.ca_file else None,
            "https_proxy": settings.https_proxy,
            "no_proxy": settings.no_proxy,
        }
        variables: Mapping[str, Any] = {
            "demo_connection": {key: value for key, value in connection.items() if value},
            "teardown_steps": str(folder),
            "teardown_timeout": step_seconds(settings),
            "teardown_force_finalizers": settings.force_finalizers,
        }
        log = settings.state_dir / "log.jsonl"
        playbooks.run({"teardown": "what the demo made goes"}, variables, show=show, log=log)


def step_seconds(settings: Settings) -> int:
    """Return how long one step may take: a share of the run's time, so that TIMEOUT gives more as well as less.

    >>> [step_seconds(Settings(timeout=seconds)) for seconds in (60, 900, 3600)]
    [60, 300, 600]
    """
    return min(settings.timeout, max(STEP_SECONDS, settings.timeout // 6))


def entries(refs: Iterable[Ref], decided: set[Ref]) -> list[dict[str, Any]]:
    """Return what the action `delete` reads; what is decided here needs no entry in the record."""
    return [{**asdict(ref), "decided": ref in decided} for ref in refs]


def sweep(client: Client, refs: Sequence[Ref], seconds: float) -> None:
    """Delete again what OLM has made again from what it had just read, until nothing comes back."""
    for _ in range(SWEEPS):
        time.sleep(SWEEP_PAUSE)
        if not delete(client, refs, timeout=seconds, is_ours=lambda _: None).gone:
            return


def forget(client: Client, known: Record, going: Departure) -> None:
    """Take out of the record what is gone."""
    keeper = record.Keeper(client, version=known.version, settings=known.settings)
    own = (record.NAMESPACE,)
    gone = [r for r in known.created if r.namespace not in own and r.name not in own and client.find(r) is None]
    keeper.forget(gone)
    keeper.put_back(going.changed)


def remove_record(client: Client, known: Record, seconds: float) -> None:
    """Delete the record's namespace, the last of all."""
    delete(client, [SPACE], timeout=seconds, is_ours=(record.read(client) or known).owns)
