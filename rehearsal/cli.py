"""The command `python -m rehearsal`: parse, call, print."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rehearsal import env_file, git_snapshot, lifecycle, preflight, processes, status, wait
from rehearsal.binaries import ensure_tools
from rehearsal.cluster import DEFAULT_NAME, DEFAULT_RHODS, OPENSHIFT, Cluster, RehearsalError, home, root_of
from rehearsal.namespaces import ENTER
from rehearsal.progress import say
from rehearsal.supervisor import last_line

Arguments = argparse.Namespace


def up(arguments: Arguments) -> int:
    if arguments.snapshot:
        from rehearsal import snapshot

        snapshot.restore(arguments.snapshot, arguments.name)
    settings = {"cpu": arguments.cpu, "memory": arguments.memory}
    cluster = lifecycle.up(arguments.name, arguments.rhods, arguments.openshift, **settings)
    wait.announce(Cluster.load(cluster.root))
    return 0


def start(arguments: Arguments) -> int:
    wait.announce(lifecycle.start(arguments.name))
    return 0


def stop(arguments: Arguments) -> int:
    found = lifecycle.stop(arguments.name)
    say(f"rehearsal '{arguments.name}' {'is stopped; its data stays' if found else 'was not running'}")
    return 0


def down(arguments: Arguments) -> int:
    found = lifecycle.down(arguments.name)
    say(f"rehearsal '{arguments.name}' {'is gone' if found else 'does not exist; nothing to do'}")
    return 0


def show_status(arguments: Arguments) -> int:
    cluster = Cluster.load(root_of(arguments.name))
    found = status.measured(cluster)
    if arguments.json:
        print(json.dumps(found, indent=2))
    elif found:
        print(status.table(found))
    else:
        say(f"rehearsal '{cluster.name}' is stopped; `make rehearsal-up REHEARSAL={cluster.name}` starts it")
    return 0 if status.all_up(found) else 1


def logs(arguments: Arguments) -> int:
    cluster = Cluster.load(root_of(arguments.name))
    if not arguments.part:
        for log in sorted(cluster.logs.glob("*.log")):
            print(f"{log.stem}: {last_line(log) or '(empty)'}")
        return 0
    log = cluster.log(arguments.part)
    if not log.exists():
        known = ", ".join(sorted(file.stem for file in cluster.logs.glob("*.log")))
        raise RehearsalError(f"no log of part '{arguments.part}'; there are: {known}", code=2)
    sys.stdout.flush()
    follow = ["-F"] if arguments.follow else []
    return subprocess.run(["tail", *follow, "-n", str(arguments.lines), str(log)]).returncode


def shell(arguments: Arguments) -> int:
    """A shell, or one command, inside the namespaces."""
    cluster = Cluster.load(root_of(arguments.name))
    outers = processes.find(cluster.root)
    if not outers:
        raise RehearsalError(
            f"rehearsal '{cluster.name}' is stopped; `make rehearsal-up REHEARSAL={cluster.name}` starts it"
        )
    path = f"{cluster.root / 'bin'}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    inside = {"PATH": path, "KUBECONFIG": str(cluster.inner_kubeconfig("admin")), "HOME": str(cluster.run)}
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    command = command or [os.environ.get("SHELL", "/bin/sh")]
    enter = [*ENTER, "--target", str(outers[0].init), f"--wd={Path.cwd()}", "--", *command]
    return subprocess.run(enter, env={**kept, **inside}).returncode


def check(arguments: Arguments) -> int:
    found = preflight.findings(home())
    for finding in found:
        print(f"{'ok  ' if finding.holds else 'FAIL'}  {finding.what}: {finding.detail}")
    return 0 if all(finding.holds for finding in found) else 1


def tools(arguments: Arguments) -> int:
    """Builds what is missing of every program and environment."""
    ensure_tools()
    return 0


def git(arguments: Arguments) -> int:
    """Takes the Git snapshot anew and prints its revision."""
    cluster = Cluster.load(root_of(arguments.name))
    if arguments.quiet and not processes.find(cluster.root):  # before a command on it
        fix = f"`make rehearsal-up REHEARSAL={cluster.name}` starts it"
        raise RehearsalError(f"rehearsal '{cluster.name}' is stopped; {fix}")
    with lifecycle.hold(cluster.root):  # two snapshots at a time would take turns with one index
        revision = git_snapshot.take(cluster)
        env_file.write(cluster, revision)
    if not arguments.quiet:
        print(revision)
    return 0


def snapshot_(arguments: Arguments) -> int:
    from rehearsal import snapshot

    say(f"snapshot in {snapshot.take(arguments.name, arguments.to)}")
    return 0


def fault(arguments: Arguments) -> int:
    from rehearsal import faults

    cluster = Cluster.load(root_of(arguments.name))
    if not arguments.fault:
        print(json.dumps(faults.read(cluster), indent=2))
        return 0
    faults.switch(cluster, arguments.fault, arguments.state == "on", faults.parameters(arguments.parameters))
    return 0


def parser() -> argparse.ArgumentParser:
    """Every verb with its options."""
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default=DEFAULT_NAME, help="which rehearsal (default: %(default)s)")
    named.add_argument("--root", type=Path, help="folder of all rehearsals (default: .rehearsal in the clone)")
    top = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, run: Callable[[Arguments], int], text: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, parents=[named], help=text, description=text)
        added.set_defaults(run=run)
        return added

    starting = verb("up", up, "make and start a cluster, or start an existing one, and wait until it is ready")
    starting.add_argument("--rhods", help=f"release of OpenShift AI: {', '.join(OPENSHIFT)} (default: {DEFAULT_RHODS})")
    starting.add_argument("--openshift", help="release of OpenShift (default: the one that fits)")
    starting.add_argument("--from", dest="snapshot", metavar="SNAPSHOT", help="begin with a snapshot")
    starting.add_argument("--cpu", type=int, help="allocatable CPUs that the node claims (default: 16)")
    starting.add_argument("--memory", help="allocatable memory that the node claims (default: 64Gi)")
    verb("start", start, "start a stopped cluster")
    verb("stop", stop, "stop all processes and keep the data")
    verb("down", down, "stop all processes and delete the data")
    shown = verb("status", show_status, "what runs; exit code 0 when every part is up")
    shown.add_argument("--json", action="store_true")
    reading = verb("logs", logs, "the log of a part, or the last line of each")
    reading.add_argument("part", nargs="?")
    reading.add_argument("-f", "--follow", action="store_true")
    reading.add_argument("-n", "--lines", type=int, default=100)
    inside = verb("shell", shell, "a shell or one command inside the cluster's namespaces")
    inside.add_argument("command", nargs=argparse.REMAINDER)
    verb("check", check, "whether this machine can run a rehearsal")
    verb("tools", tools, "build every program that a rehearsal needs, once")
    source = verb("git", git, "take the Git snapshot of the working copy anew and print its revision")
    source.add_argument("--quiet", action="store_true", help="print nothing")
    verb("snapshot", snapshot_, "keep a copy of the cluster for `up --from`").add_argument("to", metavar="SNAPSHOT")
    breaking = verb("fault", fault, "switch a fault on or off; without arguments list those that are on")
    breaking.add_argument("fault", nargs="?")
    breaking.add_argument("state", nargs="?", choices=["on", "off"], default="on")
    breaking.add_argument("parameters", nargs="*", metavar="key=value")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb; errors that a person can act on are one line on stderr."""
    arguments = parser().parse_args(argv)
    if arguments.root:
        os.environ["REHEARSAL_ROOT"] = str(arguments.root)
    try:
        code: int = arguments.run(arguments)
    except RehearsalError as error:
        say(f"rehearsal: {error}")
        return error.code
    except KeyboardInterrupt:
        say("interrupted; what runs goes on, `make rehearsal-status` shows it, `make rehearsal-down` ends it")
        return 130
    return code
