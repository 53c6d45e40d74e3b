"""The outer namespaces of a rehearsal: the command that enters new ones, and their set-up from within."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from rehearsal.cluster import (
    BRIDGE,
    CLUSTER_DOMAIN,
    DNS_IP,
    NODE_IP,
    NODE_NAME,
    ROUTER_IP,
    SERVICE_NETWORK,
    RehearsalError,
)

# SIGKILL of `unshare` ends everything inside; SIGTERM goes to its child, which is pid 1 inside
UNSHARE = (
    "unshare",
    *("--user", "--map-root-user", "--net", "--mount", "--pid", "--ipc", "--uts"),
    *("--fork", "--kill-child", "--mount-proc"),
)
ENTER = ("nsenter", "--preserve-credentials", "--user", "--net", "--mount", "--pid", "--ipc", "--uts")
PRIVATE = (Path("/tmp"), Path("/run"), Path("/dev/shm"))  # noqa: S108 - mount points, not files of ours
BRIDGE_ADDRESS = "02:00:0a:80:00:01"  # fixed, or it changes with the first pod and neighbours hold the old one

MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18

NETWORK = f"""\
link set lo up
link add {BRIDGE} address {BRIDGE_ADDRESS} type bridge forward_delay 0 stp_state 0
addr add {NODE_IP}/16 dev {BRIDGE}
addr add {ROUTER_IP}/32 dev {BRIDGE}
link set {BRIDGE} up
route add local {SERVICE_NETWORK} dev lo
"""
RESOLV_CONF = f"nameserver {DNS_IP}\nsearch svc.{CLUSTER_DOMAIN} {CLUSTER_DOMAIN}\noptions ndots:5\n"


def mount(source: str, target: Path, kind: str | None, flags: int, data: str | None = None) -> None:
    """The mount(2) call, failing with an error that names the target."""
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (source.encode(), os.fsencode(target), kind and kind.encode(), ctypes.c_ulong(flags))
    if libc.mount(*arguments, data and data.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def set_up_network() -> None:
    """The bridge carries the node's and the router's address, and every service address is local."""
    done = subprocess.run(["ip", "-batch", "-"], input=NETWORK, text=True, capture_output=True, timeout=20)
    if done.returncode != 0:
        raise RehearsalError(f"network set-up failed: {done.stderr.strip()}; `make rehearsal-check` says more")
    socket.sethostname(NODE_NAME)


def set_up_mounts(needed: Iterable[Path]) -> None:
    """The folders for temporary files are private and empty but for what is needed, and DNS is the cluster's."""
    mount("none", Path("/"), None, MS_REC | MS_PRIVATE)
    paths = outermost(needed)
    for private in PRIVATE:
        kept = {path: os.open(path, os.O_PATH) for path in paths if path.is_relative_to(private)}
        mount("tmpfs", private, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
        for path, descriptor in kept.items():
            path.mkdir(parents=True, exist_ok=True)
            mount(f"/proc/self/fd/{descriptor}", path, None, MS_BIND | MS_REC)
            os.close(descriptor)
    use_cluster_dns(Path("/etc/resolv.conf"))


def use_cluster_dns(resolv_conf: Path) -> None:
    """The resolver asks the cluster's DNS."""
    ours = Path("/run/rehearsal-resolv.conf")
    ours.write_text(RESOLV_CONF)
    target = resolv_conf.resolve()
    # on many machines a link into /run, which is ours and empty here; elsewhere a file would stay behind on the machine
    if any(target.is_relative_to(private) for private in PRIVATE):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    if not target.exists():
        raise RehearsalError(f"{target}: missing on this machine, so the cluster's DNS has no place; create it")
    mount(str(ours), target, None, MS_BIND)


def outermost(paths: Iterable[Path]) -> list[Path]:
    """The existing folders among these, without those that lie inside another one."""
    kept: list[Path] = []
    for path in sorted({path.resolve() for path in paths if path.exists()}):
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept
