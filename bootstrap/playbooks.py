"""The only module that starts Ansible: one run for a range of stages, its events, its end, and how to stop it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bootstrap import tree
from bootstrap.errors import PlaybookFailed
from bootstrap.handover import offered
from bootstrap.progress import Lines, listening
from bootstrap.scratch import scratch

PLAYBOOKS = tree.ROOT / "playbooks"
UNWANTED = ("PASSWORD", "TOKEN", "REPO_TOKEN")  # Ansible writes its environment down
GRACE = 5.0


@dataclass(slots=True)
class Outcome:
    """What a run did."""

    changed: list[str] = field(default_factory=list)
    failure: str | None = None
    pid: int | None = None


@dataclass(slots=True)
class Run:
    """One run of Ansible as its events tell it."""

    show: Lines
    stages: Mapping[str, str]  # name -> what it does
    log: Path
    outcome: Outcome = field(default_factory=Outcome)
    stage: str = ""

    def event(self, event: dict[str, Any]) -> bool:
        """Take in one event; False keeps it off the disk, where it would lie unredacted."""
        with suppress(Exception):  # an error here would end the run that it only watches
            self.outcome.pid = event.get("pid") or self.outcome.pid
            data = event.get("event_data") or {}
            self.follow(data.get("role") or data.get("play_pattern") or "")
            kind = event.get("event", "")
            if kind in ("runner_on_ok", "runner_on_failed"):
                self.result(kind, data)
        return False

    def follow(self, role: str) -> None:
        """Show the beginning and end of stages."""
        if role in self.stages and role != self.stage:
            self.finish()
            self.stage = role
            self.show.start(role, self.stages[role])

    def finish(self) -> None:
        """Show the end of the stage that runs."""
        if self.stage:
            count = sum(1 for name in self.outcome.changed if name.startswith(f"{self.stage}: "))
            self.show.done(f"{count} changed" if count else "nothing to change")
        self.stage = ""

    def result(self, kind: str, data: Mapping[str, Any]) -> None:
        """Note what a task did, in the log and in the outcome."""
        result, task = data.get("res") or {}, str(data.get("task") or "")
        names = [
            *result.get("created", []),
            *result.get("configured", []),
            *result.get("written", []),
            *result.get("gone", []),
        ]
        if result.get("changed"):
            self.outcome.changed += [f"{self.stage}: {name}" for name in names or [task]]
        message = str(result.get("msg") or "")
        if kind == "runner_on_failed" and not data.get("ignore_errors"):
            self.outcome.failure = f"{self.stage or 'playbook'}: {task}: {message}"
        entry = {
            "at": time.time(),
            "event": kind,
            "stage": self.stage,
            "task": task,
            "names": names,
            "message": message,
        }
        with self.log.open("a") as log:
            log.write(json.dumps(entry) + "\n")


def run(
    stages: Mapping[str, str],
    variables: Mapping[str, Any],
    *,
    show: Lines,
    log: Path,
    secrets: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run the playbooks of these stages in order; PlaybookFailed says which task failed and why."""
    with scratch(log.parent) as private, listening(show) as channel, offered(secrets or {}) as handed:
        (private / "variables.json").write_text(json.dumps(dict(variables)))
        variables_file = shlex.quote(str(private / "variables.json"))  # ansible-runner splits this as a shell does
        log.parent.mkdir(parents=True, exist_ok=True)
        state = Run(show, stages, log)
        output = supervise(state, private, f"-e @{variables_file}", environment(channel, private) | handed)
        if state.outcome.failure is None and output is not None:
            state.outcome.failure = f"ansible ended before any task could say why:\n{output}"
        if state.outcome.failure:
            show.stop()
            raise PlaybookFailed(state.outcome.failure)
        state.finish()
        return state.outcome


def environment(channel: Path, private: Path) -> dict[str, str]:
    """Return what Ansible needs in its environment; nothing of it is secret."""
    bin_folder = str(Path(sys.executable).parent)
    return {
        "ANSIBLE_CONFIG": str(tree.ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(private / "ansible"),  # else it writes below the user's home
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "PATH": os.pathsep.join((bin_folder, os.environ.get("PATH", ""))),
        "PYTHONPATH": str(tree.PACKAGE.parent),  # our plugins import the package
        "SERVING_DEMO_PID": str(os.getpid()),
        "SERVING_DEMO_PROGRESS": str(channel),
    }


@contextmanager
def scrubbed() -> Iterator[None]:
    """Hide secrets of our environment from Ansible for as long as it starts."""
    hidden = {name: os.environ.pop(name) for name in UNWANTED if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def supervise(state: Run, private: Path, options: str, env: dict[str, str]) -> str | None:
    """Run Ansible to its end, or stop it when we are told to; return its output where it failed."""
    result: dict[str, Any] = {}
    deadline: list[float] = []

    def work() -> None:
        import ansible_runner

        with scrubbed():
            result["run"] = ansible_runner.run(
                private_data_dir=str(private),
                playbook=[{"import_playbook": str(PLAYBOOKS / f"{name}.yml")} for name in state.stages],
                cmdline=options,
                envvars=env,
                event_handler=state.event,
                cancel_callback=lambda: bool(deadline) and time.monotonic() > deadline[0],
                settings={"pexpect_timeout": 0.1, "suppress_ansible_output": True},
                quiet=True,
            )

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.2)
    except KeyboardInterrupt:
        deadline.append(time.monotonic() + GRACE)
        stop(state.outcome.pid)
        thread.join(2 * GRACE)  # the folder that it writes to goes next
        state.show.stop()
        raise
    runner = result.get("run")
    if runner is None:
        return "ansible-runner did not start"
    return None if runner.rc == 0 else tail(private)


def stop(pid: int | None) -> None:
    """Ask Ansible to end; its workers end with it only by this signal, not when it is killed."""
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def tail(private: Path, lines: int = 15) -> str:
    """Return the end of what Ansible printed."""
    found = sorted(private.glob("artifacts/*/stdout"))
    return "\n".join(found[-1].read_text(errors="replace").splitlines()[-lines:]) if found else ""


def names(stages: Sequence[str]) -> str:
    """Return stages as people write a range."""
    return stages[0] if len(stages) == 1 else f"{stages[0]} … {stages[-1]}"
