"""Gives a cluster OpenShift's kinds, objects, OLM and catalogs: one shot, safe to run again."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rehearsal.api import Api
from rehearsal.cluster import Cluster
from rehearsal.payload import catalogs, kinds, login, olm, openshift

Step = Callable[[Api, Cluster], Awaitable[None]]
STEPS: tuple[tuple[str, Step], ...] = (
    ("kinds", kinds.install),
    ("openshift", openshift.install),
    ("login", login.install),
    ("olm", olm.install),
    ("catalogs", catalogs.install),
    ("served", catalogs.served),
)


async def main(root: Path) -> None:
    """Afterwards every step was done; the log tells how long each took."""
    cluster = Cluster.load(root)
    async with Api.from_kubeconfig(cluster.inner_kubeconfig("admin")) as api:
        for name, step in STEPS:
            started = time.monotonic()
            await step(api, cluster)
            print(f"{name}: {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
