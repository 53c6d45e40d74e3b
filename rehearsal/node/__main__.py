"""`python -m rehearsal.node <root>`: the node agent of the cluster in this state folder."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Any

from rehearsal import images
from rehearsal.api import Api
from rehearsal.cluster import Cluster
from rehearsal.fault_file import FaultFile
from rehearsal.node.agent import Agent
from rehearsal.node.children import Children
from rehearsal.node.events import Events
from rehearsal.node.node import Node
from rehearsal.node.pvc import Provisioner
from rehearsal.node.runtime import Runtime
from rehearsal.node.server import Server
from rehearsal.node.store import Store


async def serve(cluster: Cluster) -> None:
    """Pods run until SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    children = Children()
    children.watch()
    async with (
        Api.from_kubeconfig(cluster.inner_kubeconfig("node")) as api,
        Api.from_kubeconfig(cluster.inner_kubeconfig("platform")) as platform,
    ):
        store, events, faults = Store(platform), Events(api), FaultFile(cluster.faults_file)
        runtime = Runtime(cluster, api, store, children, events, faults, images.find)
        agent, node = Agent(runtime), Node(runtime, platform)
        await agent.clean()
        server = Server(agent)
        await server.start(cluster.pki)
        await node.register()
        provisioner = Provisioner(cluster, platform, store)
        jobs = (store, events, faults, node, provisioner, agent)
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(job.run()) for job in jobs]
        stop: asyncio.Task[Any] = asyncio.create_task(stopping.wait())
        cluster.ready_file("node").touch()
        done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
        await agent.stop()
        await server.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done - {stop}:
            task.result()  # a part of the agent ended, which is a bug: say so, the supervisor starts us again


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    asyncio.run(serve(Cluster.load(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
