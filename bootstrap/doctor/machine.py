"""What this machine needs: read from the machine first, judged afterwards."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap.doctor.finding import Check, Finding
from bootstrap.manifests import BUILDERS
from bootstrap.settings import Settings

OLDEST, TOO_NEW = (3, 11), (3, 14)
ROOM = 200 * 2**20  # logs, and rendered manifests
PROGRAMS = ("git", "jq", *(program for program, _ in BUILDERS))


@dataclass(frozen=True, slots=True)
class Machine:
    """What the checks need to know of a machine."""

    python: tuple[int, int]
    programs: frozenset[str]
    ansible: bool
    folder: Path  # where Ansible has to be
    state_dir: Path
    free: int | None  # bytes beside the state directory; None where it cannot be written
    creds: Path | None = None
    creds_mode: int | None = None
    query: bool = False
    gitops: bool = True
    model: bool = True
    unread: dict[str, str] = field(default_factory=dict)


def gather(settings: Settings, creds: Path, *, gitops: bool) -> Machine:
    """Return what this machine has."""
    folder = Path(sys.executable).parent
    return Machine(
        python=sys.version_info[:2],
        programs=frozenset(name for name in PROGRAMS if shutil.which(name)),
        ansible=(folder / "ansible-playbook").exists(),
        folder=folder,
        state_dir=settings.state_dir,
        free=free(settings.state_dir),
        creds=creds,
        creds_mode=creds.stat().st_mode & 0o777 if creds.exists() else None,
        query=settings.query is not None,
        gitops=gitops,
    )


def free(folder: Path) -> int | None:
    """Return the free bytes where a folder is, or will be; None where nothing can be written."""
    import os

    there = next((one for one in (folder.absolute(), *folder.absolute().parents) if one.exists()), Path("/"))
    return shutil.disk_usage(there).free if os.access(there, os.W_OK) else None


def python(machine: Machine) -> Iterator[Finding]:
    """Find a Python that this was not made for."""
    if not OLDEST <= machine.python < TOO_NEW:
        yield Finding(
            "Python",
            f"this is {'.'.join(map(str, machine.python))}",
            "the demo runs on 3.11 to 3.13",
            "remove .venv and run `make PYTHON=python3.12`, or another of these versions",
        )


def ansible(machine: Machine) -> Iterator[Finding]:
    """Find a virtualenv without Ansible."""
    if not machine.ansible:
        yield Finding(
            str(machine.folder),
            "has no ansible-playbook",
            "Ansible is looked for beside the interpreter, so that its version is the locked one",
            "remove .venv and run make again, or install the package ansible-core there",
        )


def programs(machine: Machine) -> Iterator[Finding]:
    """Find commands that are missing on PATH."""
    if machine.gitops and "git" not in machine.programs:
        why = "Argo CD delivers a commit of this clone, and git names it"
        yield Finding("PATH", "has no git", why, "install git, or set DELIVERY=direct")
    if machine.query and "jq" not in machine.programs:
        yield Finding("PATH", "has no jq", "QUERY is run by it", "install jq, or use JSON=1 without QUERY")
    if not machine.programs & {program for program, _ in BUILDERS}:
        yield Finding(
            "PATH",
            "has neither kustomize, oc nor kubectl",
            "one of them builds the manifests",
            "install one, for example oc from the console's menu ? > Command line tools",
        )


def disk(machine: Machine) -> Iterator[Finding]:
    """Find a state directory that takes nothing."""
    where = f"STATE_DIR {machine.state_dir}"
    if machine.free is None:
        why = "the kubeconfig and the log are kept there"
        yield Finding(where, "cannot be written", why, "make it yours, or set STATE_DIR to a folder that is")
    elif machine.free < ROOM:
        what = f"has {machine.free // 2**20} MiB free"
        why = f"the log and what is rendered need {ROOM // 2**20} MiB"
        yield Finding(where, what, why, "free some space, or set STATE_DIR to another disk")


def creds(machine: Machine) -> Iterator[Finding]:
    """Find a creds.env that others can read."""
    if machine.creds_mode is not None and machine.creds_mode & 0o077:
        what = f"others on this machine may read it (mode {machine.creds_mode:o})"
        why = "it holds a password or token"
        yield Finding(str(machine.creds), what, why, f"chmod 600 {machine.creds}", blocks=False)


CHECKS = (
    Check("python", python),
    Check("ansible", ansible),
    Check("programs", programs),
    Check("disk", disk),
    Check("creds", creds),
)
