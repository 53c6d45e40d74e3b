"""The journey as one ordered list, and how a range of it is run: nothing when all is done, else one run of Ansible."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bootstrap import (
    __version__,
    borrowed,
    dashboard_admin,
    desired,
    facts,
    handover,
    installed,
    login,
    own_model,
    playbooks,
    prepull,
    repository,
    tree,
)
from bootstrap.desired import Desired, Plan
from bootstrap.errors import GuardError, UsageError
from bootstrap.facts import Facts
from bootstrap.kube import record
from bootstrap.kube.client import Client
from bootstrap.kube.connection import connect
from bootstrap.kube.lease import exclusive
from bootstrap.kube.objects import Obj, Ref
from bootstrap.kube.record import Keeper
from bootstrap.outside import Outside, way_out
from bootstrap.progress import Lines
from bootstrap.scratch import scratch
from bootstrap.settings import Settings
from bootstrap.settled import unsettled

# by whom: Python checks and proves, Ansible delivers
JOURNEY: Mapping[str, str] = {
    "doctor": "this machine and this cluster can do it",
    "login": "signed in",
    "gitops": "OpenShift GitOps, installed or adopted",
    "rhods": "OpenShift AI, installed or adopted",
    "storage": "MinIO with random keys, a bucket, and the data connection",
    "model": "the model in the bucket",
    "serving": "the runtime, its Template, and the InferenceService",
    "verify": "every known answer through the public endpoint",
    "credentials": "where everything is, and with which keys",
}
DELIVERED = ("gitops", "rhods", "storage", "model", "serving")
MODEL = tree.ROOT / "model"
PREFIXES = {"fraud": "triton-repo/fraud", "fraud-v2": "triton-repo-v2/fraud-v2"}


@dataclass(slots=True)
class Visit:
    """One visit to one cluster: who we are, what is there, and what is wanted."""

    settings: Settings
    session: login.Session
    client: Client
    outside: Outside
    facts: Facts
    plan: Plan
    wanted: dict[str, Desired] = field(default_factory=dict)

    @property
    def era(self) -> str:
        """Return how this cluster serves: `raw` or `modelmesh`."""
        return self.plan.era

    @property
    def services(self) -> tuple[str, ...]:
        """Return the names of the InferenceServices."""
        return desired.SERVICES[self.era]

    def model_folders(self) -> dict[str, str]:
        """Return prefix in the bucket -> folder here, of every model that is served."""
        own = self.settings.model
        folders = {name: MODEL / name for name in self.services}
        if own:
            folders[own_model.SLOT] = own_model.folder(self.settings, own)
        return {PREFIXES[name]: str(folder) for name, folder in folders.items()}


def sign_in(settings: Settings) -> tuple[login.Session, Client]:
    """Sign in and return the session with a client for it."""
    session = login.login(settings)
    client = connect(
        session.kubeconfig,
        ca_file=settings.ca_file,
        https_proxy=settings.https_proxy,
        no_proxy=settings.no_proxy,
    )
    return session, client


@dataclass(frozen=True, slots=True)
class Look:
    """What one look around found."""

    facts: Facts
    outside: Outside
    past: record.Record | None


def visit(settings: Settings, *, need_rhods: bool = False, to_deliver: bool = True) -> Visit:
    """Sign in, look around, and decide what is wanted; nothing is changed.

    Who only looks at what is there needs no repository: it may be out of reach, or not known to an installed copy.
    """
    session, client = sign_in(settings)
    with ThreadPoolExecutor(max_workers=3) as pool:
        way = pool.submit(
            way_out, client, proxy=settings.https_proxy, no_proxy=settings.no_proxy, ca_file=settings.ca_file
        )
        known = pool.submit(record.read, client)
        found = Look(facts.gather(client, settings.catalog_source), way.result(), known.result())
    if need_rhods and not found.facts.has_rhods:
        raise GuardError(without_rhods(session))
    return decide(settings, session, client, found, to_deliver=to_deliver)


def without_rhods(session: login.Session) -> str:
    """Return what `already-have-rhods` says where there is none."""
    return (
        f"{session.server}: OpenShift AI is not installed here, and `already-have-rhods` installs none; "
        "`make` does, or install it first"
    )


def delivery_of(settings: Settings, past: record.Record | None) -> str:
    """Return how manifests reach the cluster: as the settings say, as the last run did, as a clone can."""
    remembered = past.settings.get("DELIVERY") if past else None
    return settings.delivery or remembered or ("gitops" if repository.is_clone() else "direct")


def decide(settings: Settings, session: login.Session, client: Client, seen: Look, *, to_deliver: bool = True) -> Visit:
    """Decide what is wanted on a cluster that was looked at."""
    era = facts.era_of(seen.facts, settings.serving, settings.rhods_channel)
    delivery = delivery_of(settings, seen.past)
    url, revision = repository.locate(settings) if delivery == "gitops" and to_deliver else (None, None)
    private = url and not login.publicly_trusted(settings, url)
    plan = Plan(settings, seen.facts, era, delivery, url, revision, seen.outside.certificates if private else None)
    return Visit(settings, session, client, seen.outside, seen.facts, plan)


def chosen(first: str | None, last: str | None = None) -> list[str]:
    """Return the delivered stages from the first to the last.

    >>> chosen("storage", "serving")
    ['storage', 'model', 'serving']
    """
    for name in (first, last):
        if name is not None and name not in DELIVERED:
            raise UsageError(f"FROM={name}: no such stage; one of {', '.join(DELIVERED)}")
    found = list(DELIVERED[DELIVERED.index(first) if first else 0 : DELIVERED.index(last) + 1 if last else None])
    if not found:
        raise UsageError(f"FROM={first}: comes after {last}, where this run ends; leave FROM out")
    return found


def want(here: Visit, names: Sequence[str]) -> list[Desired]:
    """Decide what the stages bring; the manifests are built in parallel."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        made = list(pool.map(lambda name: desired.BY_STAGE[name](here.plan), names))
    here.wanted = {item.stage: item for item in made}
    return made


def run(here: Visit, names: Sequence[str], show: Lines) -> playbooks.Outcome:
    """Bring the stages to their outcome; where all of them hold already, nothing is run and nothing written."""
    if here.plan.delivery == "direct":
        names = [name for name in names if name != "gitops"]
    if not names:
        show.note("gitops: nothing to do, because DELIVERY=direct needs no Argo CD")
        return playbooks.Outcome()
    wanted = want(here, names)
    reasons = [f"{ref} is to be changed" for item in wanted for ref, _ in item.patched]
    admin = here.settings.dashboard_admin if "rhods" in names else None
    reasons += dashboard_admin.lacking(here.client, admin)
    reasons += unsettled(here.client, here.outside, here.session.kubeconfig, wanted, here.model_folders())
    if not reasons:
        show.note(f"{playbooks.names(names)}: all there, nothing to change")
        return playbooks.Outcome()
    with exclusive(here.client, holder=here.session.user):
        adopt(here, wanted)
        keeper = Keeper(here.client, **record_of(here))
        container = prepull.wanted(here.client, here.settings.namespace, wanted)
        with prepull.pulling(here.client, container, keeper, show):
            outcome = deliver(here, names, wanted, show)
        if admin and dashboard_admin.lacking(here.client, admin):
            dashboard_admin.grant(here.client, keeper, admin)
        return outcome


def adopt(here: Visit, wanted: Sequence[Desired]) -> None:
    """Note in the cluster's record what was there before us, also of operators that we are about to install."""
    refs = [ref for item in wanted for ref in item.adopted]
    known = record.read(here.client)
    stages = {item.stage for item in wanted}
    for operator in (here.facts.gitops, here.facts.rhods, *here.facts.others.values()):
        begun = known is not None and operator.package in {*known.installed, *(ref.name for ref in known.created)}
        if installed.row_of(operator.package).stage in stages and not operator.present and not begun:
            refs += installed.before(here.client, operator.package)
    if refs:
        Keeper(here.client, **record_of(here)).adopt(refs)
    for ref, change in (patch for item in wanted for patch in item.patched):
        borrowed.change(here.client, Keeper(here.client, **record_of(here)), ref, change)


def record_of(here: Visit) -> dict[str, Any]:
    """Return what the record says about this run."""
    # with DELIVERY also where nobody said it: the next run, reset above all, brings things the same way
    return {"version": __version__, "settings": {**here.settings.public(), "DELIVERY": here.plan.delivery}}


def deliver(here: Visit, names: Sequence[str], wanted: Sequence[Desired], show: Lines) -> playbooks.Outcome:
    """Run the playbooks of these stages over what was rendered for them."""
    with scratch(here.settings.state_dir) as folder:
        variables = render(here, wanted, folder)
        log = here.settings.state_dir / "log.jsonl"
        stages = {name: JOURNEY[name] for name in names}
        return playbooks.run(stages, variables, show=show, log=log, secrets=secrets_of(wanted))


def secrets_of(wanted: Sequence[Desired]) -> dict[str, Obj]:
    """Return the Secrets among what is applied: they are handed over, not rendered."""
    objects = (obj for item in wanted for group in item.applied.values() for obj in group)
    return {str(Ref.of(obj)): obj for obj in objects if obj["kind"] == "Secret"}


def render(here: Visit, wanted: Sequence[Desired], folder: Path, *, whole: bool = False) -> dict[str, Any]:
    """Write what the stages apply and await into a folder, and return the variables that point there."""
    (ca_file := folder / "route-ca.crt").write_text(here.outside.certificates)
    connection = {
        "kubeconfig": str(here.session.kubeconfig.resolve()),
        "ca_file": str(here.settings.ca_file.resolve()) if here.settings.ca_file else None,
        "record": record_of(here),
        "until": None if whole else time.time() + here.settings.timeout,  # by hand nobody knows when it is run
        **here.outside.to_vars(ca_file),
    }
    variables: dict[str, Any] = {
        "demo_connection": {key: value for key, value in connection.items() if value},
        "storage_namespace": here.settings.namespace,
        "model_namespace": here.settings.namespace,
        "model_folders": here.model_folders(),
    }
    for item in wanted:
        for what, sets in (("objects", objects_of(item, whole)), ("awaited", awaited_of(item))):
            (target := folder / item.stage / what).mkdir(parents=True)
            for name, content in sets.items():
                write(target / f"{name}.json", content)
            if sets:
                variables[f"{item.stage}_{what}"] = str(target)
    return variables


def objects_of(item: Desired, whole: bool) -> dict[str, list[Obj]]:
    """Return the files of objects of one stage; unless asked for, what is secret is not in them."""
    sets = {**item.applied, "delivered": item.delivered} if item.applied else {}
    return sets if whole else {name: handover.bare(objects) for name, objects in sets.items()}


def awaited_of(item: Desired) -> dict[str, list[dict[str, Any]]]:
    """Return the files of one stage's waits."""
    return {name: [one.to_json() for one in many] for name, many in item.awaited.items()}


def write(path: Path, content: Any) -> None:
    """Write JSON that only we can read."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(content))
