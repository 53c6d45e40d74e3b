"""Many objects at once onto the rehearsal's API server, as its owner."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from rehearsal.api import Api, ApiError, Obj

MANAGER = "rehearsal"
AT_ONCE = 16
ESTABLISH_SECONDS = 90  # a CRD takes well under a second on an idle machine; this bounds a broken one
FIRST = ("Namespace", "CustomResourceDefinition", "ServiceAccount")
RETRIES = 40  # of half a second: namespaces just created, webhooks not up yet, kinds not served yet


async def apply_all(api: Api, objects: Iterable[Obj]) -> None:
    """All objects are as given; namespaces, CRDs and ServiceAccounts go first."""
    objects = list(objects)
    early = [obj for obj in objects if obj["kind"] in FIRST]
    late = [obj for obj in objects if obj["kind"] not in FIRST]
    for batch in (early, late):
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(_apply(api, obj, gate) for obj in batch))


async def established(api: Api, crds: Iterable[Obj]) -> None:
    """The API server serves these kinds."""
    async with asyncio.timeout(ESTABLISH_SECONDS):
        for crd in crds:  # in turn: an answer is a whole CRD, and a crowd of questions slows what is waited for
            await _established(api, crd["metadata"]["name"])


async def _established(api: Api, name: str) -> None:
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    while True:
        conditions = (await api.get(path)).get("status", {}).get("conditions") or []
        if any(item["type"] == "Established" and item["status"] == "True" for item in conditions):
            return
        await asyncio.sleep(0.05)


async def _apply(api: Api, obj: Obj, gate: asyncio.Semaphore) -> None:
    for attempt in range(RETRIES):
        try:
            async with gate:
                await api.apply(await path_of(api, obj), obj, MANAGER)
            return
        except ApiError as error:
            if attempt == RETRIES - 1 or error.code not in (404, 409, 429, 500, 503):
                raise ApiError(error.code, f"{obj['kind']} {obj['metadata']['name']}: {error.message}") from error
        await asyncio.sleep(0.5)


async def path_of(api: Api, obj: Obj) -> str:
    """Where the API server keeps the object."""
    prefix = f"/apis/{obj['apiVersion']}" if "/" in obj["apiVersion"] else f"/api/{obj['apiVersion']}"
    found = _find(_served.get(prefix, ()), obj["kind"])
    if found is None:
        _served[prefix] = (await api.get(prefix))["resources"]
        found = _find(_served[prefix], obj["kind"])
    if found is None:
        raise ApiError(404, f"{obj['apiVersion']} {obj['kind']} is not served yet")
    scope = f"/namespaces/{obj['metadata'].get('namespace', 'default')}" if found["namespaced"] else ""
    return f"{prefix}{scope}/{found['name']}/{obj['metadata']['name']}"


# one process speaks to one API server, and what is served there only grows while the payload is applied
_served: dict[str, Sequence[Obj]] = {}


def _find(resources: Iterable[Obj], kind: str) -> Obj | None:
    return next((item for item in resources if item["kind"] == kind and "/" not in item["name"]), None)
