"""Leader election by a Lease: of several replicas one reconciles."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime, timedelta

import aiohttp

from rehearsal.api import Api, ApiError, Obj

# the product has 15: on a crowded machine a leader would lose its lease and restart, and one unready replica of three
# makes OLM report Failed and then install again (NeedsReinstall)
LEASE_SECONDS = 60
RETRY_SECONDS = 2


def holder() -> str:
    """The name of this replica."""
    return os.environ.get("HOSTNAME") or socket.gethostname()


async def lead(api: Api, namespace: str, name: str) -> None:
    """Returns once this replica leads."""
    while not await tried(api, namespace, name):
        await asyncio.sleep(RETRY_SECONDS)


async def keep(api: Api, namespace: str, name: str) -> None:
    """Renews the Lease; returns when it was lost to another replica or could not be renewed in time."""
    renewed = datetime.now(UTC)
    while datetime.now(UTC) - renewed < timedelta(seconds=LEASE_SECONDS):
        await asyncio.sleep(RETRY_SECONDS)
        mine = await tried(api, namespace, name)
        if mine is False:
            return
        if mine:
            renewed = datetime.now(UTC)


async def tried(api: Api, namespace: str, name: str) -> bool | None:
    """Whether the Lease is ours after trying; None where the API server did not say."""
    try:
        return await take(api, namespace, name)
    except (ApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
        # a replica that ended here would be unready for a moment, and OLM would install the operator again
        print(f"lease not renewed: {error!r}", flush=True)
        return None


async def take(api: Api, namespace: str, name: str) -> bool:
    """Whether the Lease is ours after trying."""
    collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec: Obj = {"holderIdentity": holder(), "leaseDurationSeconds": LEASE_SECONDS, "renewTime": stamp}
    found = await api.find(f"{collection}/{name}")
    try:
        if found is None:
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}}
            await api.create(collection, {**body, "spec": {**spec, "acquireTime": stamp, "leaseTransitions": 0}})
            return True
        current = found.get("spec") or {}
        mine = current.get("holderIdentity") == holder()
        if not mine and not expired(current):
            return False
        changed = {**current, **spec} if mine else {**current, **spec, "acquireTime": stamp}
        await api.replace(f"{collection}/{name}", {**found, "spec": changed})
    except ApiError as error:
        if error.code == 409:  # another replica was faster
            return False
        raise
    return True


async def give_up(api: Api, namespace: str, name: str) -> None:
    """The Lease is free for the next replica at once."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"
    found = await api.find(path)
    if found and (found.get("spec") or {}).get("holderIdentity") == holder():
        await api.patch(path, {"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}})


def expired(spec: Obj) -> bool:
    """Whether the Lease's holder has let it run out.

    >>> expired({"holderIdentity": ""})
    True
    """
    if not spec.get("holderIdentity") or not spec.get("renewTime"):
        return True
    renewed = datetime.fromisoformat(spec["renewTime"].replace("Z", "+00:00"))
    return datetime.now(UTC) - renewed > timedelta(seconds=spec.get("leaseDurationSeconds", LEASE_SECONDS))
