"""From a Subscription to an operator that works: its CSV, also where OLM replaces that on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bootstrap.errors import WaitTimeout
from bootstrap.kube.client import Client
from bootstrap.kube.objects import LABELS, Obj, Ref, dig
from bootstrap.kube.record import Keeper
from bootstrap.kube.wait import Target, wait

CSV = "ClusterServiceVersion"


def csv_of(subscription: Obj) -> Ref | None:
    """Return the CSV that a Subscription wants to be at, once OLM has resolved it."""
    name = dig(subscription, "status", "currentCSV") or dig(subscription, "status", "installedCSV")
    return Ref("operators.coreos.com/v1alpha1", CSV, dig(subscription, "metadata", "namespace"), name) if name else None


def follow(
    client: Client,
    subscription: Ref,
    *,
    timeout: float,
    why: str,
    next_step: str | None = None,
    on_progress: Callable[[str], None] | None = None,
    record: dict[str, Any] | None = None,
) -> None:
    """Return once the CSV that the Subscription is at has succeeded; an operator of ours goes into the record."""
    end = time.monotonic() + timeout
    while True:
        csv = csv_of(client.get(subscription))
        if csv is None:
            raise WaitTimeout(f"{subscription} has no CSV although it counts as resolved; read its status.conditions")
        left = max(1.0, end - time.monotonic())
        wait(client, [Target(csv)], timeout=left, why=why, next_step=next_step, on_progress=on_progress)
        now = client.get(subscription)
        if csv_of(now) == csv:
            break
    labels = dig(now, "metadata", "labels", default={})
    if record is not None and all(labels.get(key) == value for key, value in LABELS.items()):
        Keeper(client, **record).installed(dig(now, "spec", "name"), csv.name)
