"""The platform process: `python -m rehearsal.platform <state folder>`."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from rehearsal.api import Api
from rehearsal.cluster import Cluster
from rehearsal.platform import route_defaults
from rehearsal.platform.faults import Faults
from rehearsal.platform.network import Network


async def run(root: Path) -> None:
    """Everything is served until the process is ended."""
    cluster = Cluster.load(root)
    async with Api.from_kubeconfig(cluster.inner_kubeconfig("platform")) as api:
        faults = Faults(cluster.faults_file)
        network = Network(api, cluster, faults)
        await route_defaults.install(api)
        work = [faults.run(), *await network.start()]
        async with asyncio.TaskGroup() as group:  # one that ends takes all with it: the supervisor starts us anew
            tasks = [group.create_task(_forever(each)) for each in work]
            await network.dataplane.configured.wait()
            cluster.ready_file("platform").touch()
            await asyncio.wait(tasks)


async def _forever(work: Awaitable[Any]) -> None:
    await work
    raise RuntimeError("work that never ends has ended")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(run(Path(sys.argv[1])))
