"""The command: a verb and KEY=VALUE settings, as make passes them; parses, calls, prints, and decides nothing."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bootstrap import menu
from bootstrap import settings as configuration
from bootstrap.command_line import parse
from bootstrap.errors import DemoError, UsageError
from bootstrap.kube.retry import advice
from bootstrap.progress import Lines, progress
from bootstrap.settings import Settings

CREDS = Path("creds.env")


def demo(settings: Settings, show: Lines) -> None:
    """Raise the demo and prove it."""
    journey(settings, show, None, None)


def already_have_rhods(settings: Settings, show: Lines) -> None:
    """Raise the demo on the OpenShift AI that is there, and prove it."""
    journey(settings, show, None, None, need_rhods=True)


def journey(settings: Settings, show: Lines, first: str | None, last: str | None, *, need_rhods: bool = False) -> None:
    """Run a range of stages; a run to the end is proven, and says what is next."""
    from bootstrap import stages
    from bootstrap.doctor.visit import visit
    from bootstrap.verify import verify

    names = stages.chosen(settings.start_from or first, last)
    here = visit(settings, names, need_rhods=need_rhods, warn=show.note)
    where = f"{here.session.server}, cluster {here.session.cluster_id or 'without an ID'}, as {here.session.user}"
    show.note(f"{where}: {here.plan.delivery} delivery, {here.era} serving")
    stages.run(here, names, show)
    if last is None:
        show.start("verify", stages.JOURNEY["verify"])
        show.done("; ".join(map(str, verify(here))))
        print("the demo is up; `make credentials` shows where everything is and with which keys")


def stage(name: str) -> Callable[[Settings, Lines], None]:
    """Return the command that runs one stage alone."""

    def alone(settings: Settings, show: Lines) -> None:
        journey(settings, show, name, name)

    alone.__doc__ = f"Run stage {name} alone."
    return alone


def verify_again(settings: Settings, show: Lines) -> None:
    """Ask the known answers again."""
    from bootstrap import report, stages
    from bootstrap.verify import verify

    show.start("verify", stages.JOURNEY["verify"])
    proofs = verify(stages.visit(settings, to_deliver=False))
    show.done("")
    if settings.json or settings.query:
        print(report.as_json([proof.to_json() for proof in proofs], settings.query))
    else:
        print("\n".join(map(str, proofs)))


def credentials(settings: Settings, show: Lines) -> None:
    """Print where everything is and with which keys."""
    from bootstrap import report, stages
    from bootstrap.credentials import gather

    found = gather(stages.visit(settings, to_deliver=False))
    print(report.as_json(found, settings.query) if settings.json or settings.query else report.sections(found))


def status(settings: Settings, show: Lines) -> None:
    """Print one line per stage."""
    from bootstrap import report, stages
    from bootstrap.status import standings

    found = standings(stages.visit(settings))
    if settings.json or settings.query:
        print(report.as_json([one.to_json() for one in found], settings.query))
    else:
        print(report.table([one.row() for one in found]))


def plan(settings: Settings, show: Lines) -> None:
    """Print what a run would create, change, adopt and leave."""
    from bootstrap import report, stages
    from bootstrap.plan import intents

    here = stages.visit(settings)
    names = [name for name in stages.chosen(settings.start_from) if here.plan.gitops or name != "gitops"]
    found = intents(here, names)
    if settings.json or settings.query:
        print(report.as_json([one.to_json() for one in found], settings.query))
    else:
        print("\n".join(line for one in found for line in one.lines()))
        show.note("adopt: was there before, and is used as it is; leave: is as it is wanted already")


def doctor(settings: Settings, show: Lines) -> None:
    """Run every check, on this machine and on the cluster, and fail where one blocks."""
    from bootstrap import report
    from bootstrap.doctor.report import lines, verdict
    from bootstrap.doctor.visit import examine
    from bootstrap.errors import Blocked

    found = examine(settings, thorough=True)
    if settings.json or settings.query:
        print(report.as_json([one.to_json() for one in found.checked], settings.query))
    else:
        print("\n".join(lines(found.checked)))
    if settings.nowhere:
        raise UsageError(menu.ways_on())
    if found.blocked:
        raise Blocked(verdict(found.checked))
    show.note(verdict(found.checked))


def support(settings: Settings, show: Lines) -> None:
    """Write one redacted archive to attach to a question."""
    from bootstrap import stages
    from bootstrap.doctor.report import lines, verdict
    from bootstrap.doctor.visit import examine
    from bootstrap.support import support as gather

    found = examine(settings, thorough=True)
    _, client = (found.session, found.client) if found.client else stages.sign_in(settings)
    print(gather(settings, client, lambda: "\n".join([*lines(found.checked), verdict(found.checked), ""])))
    show.note("passwords, keys and tokens are taken out; names, addresses and settings are in it: look before you send")


def login(settings: Settings, show: Lines) -> None:
    """Sign in and say who and where."""
    from bootstrap.stages import sign_in

    session, _ = sign_in(settings)
    print(f"{session.server} as {session.user}, cluster {session.cluster_id or 'without an ID'}; {session.kubeconfig}")


def logout(settings: Settings, show: Lines) -> None:
    """Revoke the token that login got."""
    from bootstrap.login import logout as end

    print("signed out, the token is revoked" if end(settings) else "nothing to sign out from: no token of ours here")


def render(settings: Settings, show: Lines) -> None:
    """Write what the roles need into the state directory, for ansible-playbook by hand."""
    import shutil

    from bootstrap import stages

    here = stages.visit(settings)
    names = [name for name in stages.chosen(settings.start_from) if here.plan.gitops or name != "gitops"]
    folder = (settings.state_dir / "rendered").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    stages.write(folder / "variables.json", stages.render(here, stages.want(here, names), folder, whole=True))
    print(f"ansible-playbook -e @{folder / 'variables.json'} playbooks/storage.yml   # or {', '.join(names)}")


def reset(settings: Settings, show: Lines) -> None:
    """Make the demo as new and prove it; what others added is listed, and removed only with PRUNE=1."""
    from bootstrap import reset as renewing
    from bootstrap import stages
    from bootstrap.doctor.visit import before_reset
    from bootstrap.verify import verify

    here, found = renewing.reset(settings, show, check=lambda: before_reset(settings))
    if settings.dry_run:
        print("\n".join(f"would make again {ref}" for ref in found.objects))
    else:
        show.start("verify", stages.JOURNEY["verify"])
        show.done("; ".join(map(str, verify(here))))
        renewing.note(here)
        print("the demo is as new; `make credentials` shows its new keys")
    pruned = "would be removed" if settings.dry_run else "removed"
    for ref in found.additions:
        print(f"not the demo's: {ref}: {pruned if settings.prune else 'PRUNE=1 removes it too'}")


def teardown(settings: Settings, show: Lines) -> None:
    """Give the cluster back, and say what stays."""
    from bootstrap.doctor.visit import before_teardown
    from bootstrap.teardown import teardown as give_back

    going = give_back(settings, show, check=lambda: before_teardown(settings))
    if settings.dry_run:
        print("\n".join(f"would delete {ref}" for ref in going.refs) or "nothing would be deleted")
        print("".join(f"would take the demo's fields out of {ref}\n" for ref in going.lent), end="")
        print("".join(f"would put back what {ref} said before\n" for ref in going.changed), end="")
    for name, why in {**going.kept, **going.stays}.items():
        print(f"stays: {name}: {why}")
    if not settings.dry_run:
        print(f"{len(going.refs)} objects of the demo are gone")


def selftest(settings: Settings, show: Lines) -> None:
    """Walk a demo's whole life on your cluster, and write a report to share."""
    from bootstrap.selftest import selftest as walk

    print(walk(settings, show))


VERBS: Mapping[str, Callable[[Settings, Lines], None]] = {
    "demo": demo,
    "already-have-rhods": already_have_rhods,
    "doctor": doctor,
    "login": login,
    "gitops": stage("gitops"),
    "rhods": stage("rhods"),
    "storage": stage("storage"),
    "model": stage("model"),
    "serving": stage("serving"),
    "verify": verify_again,
    "credentials": credentials,
    "status": status,
    "plan": plan,
    "render": render,
    "support": support,
    "reset": reset,
    "teardown": teardown,
    "selftest": selftest,
    "logout": logout,
}


def sentences() -> dict[str, str]:
    """Return every verb with what it does."""
    return {verb: (function.__doc__ or "").rstrip(".") for verb, function in VERBS.items()}


def stopped(*_: object) -> None:
    """End as by Ctrl-C when we are told to terminate, so that nothing that we started goes on."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 failed, 2 wrong settings or usage, 130 stopped."""
    verbose, show = False, progress()
    signal.signal(signal.SIGTERM, stopped)
    try:
        typed = sys.argv[1:] if arguments is None else arguments
        if answer := menu.told(typed, sentences()):
            print(answer)
            return 0
        verb, given, verbose = parse(typed, list(VERBS), __doc__ or "")
        settings = configuration.load(given, CREDS, os.environ)
        if settings.nowhere and verb != "doctor":
            raise UsageError(menu.ways_on())
        if settings.dry_run and verb not in ("reset", "teardown"):
            raise UsageError("DRY_RUN=1 is about reset and teardown; `make plan` shows what a run would do")
        verbose = verbose or settings.verbose
        settings = replace(settings, verbose=verbose)
        VERBS[verb](settings, show)
    except DemoError as problem:
        show.stop()
        if verbose:
            traceback.print_exc()
        print(problem, *advice(problem), sep="\n", file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        show.stop()
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except Exception as defect:
        show.stop()
        if verbose:
            traceback.print_exc()
        print(
            f"unexpected {type(defect).__name__}: {defect}; a defect of the demo: -v (VERBOSE=1) shows where",
            file=sys.stderr,
        )
        return 1
    return 0
