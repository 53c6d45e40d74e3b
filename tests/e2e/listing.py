"""Everything in a cluster by discovery, without what the control plane counts and stamps, and two such compared."""

from __future__ import annotations

import difflib
import json
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bootstrap.errors import ApiError
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref
from bootstrap.kube.readiness import judge

# the control plane's own: made and changed at any time, whatever anybody does
NOT_LISTED = {"Event", "Endpoints", "EndpointSlice", "Lease", "PackageManifest", "APIRequestCount", "NodeMetrics"}
OWN_STATUS = {"HorizontalPodAutoscaler", "Namespace", "Node", "Pod"}  # kinds whose status is written at any time too
NOISE = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
# `instance.uid` is that of the component which the operator made anew; its stamp stays on a webhook that it leaves
COUNTED = {"observedGeneration", "resourceVersion", "uid", "lastUpdateTime", "lastTransitionTime"} | {
    "platform.opendatahub.io/instance.uid"
}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
WORKING = (
    ("operators.coreos.com/v1alpha1", "ClusterServiceVersion"),
    ("argoproj.io/v1beta1", "ArgoCD"),
    ("datasciencecluster.opendatahub.io/v1", "DataScienceCluster"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
)
PAUSE = 3.0  # between two looks; one takes a second

Listing = dict[str, str]

# what stays after a teardown on purpose: pattern over "kind.group namespace/name" -> reason
STAYS: Mapping[str, str] = {}


def listing(client: Client) -> Listing:
    """Every object that can be listed, by a name that sorts, as text without noise."""
    kinds = [one for one in client.discovery.everything() if one.kind not in NOT_LISTED]

    def of_kind(kind: Any) -> list[tuple[str, str]]:
        try:
            objects = client.list(kind.api_version, kind.kind)
        except ApiError as error:
            if error.status in (404, 405):
                return []
            raise
        group = kind.api_version.rpartition("/")[0]
        return [(name_of(kind.kind, group, obj), content(obj)) for obj in objects]

    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(sorted(pair for pairs in pool.map(of_kind, kinds) for pair in pairs))


def settled(client: Client, seconds: float = 300, quiet: float = 6) -> Listing:
    """The listing once operators have come to rest: each of them ready, and nothing changed for a while."""
    end, last, since = time.monotonic() + seconds, listing(client), time.monotonic()
    while time.monotonic() < end:
        time.sleep(PAUSE)
        now = listing(client)
        if now != last or unready(client):
            last, since = now, time.monotonic()
        elif time.monotonic() - since >= quiet:
            return now
    raise TimeoutError(f"the cluster has not come to rest within {seconds:g} s: {unready(client)}")


def unready(client: Client) -> list[str]:
    """What operators have not brought to its end yet, with the reason."""
    found = [obj for kind in WORKING for obj in client.list(*kind, label_selector="!olm.copiedFrom")]
    return [f"{Ref.of(obj)}: {verdict.reason}" for obj in found if not (verdict := judge(obj)).ready]


def returned(client: Client, before: Listing, seconds: float = 120, stays: Mapping[str, str] = STAYS) -> list[str]:
    """The difference to a listing, once controllers that go on have put right what they keep; empty is as it was."""
    end = time.monotonic() + seconds
    while (found := difference(before, listing(client), stays)) and time.monotonic() < end:
        time.sleep(PAUSE)
    return found


def restored(client: Client, before: Listing, seconds: float = 120) -> None:
    """The cluster is as it was; else the failure shows the difference."""
    if found := returned(client, before, seconds):
        raise AssertionError("\n".join(["the cluster is not as it was:", *found]))


def name_of(kind: str, group: str, obj: Obj) -> str:
    meta = obj["metadata"]
    return f"{kind}{'.' if group else ''}{group} {meta.get('namespace') or '-'}/{meta['name']}"


def content(obj: Obj) -> str:
    """The object as text, without what changes by itself."""
    meta = {key: value for key, value in obj["metadata"].items() if key not in NOISE}
    plain = {**obj, "metadata": meta}
    if obj["kind"] in OWN_STATUS or obj["kind"].endswith("Review"):
        plain.pop("status", None)
    elif (status := obj.get("status")) and isinstance(conditions := status.get("conditions"), list):
        # a controller moves one to the end when it turns, and turns it back later
        plain["status"] = {**status, "conditions": sorted(conditions, key=lambda one: str(one.get("type")))}
    return STAMP.sub("<time>", json.dumps(without_noise(plain), indent=1, sort_keys=True))


def without_noise(value: Any) -> Any:
    """The value without fields that count writes or name a run of a process."""
    if isinstance(value, dict):
        return {key: without_noise(one) for key, one in value.items() if key not in COUNTED}
    return [without_noise(one) for one in value] if isinstance(value, list) else value


def difference(before: Listing, after: Listing, stays: Mapping[str, str] = STAYS) -> list[str]:
    """What is gone, new or different, one line or diff each; what stays on purpose is left out."""

    def on_purpose(name: str) -> bool:
        return any(re.fullmatch(pattern, name) for pattern in stays)

    lines = [f"gone: {name}" for name in sorted(before.keys() - after.keys())]
    lines += [f"left: {name}" for name in sorted(after.keys() - before.keys()) if not on_purpose(name)]
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name] and not on_purpose(name):
            diff = difflib.unified_diff(before[name].splitlines(), after[name].splitlines(), lineterm="", n=1)
            lines.append("\n".join([f"changed: {name}", *list(diff)[2:]]))
    return lines
