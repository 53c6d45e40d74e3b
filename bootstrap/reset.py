"""The demo as new: what serves and stores is made again with new keys, and the operators are not touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bootstrap import playbooks, stages, teardown
from bootstrap.errors import GuardError
from bootstrap.foreign import foreign
from bootstrap.kube import record
from bootstrap.kube.lease import exclusive
from bootstrap.kube.objects import Ref
from bootstrap.kube.record import Keeper, Record
from bootstrap.progress import Lines
from bootstrap.scratch import scratch
from bootstrap.settings import Settings
from bootstrap.stages import Visit

STAGES = ("storage", "model", "serving")
WHAT = "the demo's objects go, to be made again"
# the volume stays and is emptied: a new one may take minutes; rights are put right where they are
STAYS = ("PersistentVolumeClaim", "Role", "RoleBinding")
APPLICATIONS = tuple(f"serving-demo-{name}" for name in STAGES)


@dataclass(slots=True)
class Renewal:
    """What is made anew, and what others have put beside it."""

    applications: list[Ref] = field(default_factory=list)
    objects: list[Ref] = field(default_factory=list)
    derived: list[Ref] = field(default_factory=list)  # made by controllers from ours
    additions: list[Ref] = field(default_factory=list)


def renewal(here: Visit, known: Record) -> Renewal:
    """Decide what goes to be made again, from the record."""
    space = here.settings.namespace
    found = Renewal(additions=foreign(here.client, space, known, whole=False))
    for ref in sorted(known.created):
        if ref.kind == "Application" and ref.name in APPLICATIONS:
            found.applications.append(ref)
        elif ref.kind == "Template" or (ref.namespace == space and ref.kind not in STAYS):
            found.objects.append(ref)
    # holds the connection's keys; made again from the new ones
    found.derived.append(Ref("v1", "Secret", space, "storage-config"))
    return found


def reset(
    settings: Settings,
    show: Lines,
    ask: Callable[[str], str] = input,
    check: Callable[[], None] = lambda: None,
) -> tuple[Visit, Renewal]:
    """Make the demo as new; refused on another cluster than the record's, and without a yes."""
    here = stages.visit(settings)
    known = teardown.known_or_refused(here.client, settings)
    record.check_cluster(here.client, known)
    if not here.facts.has_rhods:
        raise GuardError(
            f"{here.session.server}: OpenShift AI is not here, so there is nothing to reset to; run `make`"
        )
    check()
    found = renewal(here, known)
    if settings.dry_run:
        return here, found
    what = f"{len(found.objects)} objects of the demo would be made again, with new keys and an empty bucket"
    teardown.confirm(settings, here.session, here.client, what, ask)
    with exclusive(here.client, holder=here.session.user):
        teardown.unchanged_or_refused(here.client, known)
        teardown.note_leftovers(here.client, known)
        renew(here, found, show)
    return here, found


def renew(here: Visit, found: Renewal, show: Lines) -> None:
    """Run the playbooks: away with it, then the stages again."""
    wanted = stages.want(here, STAGES)
    with scratch(here.settings.state_dir) as folder:
        variables = stages.render(here, wanted, folder)
        variables["demo_connection"]["force"] = True  # whoever changed our objects since: they are ours
        additions = found.additions if here.settings.prune else []
        steps = {"applications": found.applications, "objects": found.objects, "additions": additions}
        (folder / "reset").mkdir()
        for name, refs in {**steps, "derived": found.derived}.items():
            decided = set(refs) if name in ("additions", "derived") else set()
            stages.write(folder / "reset" / f"{name}.json", teardown.entries(refs, decided))
        variables |= {
            "reset_steps": str(folder / "reset"),
            "reset_timeout": teardown.step_seconds(here.settings),
            "reset_force_finalizers": here.settings.force_finalizers,
            "storage_as_new": True,
        }
        run = {"reset": WHAT, **{name: stages.JOURNEY[name] for name in STAGES}}
        playbooks.run(run, variables, show=show, log=here.settings.state_dir / "log.jsonl")


def note(here: Visit) -> None:
    """Note in the record that the demo is as new, once that is proven."""
    Keeper(here.client, **stages.record_of(here)).was_reset()
