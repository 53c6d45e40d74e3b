"""The smallest operator that does something visible: each Greeting becomes a ConfigMap with its text."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rehearsal.api import Api, ApiError, Obj

GREETINGS = "/apis/rehearsal.serving-demo.io/v1/greetings"


def config_map(greeting: Obj) -> Obj:
    """What a Greeting asks for, owned by it."""
    meta = greeting["metadata"]
    owner = {
        "apiVersion": greeting["apiVersion"],
        "kind": "Greeting",
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"], "ownerReferences": [owner]},
        "data": {"text": f"hello, {greeting.get('spec', {}).get('name', 'world')}"},
    }


async def reconcile(api: Api, greeting: Obj) -> None:
    """Afterwards the ConfigMap is there and the Greeting says so."""
    wanted = {"apiVersion": "rehearsal.serving-demo.io/v1", "kind": "Greeting", **greeting}
    meta = wanted["metadata"]
    await api.apply(
        f"/api/v1/namespaces/{meta['namespace']}/configmaps/{meta['name']}", config_map(wanted), "hello-operator"
    )
    path = f"/apis/rehearsal.serving-demo.io/v1/namespaces/{meta['namespace']}/greetings/{meta['name']}/status"
    await api.patch(path, {"status": {"said": True}})


async def run() -> None:
    """Follow Greetings in all namespaces until stopped."""
    Path("/tmp/ready").touch()  # noqa: S108 - the pod's own /tmp, asked by its readiness probe
    async with Api.in_cluster() as api:
        async for kind, obj in api.watch(GREETINGS):
            for greeting in obj["items"] if kind == "SYNC" else [obj] if kind != "DELETED" else []:
                try:
                    await reconcile(api, greeting)
                except ApiError as error:
                    print(f"greeting {greeting['metadata']['name']}: {error}", flush=True)


if __name__ == "__main__":
    asyncio.run(run())
