"""The Node object: registered, kept alive, and as large as the rehearsal pretends."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import platform
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from rehearsal.api import Api, ApiError
from rehearsal.cluster import NODE_IP, NODE_NAME
from rehearsal.node.faults import node_full
from rehearsal.node.records import now
from rehearsal.node.runtime import Runtime

Obj = dict[str, Any]
log = logging.getLogger(__name__)
PORT = 10250
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NODE_NAME}"
LEASE_SECONDS, EVERY, STATUS_EVERY = 40, 10.0, 240.0
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
ROLES = ("control-plane", "master", "worker")
PODS = "250"
HEALTHY = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}


class Node:
    """Our Node, its Lease and its status."""

    def __init__(self, runtime: Runtime, platform_api: Api) -> None:
        self._runtime, self._platform = runtime, platform_api
        self._version = ""

    async def register(self) -> None:
        """The Node exists, ready and with its roles."""
        api = self._runtime.api
        self._version = (await api.get("/version"))["gitVersion"]
        labels = {
            "kubernetes.io/hostname": NODE_NAME,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": ARCHITECTURES.get(platform.machine(), platform.machine()),
        }
        if await api.find(f"/api/v1/nodes/{NODE_NAME}") is None:
            await api.create("/api/v1/nodes", {"metadata": {"name": NODE_NAME, "labels": labels}})
        await self.report()
        roles = {f"node-role.kubernetes.io/{role}": "" for role in ROLES}  # a node may not give itself a role
        await self._platform.patch(f"/api/v1/nodes/{NODE_NAME}", {"metadata": {"labels": {**labels, **roles}}})
        await self._renew()

    async def report(self) -> None:
        """The Node's status is fresh."""
        node = await self._runtime.api.get(f"/api/v1/nodes/{NODE_NAME}")
        body = {"status": node_status(node, self._runtime.allocatable, node_full(self._runtime.faults), self._version)}
        await self._runtime.api.patch(f"/api/v1/nodes/{NODE_NAME}/status", body)

    async def run(self) -> None:
        """Heartbeats for ever; a fault that is switched shows at once."""
        reported = asyncio.get_running_loop().time()
        while True:
            changed = True
            try:
                async with asyncio.timeout(EVERY):
                    await self._runtime.faults.changed()
            except TimeoutError:
                changed = False
            try:
                await self._renew()
                if changed or asyncio.get_running_loop().time() - reported > STATUS_EVERY:
                    await self.report()
                    reported = asyncio.get_running_loop().time()
            except (ApiError, OSError, TimeoutError, aiohttp.ClientError) as error:
                log.info("heartbeat: %s", error)

    async def _renew(self) -> None:
        moment = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": NODE_NAME, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": moment}
        try:
            await self._runtime.api.patch(LEASE, {"spec": spec})
        except ApiError as error:
            if error.code != 404:
                raise
            await self._runtime.api.create(LEASE.rpartition("/")[0], {"metadata": {"name": NODE_NAME}, "spec": spec})


def node_status(node: Obj, allocatable: Mapping[str, str], full: Mapping[str, str] | None, version: str) -> Obj:
    """What a kubelet would say of itself; capacity is a pretence, and so is a full node."""
    size = {"cpu": allocatable["cpu"], "memory": allocatable["memory"], "ephemeral-storage": "100Gi", "pods": PODS}
    old = {item["type"]: item for item in (node.get("status") or {}).get("conditions") or ()}
    return {
        "capacity": size,
        "allocatable": {**size, **(full or {})},
        "conditions": [_condition(kind, old.get(kind)) for kind in HEALTHY],
        "addresses": [{"type": "InternalIP", "address": NODE_IP}, {"type": "Hostname", "address": NODE_NAME}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": PORT}},
        # the API server then hands WebSockets through to us, and does not ask for SPDY
        "declaredFeatures": ["ExtendWebSocketsToKubelet"],
        "nodeInfo": {
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "bootID": _read("/proc/sys/kernel/random/boot_id") or str(uuid.uuid4()),
            "containerRuntimeVersion": "rehearsal://1",
            "kernelVersion": os.uname().release,
            "kubeProxyVersion": "",
            "kubeletVersion": version,
            "machineID": uuid.uuid5(uuid.NAMESPACE_DNS, NODE_NAME).hex,
            "operatingSystem": "linux",
            "osImage": "Rehearsal (processes on one machine)",
            "systemUUID": str(uuid.uuid5(uuid.NAMESPACE_DNS, NODE_NAME)),
        },
    }


def _condition(kind: str, old: Obj | None) -> Obj:
    status, reason, message = HEALTHY[kind]
    since = old["lastTransitionTime"] if old and old.get("status") == status else now()
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": now(),
        "lastTransitionTime": since,
    }


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
