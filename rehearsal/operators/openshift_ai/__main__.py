"""`python -m rehearsal.operators.openshift_ai`: webhooks in every replica, reconciling in the one that leads."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from rehearsal.api import Api, ApiError
from rehearsal.operators import admission
from rehearsal.operators.openshift_ai import (
    conversion,
    datasciencecluster,
    dsci,
    facts,
    initialization,
    leader,
    legacy,
    uninstall,
    webhooks,
)
from rehearsal.operators.openshift_ai.deploy import PART_OF
from rehearsal.operators.openshift_ai.loop import Loop
from rehearsal.operators.openshift_ai.versions import Version, version_of
from rehearsal.operators.openshift_ai.versions.version import OPERATOR_NAMESPACE
from rehearsal.operators.world import World

LEASE = "07ed84f7.opendatahub.io"
ATTEMPTS = 20  # to create the first DSCInitialization while the webhook's Service finds its endpoints
DEPLOYED = (
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("route.openshift.io/v1", "Route"),
    ("template.openshift.io/v1", "Template"),
)


class Operator:
    """The operator of one version on one cluster."""

    def __init__(self, api: Api, version: Version) -> None:
        self.api, self.version = api, version
        self.world = World(api, "rhods-operator")
        self.loop = Loop(self.world, self.reconcile)
        self.removing = False

    async def reconcile(self) -> None:
        """One pass over everything that this operator looks after."""
        self.removing = self.removing or await uninstall.asked(self.world)
        if self.removing:
            await uninstall.run(self.world, self.version)
            return
        known = await facts.gather(self.world, self.version)
        found = await dsci.reconcile(self.world, known)
        if found is not None:
            await dsci.trust(self.world, self.version)
        if self.version.era == "2.8":
            await legacy.reconcile(self.world, known, found)
        else:
            await datasciencecluster.reconcile(self.world, known, found)

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """Everything whose changes matter."""
        follow = self.loop.follow
        found = [follow(*datasciencecluster.kind_of(self.version)), follow(*dsci.kind_of(self.version))]
        found += [follow("v1", "Namespace"), follow("v1", "ConfigMap", labelSelector=uninstall.LABEL)]
        if self.version.era == "2.8":
            label = "app.kubernetes.io/part-of"
        else:
            label = PART_OF
            found += [follow(datasciencecluster.COMPONENTS, item.kind) for item in self.version.components]
        found += [follow(*kind, labelSelector=label) for kind in DEPLOYED]
        if self.version.era == "3.4":
            found.append(follow(initialization.SERVICES, "GatewayConfig"))
        if self.version.era != "3.4":
            found.append(legacy.generate_secrets(self.world))
        return found

    async def first_initialization(self) -> None:
        """DSCInitialization `default-dsci` exists, unless there is another or none is wanted."""
        setting = os.environ.get("DISABLE_DSC_CONFIG")
        # 2.8 looks only whether the variable is there, whatever it says
        if setting is not None and (self.version.era == "2.8" or setting.lower() != "false"):
            return
        for attempt in range(ATTEMPTS):
            try:
                if not await dsci.listed(self.world, self.version):
                    await self.world.create_once(initialization.default_dsci(self.version))
                return
            except ApiError as error:
                if attempt == ATTEMPTS - 1:
                    raise
                print(f"default-dsci: {error}", flush=True)
            await asyncio.sleep(1)

    async def lead(self) -> None:
        """Wait for the Lease, then reconcile until it is lost."""
        await leader.lead(self.api, OPERATOR_NAMESPACE, LEASE)
        print(f"leading as {leader.holder()}, OpenShift AI {self.version.number}", flush=True)
        await self.first_initialization()
        tasks = [self.loop.run(), *self.watches(), leader.keep(self.api, OPERATOR_NAMESPACE, LEASE)]
        await _first(tasks)


def connection() -> Api:
    """The API as the pod's ServiceAccount, or by KUBECONFIG where it is run by hand."""
    config = os.environ.get("KUBECONFIG")
    return Api.from_kubeconfig(Path(config)) if config else Api.in_cluster()


async def main() -> int:
    """Serve and lead until stopped."""
    name = os.environ.get("OPERATOR_CONDITION_NAME") or os.environ.get("VERSION", "3.4")
    version = version_of(name)
    ready = False
    async with connection() as api:
        operator = Operator(api, version)
        runners = [await admission.probes(lambda: ready)]
        if version.webhooks and os.environ.get("ENABLE_WEBHOOKS", "true") != "false":
            converter = conversion.convert if version.api == "v2" else None
            app = admission.application(webhooks.handlers(operator.world, version), converter)
            runners.append(await admission.serve(app))
        ready = True
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await _first([operator.lead(), stop.wait()])
        try:
            await leader.give_up(api, OPERATOR_NAMESPACE, LEASE)
        except ApiError as error:
            print(f"lease not given up: {error}", flush=True)  # with the namespace gone there is none
        for runner in runners:
            await runner.cleanup()
    return 0 if stop.is_set() else 1


async def _first(work: list[Coroutine[Any, Any, Any]]) -> None:
    """Runs all until the first ends, whose error is raised."""
    tasks = [asyncio.create_task(item) for item in work]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
