"""`python -m rehearsal.operators.model_controller`: what the product does around InferenceServices."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from rehearsal.api import Api, ApiError, Obj
from rehearsal.operators import admission
from rehearsal.operators.model_controller import ca_bundle, routes, storage_config, webhooks
from rehearsal.operators.openshift_ai import leader
from rehearsal.operators.openshift_ai.loop import Loop
from rehearsal.operators.world import World

ISVC = ("serving.kserve.io/v1beta1", "InferenceService")
RUNTIME = ("serving.kserve.io/v1alpha1", "ServingRuntime")
ROUTE = ("route.openshift.io/v1", "Route")
FINALIZER = "odh.inferenceservice.finalizers"
LEASE = "odh-model-controller.opendatahub.io"
MESH_ACCOUNT = "modelmesh-serving-sa"


class ModelController:
    """The controller of one version."""

    def __init__(self, api: Api, era: str) -> None:
        self.api, self.era = api, era
        self.world = World(api, "odh-model-controller")
        self.loop = Loop(self.world, self.reconcile)

    async def reconcile(self) -> None:
        """One pass over all InferenceServices; the trouble of one does not hold up the others."""
        services = await self.world.list(*ISVC)
        for isvc in services:
            try:
                await self._one(isvc, services)
            except ApiError as error:
                meta = isvc["metadata"]
                print(f"inferenceservice {meta['namespace']}/{meta['name']}: {error}", flush=True)
        if self.era != "3.4":
            await self._mesh_accounts(services)

    async def _one(self, isvc: Obj, others: list[Obj]) -> None:
        if "deletionTimestamp" in isvc["metadata"]:
            await self._finish(isvc, others)
            return
        if self.era != "2.8" and FINALIZER not in (isvc["metadata"].get("finalizers") or []):
            finalizers = [*(isvc["metadata"].get("finalizers") or []), FINALIZER]
            patch = {"finalizers": finalizers, "resourceVersion": isvc["metadata"]["resourceVersion"]}
            await self.world.patch(isvc, {"metadata": patch})
        mode = routes.mode(isvc)
        if mode == "ModelMesh" and self.era != "3.4":
            await self._mesh(isvc)
        elif mode == "RawDeployment" and self.era != "2.8":  # 2.8 does nothing for raw deployments
            await self._raw(isvc)

    async def _finish(self, isvc: Obj, others: list[Obj]) -> None:
        finalizers = isvc["metadata"].get("finalizers") or []
        if FINALIZER not in finalizers:
            return
        if routes.wants_auth(isvc):
            binding = routes.auth_binding(isvc)
            alive = [item for item in others if item is not isvc and routes.wants_auth(item)]
            if not any(routes.auth_binding(item) == binding for item in alive):
                self.world.seen(binding, gone=True)
                await self.world.delete(binding)
        kept = [item for item in finalizers if item != FINALIZER]
        patch = {"finalizers": kept or None, "resourceVersion": isvc["metadata"]["resourceVersion"]}
        await self.world.patch(isvc, {"metadata": patch})

    async def _raw(self, isvc: Obj) -> None:
        meta = isvc["metadata"]
        if routes.wants_auth(isvc):
            await self.world.apply(routes.auth_binding(isvc))
        part = "transformer" if (isvc.get("spec") or {}).get("transformer") else "predictor"
        service = await self.world.find("v1", "Service", f"{meta['name']}-{part}", meta["namespace"])
        wanted = routes.route(isvc, service) if service and routes.exposed(isvc) else None
        if wanted is not None:
            await self.world.apply(wanted)
        elif not routes.exposed(isvc):
            await self._drop_route(isvc)
        model = ((isvc.get("spec") or {}).get("predictor") or {}).get("model") or {}
        runtime = None
        if model.get("runtime"):
            runtime = await self.world.find(*RUNTIME, model["runtime"], meta["namespace"])
        monitored = await self.world.serves("monitoring.coreos.com/v1", "ServiceMonitor")
        found = routes.metrics(isvc, runtime)
        await self.world.apply_all(item for item in found if monitored or item["kind"] != "ServiceMonitor")

    async def _mesh(self, isvc: Obj) -> None:
        meta = isvc["metadata"]
        name = (((isvc.get("spec") or {}).get("predictor") or {}).get("model") or {}).get("runtime", "")
        runtime = await self.world.find(*RUNTIME, name, meta["namespace"]) if name else None
        if name and runtime is None:
            raise ApiError(404, f'ServingRuntime "{name}" not found')
        if runtime is not None and routes.notes_of(runtime).get("enable-route", "").lower() == "true":
            await self.world.apply(routes.mesh_route(isvc, runtime, self.era))
        else:
            await self._drop_route(isvc)

    async def _drop_route(self, isvc: Obj) -> None:
        """A Route that is no longer wanted goes, if it is the InferenceService's own."""
        meta = isvc["metadata"]
        found = await self.world.find(*ROUTE, meta["name"], meta["namespace"])
        owners = ((found or {}).get("metadata") or {}).get("ownerReferences") or []
        if found is not None and any(owner["uid"] == meta["uid"] for owner in owners):
            self.world.seen(found, gone=True)
            await self.world.delete(found)

    async def _mesh_accounts(self, services: list[Obj]) -> None:
        """Namespaces with models on ModelMesh have the ServiceAccount of its pods, and others lose it."""
        used = {
            item["metadata"]["namespace"]
            for item in services
            if routes.mode(item) == "ModelMesh" and "deletionTimestamp" not in item["metadata"]
        }
        label = {"app.kubernetes.io/managed-by": "odh-model-controller"}
        for space in used:
            meta = {"name": MESH_ACCOUNT, "namespace": space, "labels": label}
            wanted: Obj = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
            await self.world.apply_all([wanted, routes.delegator(space, MESH_ACCOUNT)])
        selector = "app.kubernetes.io/managed-by=odh-model-controller"
        for account in await self.world.list("v1", "ServiceAccount", labelSelector=selector):
            space = account["metadata"]["namespace"]
            if space not in used:
                for item in (account, routes.delegator(space, MESH_ACCOUNT)):
                    self.world.seen(item, gone=True)
                    await self.world.delete(item)

    async def lead(self) -> None:
        """Wait for the Lease, then reconcile."""
        await leader.lead(self.api, os.environ["POD_NAMESPACE"], LEASE)
        follow = self.loop.follow
        work = [follow(*kind) for kind in (ISVC, RUNTIME)]
        work += [follow(*ROUTE, labelSelector="inferenceservice-name")]
        work += [follow("v1", "Service", labelSelector="serving.kserve.io/inferenceservice")]
        work += [self.loop.run(), storage_config.follow(self.world, self.era)]
        if self.era != "2.8":  # which makes it from certificates of its own settings alone
            work += [ca_bundle.follow(self.world, self.era, name) for name in ca_bundle.SOURCES]
        work += [leader.keep(self.api, os.environ["POD_NAMESPACE"], LEASE)]
        done, pending = await asyncio.wait([asyncio.create_task(item) for item in work], return_when="FIRST_COMPLETED")
        for task in pending:
            task.cancel()
        for task in done:
            task.result()


async def main() -> int:
    """Serve and lead until stopped."""
    era = ".".join(os.environ.get("VERSION", "3.4").split(".")[:2])
    os.environ.setdefault("POD_NAMESPACE", "redhat-ods-applications")
    ready = False
    async with Api.in_cluster() as api:
        controller = ModelController(api, era)
        runners = [await admission.probes(lambda: ready)]
        if era != "2.8":
            runners.append(await admission.serve(admission.application(webhooks.handlers(controller.world, era))))
        ready = True
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        leading, stopping = asyncio.create_task(controller.lead()), asyncio.create_task(stop.wait())
        await asyncio.wait([leading, stopping], return_when=asyncio.FIRST_COMPLETED)
        if leading.done():
            leading.result()
        leading.cancel()
        await leader.give_up(api, os.environ["POD_NAMESPACE"], LEASE)
        for runner in runners:
            await runner.cleanup()
    return 0 if stop.is_set() else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
