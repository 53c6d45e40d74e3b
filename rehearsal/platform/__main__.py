"""The platform process: `python -m rehearsal.platform <state folder>`."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from aiohttp import web

from rehearsal.api import Api
from rehearsal.cluster import NODE_IP, Cluster
from rehearsal.fault_file import FaultFile
from rehearsal.platform import git_http, route_defaults
from rehearsal.platform.ca_bundles import Bundles
from rehearsal.platform.login.part import LoginPart
from rehearsal.platform.namespaces import settle as settle_namespaces
from rehearsal.platform.network import Network
from rehearsal.platform.ports import GIT_PORT
from rehearsal.platform.service_ca import ServingCertificates
from rehearsal.platform.watching import Cache, reconcile


async def run(root: Path) -> None:
    """Everything is served until the process is ended."""
    cluster = Cluster.load(root)
    async with Api.from_kubeconfig(cluster.inner_kubeconfig("platform")) as api:
        faults = FaultFile(cluster.faults_file)
        login = LoginPart(api, cluster)
        network = Network(api, cluster, faults, login)
        await route_defaults.install(api)
        await _serve_git(cluster)
        work = [faults.run(), *await login.start(), *await network.start(), *_controllers(api, cluster, network)]
        async with asyncio.TaskGroup() as group:  # one that ends takes all with it: the supervisor starts us anew
            tasks = [group.create_task(_forever(each)) for each in work]
            await network.dataplane.configured.wait()
            cluster.ready_file("platform").touch()
            await asyncio.wait(tasks)


def _controllers(api: Api, cluster: Cluster, network: Network) -> list[Awaitable[Any]]:
    """What OpenShift's controllers do beside the network."""
    namespaces = Cache(api, "/api/v1/namespaces")
    certificates = ServingCertificates(api, cluster, network.services)
    bundles = Bundles(api, cluster, namespaces)
    caches = [namespaces, certificates.secrets, *bundles.caches]
    return [
        *(cache.run() for cache in caches),
        reconcile("namespaces", (namespaces,), lambda: settle_namespaces(api, namespaces)),
        reconcile("serving certificates", (network.services, certificates.secrets), certificates.settle),
        reconcile("CA bundles", (namespaces, *bundles.caches), bundles.settle),
    ]


async def _serve_git(cluster: Cluster) -> None:
    runner = web.AppRunner(git_http.application(cluster.git), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, NODE_IP, GIT_PORT).start()


async def _forever(work: Awaitable[Any]) -> None:
    await work
    raise RuntimeError("work that never ends has ended")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(run(Path(sys.argv[1])))
