"""The parts of a rehearsal as one ordered list: what each runs, what it needs first, how it says that it is ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal import control_plane
from rehearsal.cluster import API_PORT, Cluster
from rehearsal.control_plane import ETCD_URL, Tool

TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "dataplane")
LEFT_OUT = "REHEARSAL_WITHOUT"  # names of parts that a developer leaves out: node,payload


@dataclass(frozen=True, slots=True)
class Part:
    """One process that the supervisor starts and keeps."""

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    url: str = ""  # ready when this answers 200; without it, when run/<name>.ready exists
    once: bool = False  # runs to its end; ready when it ended well
    descriptors: tuple[int, ...] = ()  # inherited open sockets
    grace: float = 3.0  # seconds between SIGTERM and SIGKILL
    stop_order: int = 0  # lower numbers stop first, equal ones together
    environment: Mapping[str, str] = field(default_factory=dict)


def parts(cluster: Cluster, tool: Tool, api_fd: int, proxy_fd: int) -> list[Part]:
    """Every part, in the order of their start."""
    api = ("kube-apiserver",)
    return [
        Part("etcd", control_plane.etcd(cluster, tool), url=f"{ETCD_URL}/health", grace=5.0, stop_order=3),
        Part(
            "kube-apiserver",
            control_plane.apiserver(cluster, tool),
            needs=("etcd",),
            url=f"https://127.0.0.1:{API_PORT}/readyz",
            grace=1.5,  # it drains watches for up to a minute; etcd has what it wrote
            stop_order=2,
        ),
        Part(
            "kube-controller-manager",
            control_plane.controller_manager(cluster, tool),
            needs=api,
            url="https://127.0.0.1:10257/healthz",
            stop_order=1,
        ),
        Part(
            "kube-scheduler",
            control_plane.scheduler(cluster, tool),
            needs=api,
            url="https://127.0.0.1:10259/healthz",
            stop_order=1,
        ),
        Part(
            "dataplane",
            (str(tool("dataplane")), "--root", str(cluster.root), "--api-fd", str(api_fd), "--proxy-fd", str(proxy_fd)),
            needs=api,
            descriptors=(api_fd, proxy_fd),
            stop_order=1,
        ),
        Part("platform", _module("rehearsal.platform", cluster), needs=api, stop_order=1),
        Part("node", _module("rehearsal.node", cluster), needs=api, grace=8.0),
        Part("payload", _module("rehearsal.payload", cluster), needs=("platform",), once=True),
    ]


def wanted(every: list[Part], left_out: str | None = None) -> list[Part]:
    """The parts to run: all, but for the names that a developer left out."""
    names = {name for name in (left_out or "").split(",") if name}
    return [part for part in every if part.name not in names]


def environment(outside: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a part inherits: no proxy, kubeconfig or CA setting of the person who typed `up`."""
    kept = ("HOME", "USER", "LANG", "XDG_CACHE_HOME")
    path = ":".join([outside.get("PATH", ""), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]).lstrip(":")
    return {
        **{name: outside[name] for name in kept if name in outside},
        "PATH": path,
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "PYTHONUNBUFFERED": "1",
    }


def _module(name: str, cluster: Cluster) -> tuple[str, ...]:
    return (sys.executable, "-m", name, str(cluster.root))
