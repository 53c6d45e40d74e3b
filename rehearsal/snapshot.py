"""Copies of a whole cluster: `snapshot NAME` keeps one, `up --from NAME` begins with it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rehearsal import processes
from rehearsal.cluster import NAME_RULE, Cluster, RehearsalError, free_port, home, root_of
from rehearsal.lifecycle import hold, remove

# what a cluster is; the rest of its folder belongs to one run of it
KEPT = ("cluster.json", "pki", "etcd", "volumes", "git", "faults.json", "kubeadmin-password", "workshop-passwords.json")


def folder(name: str) -> Path:
    """Where the snapshot of this name is kept."""
    if not NAME_RULE.fullmatch(name):
        raise RehearsalError(f"snapshot '{name}': expected up to 32 letters a-z, digits and '-'", code=2)
    return home() / "snapshots" / name


def take(name: str, to: str) -> Path:
    """The rehearsal's data as of one moment are in the snapshot, which replaces an older one; the rehearsal goes on."""
    cluster, target = Cluster.load(root_of(name)), folder(to)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft, old = target.with_name(f".{to}.draft"), target.with_name(f".{to}.old")
    for leftover in (draft, old):
        if leftover.exists():
            remove(leftover)
    draft.mkdir(mode=0o700)
    try:
        with hold(cluster.root), _standing_still(cluster):
            _copy(cluster.root, draft)
    except BaseException:
        remove(draft)
        raise
    if target.exists():
        target.rename(old)
    draft.rename(target)
    if old.exists():
        remove(old)
    return target


def restore(snapshot: str, name: str) -> Cluster:
    """A new, stopped rehearsal with the snapshot's data and identity, on ports of its own."""
    source, root = folder(snapshot), root_of(name)
    if not (source / "cluster.json").exists():
        known = sorted(path.name for path in source.parent.glob("[a-z0-9]*")) if source.parent.exists() else []
        raise RehearsalError(f"no snapshot '{snapshot}'; there are: {', '.join(known) or 'none'}", code=2)
    with hold(root):
        if (root / "cluster.json").exists():
            hint = f"`make rehearsal-down REHEARSAL={name}` first, or choose another REHEARSAL name"
            raise RehearsalError(f"rehearsal '{name}' exists already, a snapshot makes a new one; {hint}", code=2)
        for item in KEPT[1:]:  # leftovers of a restore that was killed
            if (leftover := root / item).is_dir():
                remove(leftover)
            else:
                leftover.unlink(missing_ok=True)
        _copy(source, root, KEPT[1:])
        api = free_port()
        cluster = replace(Cluster.load(source), name=name, root=root, api_port=api, proxy_port=free_port(besides=api))
        cluster.save()  # last, as without cluster.json the folder counts as a leftover
        return cluster


@contextlib.contextmanager
def _standing_still(cluster: Cluster) -> Iterator[None]:
    """No process of the cluster runs meanwhile, so that etcd, volumes and Git are of the same moment.

    A file written before the freeze is in the page cache and thus in the copy; etcd starts from it as after a crash.
    """
    outers = processes.find(cluster.root)
    try:
        for outer in outers:
            processes.freeze(outer)
        yield
    finally:
        for outer in outers:
            processes.thaw(outer)


def _copy(source: Path, target: Path, items: tuple[str, ...] = KEPT) -> None:
    present = [str(source / item) for item in items if (source / item).exists()]
    command = ["cp", "--archive", "--reflink=auto", "--sparse=always", "--", *present, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        free = shutil.disk_usage(target).free >> 20
        raise RehearsalError(f"copying {source} to {target} failed ({free} MiB free): {done.stderr.strip()}")
