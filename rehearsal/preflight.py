"""Whether this machine can run a rehearsal, with the next step where it cannot."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.cluster import RehearsalError
from rehearsal.namespaces import UNSHARE

PROGRAMS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "git": "git",
    "cp": "coreutils",
}
MEMORY = 4 << 30
DISK = 2 << 30
LONGEST_SOCKET = 107  # characters, of Linux
SOCKET = len("/run/dataplane.sock")
PROBE = (
    "ip link add probe type bridge && ip link add here type veth peer name there && ip link set here master probe"
    " && mount -t tmpfs tmpfs /tmp && echo fine"
)
IN_CONTAINER = (
    "inside a container start it with --privileged, or with --security-opt seccomp=unconfined "
    "--security-opt systempaths=unconfined (podman: unmask=ALL)"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One requirement, whether it holds, and what was seen or what to do."""

    what: str
    holds: bool
    detail: str


def findings(state: Path) -> list[Finding]:
    """Every requirement, looked at on this machine."""
    return [_system(), _python(), *_programs(), _memory(), _disk(state), _path(state), _namespaces()]


def require(state: Path) -> None:
    """This machine can run a rehearsal, or the error says why not and what to do."""
    missing = [finding for finding in findings(state) if not finding.holds]
    if missing:
        raise RehearsalError("\n".join(f"{finding.what}: {finding.detail}" for finding in missing))


def explain(message: str) -> str:
    """The next step for what `unshare`, `ip` or `mount` said."""
    text = message.lower()
    if "no space left on device" in text:
        return "a namespace limit is used up or 0; `sysctl user | grep namespaces` shows them, raise the one that is 0"
    if "mount /proc failed" in text or "mount proc failed" in text:
        return f"/proc is masked here; {IN_CONTAINER}"
    if "unknown device type" in text or "not supported" in text:
        return "the kernel has no bridge or veth device; `sudo modprobe -a bridge veth`"
    if "operation not permitted" in text or "permission denied" in text:
        return _switched_off()
    return f"the kernel refuses namespaces; {IN_CONTAINER}; as root it may work too"


def _switched_off() -> str:
    for name, wanted in (
        ("kernel.apparmor_restrict_unprivileged_userns", "0"),
        ("kernel.unprivileged_userns_clone", "1"),
    ):
        file = Path("/proc/sys") / name.replace(".", "/")
        if file.exists() and file.read_text().strip() != wanted:
            return f"user namespaces are switched off; `sudo sysctl -w {name}={wanted}`, or run as root"
    return f"user namespaces are not permitted; {IN_CONTAINER}; on a plain machine run as root"


def _system() -> Finding:
    seen = f"{platform.system()} {platform.machine()}"
    holds = platform.system() == "Linux" and platform.machine() in ("x86_64", "aarch64")
    fix = "a rehearsal needs Linux on x86-64 or arm64; on macOS and Windows use a Linux virtual machine or WSL 2"
    return Finding("system", holds, seen if holds else f"{seen}: {fix}")


def _python() -> Finding:
    holds = sys.version_info >= (3, 11)
    return Finding("python", holds, platform.python_version() + ("" if holds else ": expected 3.11 or newer"))


def _programs() -> Iterator[Finding]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for program, package in PROGRAMS.items():
        found = shutil.which(program, path=path)
        yield Finding(program, found is not None, found or f"not on PATH; install the package {package}")


def _memory() -> Finding:
    free = 0
    for line in Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").exists() else []:
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    detail = f"{free >> 20} MiB available"
    needed = "a rehearsal with the demo takes up to 4 GiB; end other programs, or use a machine with more"
    return Finding("memory", free >= MEMORY, detail if free >= MEMORY else f"{detail}; {needed}")


def _disk(state: Path) -> Finding:
    folder = next(parent for parent in (state, *state.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free >> 30} GiB free in {folder}"
    return Finding("disk", free >= DISK, detail if free >= DISK else f"{detail}; a rehearsal takes up to 2 GiB")


def _path(state: Path) -> Finding:
    """The kernel takes short paths only for sockets, and a rehearsal has some in its folder."""
    length = len(os.fsencode(state)) + SOCKET
    detail = f"{state}: {length} characters with a socket in it"
    fix = f"{detail}, {LONGEST_SOCKET} are the most; move the clone, or set REHEARSAL_ROOT to a shorter folder"
    return Finding("path", length <= LONGEST_SOCKET, detail if length <= LONGEST_SOCKET else fix)


def _namespaces() -> Finding:
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"}
    try:
        done = subprocess.run(
            [*UNSHARE, "sh", "-c", PROBE], capture_output=True, text=True, timeout=20, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("namespaces", False, f"{error}")
    if done.returncode == 0 and "fine" in done.stdout:
        return Finding("namespaces", True, "user, network, mount, pid, ipc and uts namespaces, bridge and veth")
    said = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return Finding("namespaces", False, f"{said}: {explain(said)}")
