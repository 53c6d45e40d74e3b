"""One run at a time: a Lease that the second run finds, and that a killed run leaves to expire."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bootstrap.errors import Conflict, DemoError, GuardError, NotFound
from bootstrap.kube.client import Client
from bootstrap.kube.objects import LABELS, Obj, Ref, dig

NAMESPACE = "serving-demo-record"
SPACE = Ref("v1", "Namespace", None, NAMESPACE)
LEASE = Ref("coordination.k8s.io/v1", "Lease", NAMESPACE, "serving-demo")
BOOT = Path("/proc/sys/kernel/random/boot_id")
RENEWALS = 3  # in the time that a Lease lasts
SLACK = 5.0  # seconds by which a renewal may be late
FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


def ensure_space(client: Client) -> None:
    """Make the record's namespace, where it is not there yet."""
    if client.find(SPACE) is None:
        meta = {"name": NAMESPACE, "labels": LABELS}
        with contextlib.suppress(Conflict):  # another run was faster
            client.create({"apiVersion": SPACE.api_version, "kind": SPACE.kind, "metadata": meta})


@contextlib.contextmanager
def exclusive(client: Client, *, holder: str, seconds: int = 60) -> Iterator[None]:
    """Hold the Lease against two runs for as long as the block lasts; GuardError names the other run."""
    holder = f"{holder} on {this_machine()}, process {os.getpid()}"
    _take(client, holder, seconds)
    stopped, lost = threading.Event(), threading.Event()
    renewal = threading.Thread(target=_renew, args=(client, holder, seconds, stopped.wait, lost), daemon=True)
    renewal.start()
    try:
        yield
    except KeyboardInterrupt:
        if not lost.is_set():
            raise
        raise GuardError(
            "another run took this cluster over, because this one had given no sign of life for a minute; wait until "
            "that one is done, then run this again"
        ) from None
    finally:
        stopped.set()
        _release(client, holder)


def _take(client: Client, holder: str, seconds: int) -> None:
    """Take the Lease, a new one or one that nobody renews any more."""
    now = _now()
    spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds, "acquireTime": now, "renewTime": now}
    live = client.find(LEASE)
    try:
        if live is None:
            ensure_space(client)
            meta = {"name": LEASE.name, "namespace": NAMESPACE, "labels": LABELS}
            client.create({"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": meta, "spec": spec})
        elif other := _holder(live) or _alive(client, live):
            raise GuardError(
                f"another run is at work on this cluster: {other}; wait until it is done (one that was killed "
                f"is forgotten {dig(live, 'spec', 'leaseDurationSeconds')} s after its last sign of life)"
            )
        else:
            client.replace({**live, "spec": spec})
    except Conflict as error:
        raise GuardError("another run has just started on this cluster; wait until it is done") from error


def _holder(lease: Obj) -> str | None:
    """Return who holds a Lease now; one that is released or too old holds nobody."""
    holder = dig(lease, "spec", "holderIdentity")
    renewed = dig(lease, "spec", "renewTime")
    if not holder or not renewed or _killed(holder):
        return None
    age = datetime.now(UTC) - datetime.strptime(renewed, FORM).replace(tzinfo=UTC)
    fresh = age < timedelta(seconds=_lasts(lease))
    return f"{holder} (last sign of life {max(0, age.total_seconds()):.0f} s ago)" if fresh else None


def _alive(client: Client, lease: Obj) -> str | None:
    """Return who holds a Lease that looks too old, where it is renewed all the same: by a clock that is behind ours."""
    holder, renewed = dig(lease, "spec", "holderIdentity"), dig(lease, "spec", "renewTime")
    if not holder or _killed(holder):
        return None
    end = time.monotonic() + _lasts(lease) / RENEWALS + SLACK
    while time.monotonic() < end:
        time.sleep(1)
        now = client.find(LEASE)
        if dig(now, "spec", "holderIdentity") != holder:
            return None
        if dig(now, "spec", "renewTime") != renewed:
            return f"{holder} (its clock differs from the one here)"
    return None


def _lasts(lease: Obj) -> float:
    return float(dig(lease, "spec", "leaseDurationSeconds", default=60))


def this_machine() -> str:
    """Return this machine's name with what tells it from others of that name: two laptops may both be `fedora`."""
    try:
        boot = BOOT.read_text().strip()
    except OSError:
        boot = f"{uuid.getnode():x}"  # no Linux
    return f"{socket.gethostname()} ({boot[:8]})"


def _killed(holder: str) -> bool:
    """Say whether a holder was a process of this machine that is no more: nobody has to wait for it."""
    where, _, pid = holder.rpartition(", process ")
    if not where.endswith(f" on {this_machine()}") or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _renew(client: Client, holder: str, seconds: int, stopped: Callable[[float], bool], lost: threading.Event) -> None:
    while not stopped(seconds / RENEWALS):
        try:
            live = client.find(LEASE)
            if live is None:
                return  # teardown has taken it along
            if dig(live, "spec", "holderIdentity") != holder:
                lost.set()
                os.kill(os.getpid(), signal.SIGINT)  # as by Ctrl-C: Ansible is stopped too
                return
            client.replace({**live, "spec": {**live["spec"], "renewTime": _now()}})
        except DemoError:
            continue  # the next round tries again; until then the Lease still lasts


def _release(client: Client, holder: str) -> None:
    """Give the Lease back, so that the next run need not wait for it to expire."""
    try:
        live = client.get(LEASE)
        if dig(live, "spec", "holderIdentity") == holder:
            client.replace({**live, "spec": {**live["spec"], "holderIdentity": ""}})
    except (NotFound, Conflict):
        pass  # teardown took it along with its namespace


def _now() -> str:
    return datetime.now(UTC).strftime(FORM)
