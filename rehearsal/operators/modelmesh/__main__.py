"""`python -m rehearsal.operators.modelmesh`: the controller, which runs runtimes and hands models to their pods."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import aiohttp

from rehearsal.api import Api, ApiError
from rehearsal.operators import admission
from rehearsal.operators.admission import YES, Decision
from rehearsal.operators.modelmesh import objects, status
from rehearsal.operators.openshift_ai import leader
from rehearsal.operators.openshift_ai.loop import Loop
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS
from rehearsal.operators.world import World

Obj = dict[str, Any]
ISVC = ("serving.kserve.io/v1beta1", "InferenceService")
RUNTIME = ("serving.kserve.io/v1alpha1", "ServingRuntime")
LEASE = "modelmesh-controller-leader-lock"
LOAD_SECONDS = 120
RESERVED_PORTS = {8032, 8033, 8080, 8443}


class Controller:
    """ModelMesh on one cluster."""

    def __init__(self, api: Api, session: aiohttp.ClientSession, puller_image: str) -> None:
        self.session, self.puller_image = session, puller_image
        self.world = World(api, "modelmesh-controller")
        self.loop = Loop(self.world, self.reconcile)
        self.served: dict[tuple[str, str], str] = {}  # namespace and InferenceService -> its runtime

    async def reconcile(self) -> None:
        """One pass over the namespaces that are labelled, and a farewell to those that no longer are."""
        namespaces = [
            item for item in await self.world.list("v1", "Namespace") if "deletionTimestamp" not in item["metadata"]
        ]
        for namespace in namespaces:
            if (namespace["metadata"].get("labels") or {}).get(objects.LABEL) == "true":
                await self._namespace(namespace)
            else:
                await self._leave(namespace["metadata"]["name"])

    async def _namespace(self, namespace: Obj) -> None:
        space = namespace["metadata"]["name"]
        await self.world.apply(objects.service(namespace))
        runtimes = {
            item["metadata"]["name"]: item for item in await self.world.list(*RUNTIME, space) if objects.is_mesh(item)
        }
        models = [item for item in await self.world.list(*ISVC, space) if _on_mesh(item)]
        chosen = {item["metadata"]["name"]: choose(item, runtimes) for item in models}
        if runtimes:
            source = await self.world.find("v1", "Secret", "model-serving-etcd", APPLICATIONS)
            if source is not None and space != APPLICATIONS:
                await self.world.apply(objects.etcd_secret(source, space))
        for name, runtime in runtimes.items():
            wanted = runtime["spec"].get("replicas") or objects.PODS_PER_RUNTIME
            used = any(item == name for item in chosen.values())
            await self.world.apply(objects.deployment(runtime, wanted if used else 0, self.puller_image))
        await self._forget(space, chosen)
        for isvc in models:
            await self._model(isvc, chosen[isvc["metadata"]["name"]])

    async def _leave(self, space: str) -> None:
        """A namespace that lost its label loses Service, Secret and runtimes."""
        service = await self.world.find("v1", "Service", objects.SERVICE, space)
        if service is None:
            return
        found = [service, *(await self.world.list("apps/v1", "Deployment", space, labelSelector="modelmesh-service"))]
        secret = await self.world.find("v1", "Secret", "model-serving-etcd", space)
        for item in [*found, *([secret] if secret else [])]:
            self.world.seen(item, gone=True)
            await self.world.delete(item)

    async def _forget(self, space: str, chosen: dict[str, str | None]) -> None:
        """Models that are gone, or moved to another runtime, are unloaded."""
        for (where, name), runtime in list(self.served.items()):
            if where == space and chosen.get(name) != runtime:
                for pod in await self._pods(space, runtime):
                    await self._ask("DELETE", pod, f"/models/{name}")
                del self.served[where, name]

    async def _model(self, isvc: Obj, runtime: str | None) -> None:
        model = objects.model_id(isvc)
        spec = isvc["spec"]["predictor"].get("model") or {}
        if runtime is None:
            why = status.NOT_RECOGNIZED if spec.get("runtime") else status.NO_RUNTIME
            await self._write(isvc, status.blocked(isvc, model, why))
            return
        space = isvc["metadata"]["namespace"]
        pods = await self._pods(space, runtime)
        if not pods:
            await self._write(isvc, status.blocked(isvc, model, status.WAITING))
            return
        storage = spec.get("storage") or {}
        wanted = {
            "name": isvc["metadata"]["name"],
            "id": model,
            "key": storage.get("key", ""),
            "path": storage.get("path", ""),
            "bucket": (storage.get("parameters") or {}).get("bucket", ""),
            "format": (spec.get("modelFormat") or {}).get("name", ""),
        }
        answers = await asyncio.gather(*(self._ask("POST", pod, "/models", wanted) for pod in pods))
        known = [(pod["metadata"]["name"], answer) for pod, answer in zip(pods, answers, strict=True) if answer]
        if known:
            self.served[space, isvc["metadata"]["name"]] = runtime
            await self._write(isvc, status.reported(isvc, model, known))

    async def _write(self, isvc: Obj, wanted: Obj) -> None:
        if wanted["modelStatus"]["lastFailureInfo"] is None and not _failure(isvc):
            del wanted["modelStatus"]["lastFailureInfo"]
        await self.world.status(isvc, wanted)

    async def _pods(self, space: str, runtime: str) -> list[Obj]:
        selector = f"name={objects.deployment_name(runtime)}"
        return [pod for pod in await self.world.list("v1", "Pod", space, labelSelector=selector) if _ready(pod)]

    async def _ask(self, method: str, pod: Obj, path: str, body: Obj | None = None) -> Obj | None:
        url = f"http://{pod['status']['podIP']}:{objects.CONTROL_PORT}{path}"
        timeout = aiohttp.ClientTimeout(total=LOAD_SECONDS)
        try:
            async with self.session.request(method, url, json=body, timeout=timeout) as answer:
                found: Obj = await answer.json()
                return found
        except (aiohttp.ClientError, TimeoutError) as error:
            print(f"pod {pod['metadata']['name']}: {error}", flush=True)  # it may just have gone; its event comes
            return None

    async def lead(self, api: Api, namespace: str) -> None:
        """Wait for the Lease, then reconcile."""
        await leader.lead(api, namespace, LEASE)
        follow = self.loop.follow
        work = [follow(*ISVC), follow(*RUNTIME), follow("v1", "Namespace"), self.loop.run()]
        work += [follow("v1", "Pod", labelSelector="modelmesh-service"), leader.keep(api, namespace, LEASE)]
        work += [follow("apps/v1", "Deployment", labelSelector="modelmesh-service")]
        tasks = [asyncio.create_task(item) for item in work]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        for task in done:
            task.result()


def choose(isvc: Obj, runtimes: dict[str, Obj]) -> str | None:
    """The runtime for a model: the one it names, or the first that takes its format."""
    model = isvc["spec"]["predictor"].get("model") or {}
    if named := model.get("runtime"):
        return named if named in runtimes else None
    return next((name for name, runtime in sorted(runtimes.items()) if objects.supports(runtime, model)), None)


def _on_mesh(isvc: Obj) -> bool:
    notes = isvc["metadata"].get("annotations") or {}
    gone = "deletionTimestamp" in isvc["metadata"]
    return notes.get("serving.kserve.io/deploymentMode") == "ModelMesh" and not gone


def _ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    ready = any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def _failure(isvc: Obj) -> Obj | None:
    return ((isvc.get("status") or {}).get("modelStatus") or {}).get("lastFailureInfo")


async def validate(request: Obj) -> Decision:
    """The ServingRuntime webhook of ModelMesh: names and ports that it keeps for itself."""
    spec = (request["object"] or {}).get("spec") or {}
    if not spec.get("multiModel"):
        return YES
    for container in spec.get("containers") or []:
        if container["name"].startswith("mm-") or container["name"] == "mm":
            return admission.denied(f"{container['name']}: container names 'mm' and with prefix 'mm-' are reserved")
        if container.get("readinessProbe") or container.get("lifecycle"):
            return admission.denied("ReadinessProbe and Lifecycle are managed by modelmesh and cannot be set")
        for port in container.get("ports") or []:
            if port.get("containerPort") in RESERVED_PORTS:
                return admission.denied(f"Port {port['containerPort']} is reserved for internal use")
    return YES


async def main() -> int:
    """Serve and lead until stopped."""
    namespace = os.environ.get("NAMESPACE", APPLICATIONS)
    async with Api.in_cluster() as api, aiohttp.ClientSession(trust_env=False) as session:
        controller = Controller(api, session, os.environ["PULLER_IMAGE"])
        runners = [await admission.probes(lambda: True)]
        path = "/validate-serving-modelmesh-io-v1alpha1-servingruntime"
        runners.append(await admission.serve(admission.application({path: validate})))
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        leading, stopping = asyncio.create_task(controller.lead(api, namespace)), asyncio.create_task(stop.wait())
        await asyncio.wait([leading, stopping], return_when=asyncio.FIRST_COMPLETED)
        if leading.done():
            leading.result()
        leading.cancel()
        try:
            await leader.give_up(api, namespace, LEASE)
        except ApiError as error:
            print(f"lease not given up: {error}", flush=True)
        for runner in runners:
            await runner.cleanup()
    return 0 if stop.is_set() else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
