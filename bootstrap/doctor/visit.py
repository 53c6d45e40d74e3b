"""A visit that begins with the doctor: both halves at once, and nothing goes on while something blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap import repository, stages
from bootstrap.doctor import cluster, finding, machine, operators, origin, report, room, sight
from bootstrap.doctor.finding import Check, Checked, Finding
from bootstrap.doctor.sight import Sight
from bootstrap.errors import Blocked, DemoError, GuardError
from bootstrap.facts import Facts
from bootstrap.facts import gather as gather_facts
from bootstrap.kube import record
from bootstrap.kube.client import Client
from bootstrap.kube.retry import advice, later
from bootstrap.login import Session
from bootstrap.outside import Outside, way_out
from bootstrap.settings import Settings

CREDS = Path("creds.env")
CLUSTER: tuple[Check[Sight], ...] = (*cluster.CHECKS, *operators.CHECKS, *room.CHECKS)
# what would let a deletion hang, or hit the wrong objects; room and channels are no matter then
TEARDOWN: tuple[Check[Sight], ...] = tuple(
    check for check in cluster.CHECKS if check.name in {"token", "record", "webhooks", "aggregated APIs"}
)


RESET = ("storage", "model", "serving")


@dataclass(slots=True)
class Examination:
    """What the doctor found, and what was read on the way for the run that follows."""

    checked: list[Checked] = field(default_factory=list)
    session: Session | None = None
    client: Client | None = None
    seen: Sight | None = None
    outside: Outside | None = None

    @property
    def blocked(self) -> bool:
        """Say whether anything stops a run."""
        return any(one.blocking for one in self.checked)

    def require(self) -> None:
        """Stop where something blocks."""
        if self.blocked:
            raise Blocked(report.refusal(self.checked))


def visit(
    settings: Settings,
    names: Sequence[str],
    *,
    need_rhods: bool = False,
    warn: Callable[[str], None] = lambda _: None,
) -> stages.Visit:
    """Sign in, run every check, and return the visit; Blocked tells every problem at once, the rest is a warning."""
    found = examine(settings, names, need_rhods=need_rhods)
    seen, facts = found.seen, found.seen.facts if found.seen else None
    if need_rhods and facts is not None and not facts.has_rhods and found.session:
        raise GuardError(stages.without_rhods(found.session))
    found.require()
    for one in found.checked:
        for finding_ in one.findings:
            warn(f"! {finding_}")
    if not (found.session and found.client and found.outside and seen and facts):
        raise Blocked("the cluster could not be read; `make doctor` says why")
    return stages.decide(settings, found.session, found.client, stages.Look(facts, found.outside, seen.past))


def before_teardown(settings: Settings) -> None:
    """Stop where a deletion would hang, or hit what is not the demo's."""
    examine(settings, (), checks=TEARDOWN, looks_at_repository=False).require()


def before_reset(settings: Settings) -> None:
    """Stop where the demo would be taken away and could not be made again."""
    examine(settings, RESET).require()


def examine(
    settings: Settings,
    names: Sequence[str] = stages.DELIVERED,
    *,
    need_rhods: bool = False,
    checks: Sequence[Check[Sight]] = CLUSTER,
    looks_at_repository: bool = True,
    thorough: bool = False,
) -> Examination:
    """Run the checks of both halves; the machine and the repository are looked at while we sign in."""
    found = Examination()
    with ThreadPoolExecutor(max_workers=2) as pool:
        git = settings.delivery != "direct" and looks_at_repository and repository.is_clone()
        git = git or (settings.delivery == "gitops" and looks_at_repository)
        asked = pool.submit(origin.gather, settings) if git else None
        here = pool.submit(machine.gather, settings, CREDS, gitops=git)
        sign_in(found, settings)
        if found.session and found.client:
            look(found, settings, names, need_rhods=need_rhods, checks=checks, thorough=thorough)
        direct = found.seen is not None and found.seen.delivery == "direct"
        half = finding.run("machine", machine.CHECKS, here.result(), {})
        half += repository_checks(asked) if asked and not direct else []
    found.checked = half + found.checked
    return found


def sign_in(found: Examination, settings: Settings) -> None:
    """Sign in where something says to which cluster."""
    if settings.nowhere:
        found.checked.append(Checked("cluster", "login", skipped=["nothing says which cluster to use"]))
        return
    try:
        found.session, found.client = stages.sign_in(settings)
        found.checked.append(Checked("cluster", "login"))
    except DemoError as problem:
        found.checked.append(Checked("cluster", "login", [refused(settings, problem)]))


def repository_checks(asked: Future[origin.Origin]) -> list[Checked]:
    """Return what was found out about the repository."""
    try:
        return finding.run("machine", origin.CHECKS, asked.result(), {})
    except DemoError as problem:
        return [Checked("machine", "repository", skipped=[str(problem)])]


def look(
    found: Examination,
    settings: Settings,
    names: Sequence[str],
    *,
    need_rhods: bool,
    checks: Sequence[Check[Sight]],
    thorough: bool,
) -> None:
    """Read the cluster once, for the checks and for the run, and judge it."""
    client, session = found.client, found.session
    if client is None or session is None:
        return
    seen = Sight(settings, session, stages=tuple(names), need_rhods=need_rhods, cluster_id=session.cluster_id)
    parts = {name for check in checks for name in check.needs}
    with ThreadPoolExecutor(max_workers=3) as pool:
        way = pool.submit(
            way_out, client, proxy=settings.https_proxy, no_proxy=settings.no_proxy, ca_file=settings.ca_file
        )
        past = pool.submit(record.read, client)
        facts = pool.submit(gather_facts, client, settings.catalog_source) if "facts" in parts else None
        try:
            seen.past = past.result()
        except DemoError as problem:
            seen.unread["past"] = str(problem)
        seen.delivery = stages.delivery_of(settings, seen.past)
        read: Callable[[], Facts | None] = facts.result if facts else lambda: None
        sight.gather(client, seen, parts, facts=read, thorough=thorough)
    try:
        found.outside = way.result()
    except DemoError as problem:
        seen.unread["outside"] = str(problem)
    found.seen = seen
    if blind := next((seen.unread[name] for name in ("facts", "outside", "past") if name in seen.unread), None):
        found.checked.append(Checked("cluster", "reading", [unreadable(session, blind)]))
    found.checked += finding.run("cluster", checks, seen, seen.unread)


def unreadable(session: Session, problem: str) -> Finding:
    """Return the finding about a cluster that cannot be read."""
    step = "sign in as a cluster administrator where it is forbidden, else mend it; then run this again"
    return Finding(session.server, problem, "what is there decides what is made", step)


def refused(settings: Settings, problem: DemoError) -> Finding:
    """Return the finding about a sign-in that failed."""
    where = str(settings.kubeconfig or settings.cluster or "login")
    step = "mend that, and run this again"
    if advice(problem):
        step = later()
    return Finding(where, str(problem), "everything else is done on the cluster", step)
