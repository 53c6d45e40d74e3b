"""The whole life of a demo on a cluster of the user's, from nothing back to nothing, with a report to share."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from bootstrap import __version__, facts, reset, stages, teardown
from bootstrap.doctor import report
from bootstrap.doctor.visit import before_teardown, examine, visit
from bootstrap.errors import DemoError, GuardError
from bootstrap.kube import record
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Ref
from bootstrap.progress import Lines
from bootstrap.redaction import Redactor, values_in
from bootstrap.settings import Settings
from bootstrap.verify import verify

WHAT = "a demo would be raised, raised again, reset and torn down; that takes up to an hour"
AFTERWARDS = "the cluster is left as it is, so that you can look; `make teardown` gives it back"
UNTOUCHED = "nothing was changed on the cluster"
NAMES = ("DASHBOARD_ADMIN", "NAMESPACE", "REPO_URL")  # settings that say whose cluster it is


@dataclass(slots=True)
class Step:
    """One step of the walk, and how it ended."""

    what: str
    seconds: float = 0.0
    result: str = "not reached"
    passed: bool = False


@dataclass(slots=True)
class Walk:
    """The steps on one cluster, and what is known of it."""

    about: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)

    @property
    def afterwards(self) -> str:
        """Return how the cluster is left where a step failed; the first only looks."""
        return AFTERWARDS if len(self.steps) > 1 else UNTOUCHED

    @contextmanager
    def step(self, what: str) -> Iterator[Step]:
        """Take the time of a step; a failure is noted and goes on."""
        self.steps.append(step := Step(what))
        began = time.monotonic()
        try:
            yield step
            step.passed = True
        except (DemoError, KeyboardInterrupt) as problem:
            step.result = str(problem) or "stopped"
            raise
        finally:
            step.seconds = time.monotonic() - began

    def text(self) -> str:
        """Return the report as Markdown."""
        passed = bool(self.steps) and all(step.passed for step in self.steps)
        lines = ["# Report of a self-test of serving-demo", "", "passed" if passed else "FAILED", ""]
        lines += ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in self.about.items()), ""]
        lines += ["| step | ended | seconds | result |", "|---|---|---|---|"]
        for step in self.steps:
            told = " ".join(step.result.split()).replace("|", "\\|")
            lines.append(f"| {step.what} | {'well' if step.passed else 'FAILED'} | {step.seconds:.0f} | {told} |")
        lines += ["", *(f"- stays: {name}: {why}" for name, why in self.stays.items())]
        return "\n".join(lines).rstrip() + "\n"


def selftest(settings: Settings, show: Lines, ask: Callable[[str], str] = input) -> Path:
    """Walk from nothing to nothing and return the report; it is written when a step fails, too."""
    settings, walk = replace(settings, start_from=None, dry_run=False), Walk()
    session, client = stages.sign_in(settings)
    if record.read(client):
        raise GuardError(
            f"{session.server} has a demo already, which a self-test would tear down; `make teardown` first, "
            "or use another cluster"
        )
    teardown.confirm(settings, session, client, WHAT, ask)
    settings = replace(settings, yes=True)
    try:
        there_and_back(settings, client, show, walk)
    except DemoError as problem:
        path = write(settings, walk)
        raise DemoError(f"{problem}\nthe report is {path}; {walk.afterwards}") from problem
    except KeyboardInterrupt:
        show.note(f"the report so far is {write(settings, walk)}; {walk.afterwards}")
        raise
    return write(settings, walk)


def there_and_back(settings: Settings, client: Client, show: Lines, walk: Walk) -> None:
    """Take every step in turn."""
    with walk.step("doctor") as step:
        found = examine(settings, thorough=True)
        step.result = report.verdict(found.checked)
        found.require()
    with walk.step("demo") as step:
        here = visit(settings, stages.DELIVERED)
        walk.about = about(here)
        changed = stages.run(here, stages.DELIVERED, show).changed
        step.result = f"{len(changed)} changes; {proofs(here)}"
    with walk.step("verify") as step:
        step.result = proofs(stages.visit(settings))
    with walk.step("demo again") as step:
        again = stages.run(visit(settings, stages.DELIVERED), stages.DELIVERED, show).changed
        if again:
            raise DemoError(f"a second run changed what the first had made: {', '.join(again[:5])}")
        step.result = "nothing to change"
    with walk.step("reset") as step:
        here, renewed = reset.reset(settings, show)
        step.result = f"{len(renewed.objects)} objects made again; {proofs(here)}"
    with walk.step("teardown") as step:
        going = teardown.teardown(settings, show, check=lambda: before_teardown(settings))
        walk.stays = {**going.kept, **going.stays}
        step.result = f"{len(going.refs)} objects are gone"
    with walk.step("what is left") as step:
        left = [ref for ref in record.leftovers(client) if client.find(ref)]
        if left:
            raise DemoError(f"this has the demo's labels and is still there: {', '.join(map(str, left[:5]))}")
        step.result = "nothing with the demo's labels"


def proofs(here: stages.Visit) -> str:
    """Ask the known answers and return what came."""
    return "; ".join(map(str, verify(here)))


def about(here: stages.Visit) -> dict[str, str]:
    """Return what a reader has to know of cluster and settings; no name and no address."""
    nodes = here.client.list("v1", "Node")
    platforms = here.client.find(Ref("config.openshift.io/v1", "Infrastructure", None, "cluster")) or {}
    found = here.facts
    gitops = Ref.of(found.gitops.csv).name if found.gitops.csv else "to be installed"
    return {
        "serving-demo": __version__,
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "this machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "OpenShift": ".".join(map(str, found.openshift)),
        "platform": str(platforms.get("status", {}).get("platform", "unknown")),
        "nodes": str(len(nodes)),
        "OpenShift AI": ".".join(map(str, facts.rhods_version(found, here.settings.rhods_channel))),
        "OpenShift AI was there": "yes" if found.has_rhods else "no",
        "OpenShift GitOps": gitops,
        "delivery": here.plan.delivery,
        "serving": here.era,
        "settings": ", ".join(f"{key}={value}" for key, value in here.settings.public().items() if key not in NAMES),
    }


def write(settings: Settings, walk: Walk) -> Path:
    """Write the report where it can be found, without secrets."""
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    path = (settings.state_dir / f"selftest-{moment}.md").resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Redactor(values_in(settings)).text(walk.text()))
    return path
