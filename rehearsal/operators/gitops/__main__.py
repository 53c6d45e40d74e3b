"""Runs the real argocd-operator as a child and, beside it, what OpenShift GitOps adds to it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from rehearsal.api import Api, ApiError, Obj
from rehearsal.operators.gitops import objects

ENGINE = "/usr/local/bin/argocd-operator"
MANAGER = "openshift-gitops-operator"
SERVICES = "/apis/pipelines.openshift.io/v1alpha1/gitopsservices"
INSTANCES = f"/apis/argoproj.io/v1beta1/namespaces/{objects.NAMESPACE}/argocds"
ROUTES = f"/apis/route.openshift.io/v1/namespaces/{objects.NAMESPACE}/routes"
PATHS = {
    "Deployment": f"/apis/apps/v1/namespaces/{objects.NAMESPACE}/deployments",
    "Service": f"/api/v1/namespaces/{objects.NAMESPACE}/services",
}
REFILL_SECONDS = 60  # how long a change that no watch reported can last


async def create_missing(api: Api, collection: str, obj: Obj) -> None:
    """A plain create; what is there already stays as it is, a user's edits included."""
    try:
        await api.create(collection, obj)
    except ApiError as error:
        if error.code != 409:
            raise


async def fill(api: Api) -> None:
    """Namespace, default instance, backend and plugin are there, as long as the GitopsService is."""
    service = await api.find(f"{SERVICES}/cluster")
    if service is None or "deletionTimestamp" in service["metadata"]:
        return  # deleted by someone: the original does not make it again until its next start
    await create_missing(api, "/api/v1/namespaces", objects.namespace())
    if os.environ.get("DISABLE_DEFAULT_ARGOCD_INSTANCE", "").lower() == "true":
        if await api.find(f"{INSTANCES}/{objects.INSTANCE}"):
            await api.delete(f"{INSTANCES}/{objects.INSTANCE}")
    else:
        await create_missing(api, INSTANCES, objects.argocd(service))
    parts = objects.backend(service, os.environ["BACKEND_IMAGE"])
    parts += objects.plugin(service, os.environ["GITOPS_CONSOLE_PLUGIN_IMAGE"])
    for part in parts:
        await create_missing(api, PATHS[part["kind"]], part)


async def follow(api: Api, path: str, changed: asyncio.Event) -> None:
    """Every event of the collection asks for another fill."""
    async for _ in api.watch(path):
        changed.set()


async def keep_filled(api: Api, changed: asyncio.Event) -> None:
    """Fill at the start, after each change, and now and then."""
    while True:
        try:
            await fill(api)
        except ApiError as error:
            # a namespace that is Terminating refuses creations: the next event or round tries again
            print(f"fill: {error}", flush=True)
            await asyncio.sleep(1)
            changed.set()
        try:
            await asyncio.wait_for(changed.wait(), REFILL_SECONDS)
        except TimeoutError:
            continue
        changed.clear()


async def keep_link(api: Api) -> None:
    """The console's link follows the Route of the default instance."""
    if os.environ.get("DISABLE_DEFAULT_ARGOCD_CONSOLELINK", "").lower() == "true":
        return
    async for kind, obj in api.watch(ROUTES):
        for route in obj["items"] if kind == "SYNC" else [obj] if kind != "DELETED" else []:
            host = route.get("spec", {}).get("host")
            if route["metadata"]["name"] == f"{objects.INSTANCE}-server" and host:
                await put_link(api, host)


async def put_link(api: Api, host: str) -> None:
    """The link leads to this host; one that cannot be written now comes with the Route's next event."""
    try:
        await api.apply("/apis/console.openshift.io/v1/consolelinks/argocd", objects.console_link(host), MANAGER)
    except ApiError as error:
        print(f"console link: {error}", flush=True)


async def main() -> int:
    """Runs until the engine ends; its exit code is ours."""
    engine = await asyncio.create_subprocess_exec(ENGINE, *sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, engine.terminate)
    async with Api.in_cluster() as api:
        await create_missing(api, SERVICES, objects.gitops_service())
        changed = asyncio.Event()
        tasks = [asyncio.create_task(keep_filled(api, changed)), asyncio.create_task(keep_link(api))]
        paths = (SERVICES, INSTANCES, "/api/v1/namespaces")
        tasks += [asyncio.create_task(follow(api, path, changed)) for path in paths]
        ended = asyncio.create_task(engine.wait())
        await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done() and task.exception():
                print(f"stopped: {task.exception()}", flush=True)
        if engine.returncode is None:
            engine.terminate()
    return await engine.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
