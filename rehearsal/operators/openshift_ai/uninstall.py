"""What a ConfigMap with the deletion label sets off: everything goes, the operator last."""

from __future__ import annotations

import asyncio

from rehearsal.api import ApiError, Obj
from rehearsal.operators.openshift_ai import datasciencecluster, dsci
from rehearsal.operators.openshift_ai.versions.version import CSV_PREFIX, OPERATOR_NAMESPACE, Version
from rehearsal.operators.world import World

LABEL = "api.openshift.com/addon-managed-odh-delete=true"
GENERATED = "opendatahub.io/generated-namespace=true"
OLM = "operators.coreos.com/v1alpha1"
PAUSE_SECONDS = 10  # between the namespaces and the Subscription, as the product waits
STEP_SECONDS = 0.5


async def asked(world: World) -> bool:
    """Whether somebody asked for the removal of everything."""
    found = await world.list("v1", "ConfigMap", OPERATOR_NAMESPACE, labelSelector=LABEL)
    return any("deletionTimestamp" not in item["metadata"] for item in found)


async def run(world: World, version: Version) -> None:
    """DataScienceClusters, DSCInitializations, generated namespaces, Subscription and CSV are gone or going."""
    await _gone(world, *datasciencecluster.kind_of(version))
    await _gone(world, *dsci.kind_of(version))
    for namespace in await world.list("v1", "Namespace", labelSelector=GENERATED):
        await world.delete(namespace, "Foreground")
    while left := await world.list("v1", "Namespace", labelSelector=GENERATED):
        print(f"waiting for namespace {left[0]['metadata']['name']} to be deleted", flush=True)
        await asyncio.sleep(STEP_SECONDS)
    await asyncio.sleep(PAUSE_SECONDS)
    subscription = await world.find(OLM, "Subscription", CSV_PREFIX, OPERATOR_NAMESPACE)
    if subscription is None:
        print(f"no Subscription {CSV_PREFIX} in {OPERATOR_NAMESPACE}: OLM may install the operator again", flush=True)
    else:
        await world.delete(subscription)
    for csv in await world.list(OLM, "ClusterServiceVersion", OPERATOR_NAMESPACE):
        if _is_ours(csv):
            await world.delete(csv)


async def _gone(world: World, api_version: str, kind: str) -> None:
    while found := await world.list(api_version, kind):
        for item in found:
            if "deletionTimestamp" not in item["metadata"]:
                await world.delete(item, "Foreground")
            elif item["metadata"].get("finalizers"):
                await _release(world, item)
        await asyncio.sleep(STEP_SECONDS)


async def _release(world: World, item: Obj) -> None:
    """The product's own finalizer is taken off; the garbage collector's is left to it."""
    kept = [name for name in item["metadata"]["finalizers"] if not name.endswith(".opendatahub.io/finalizer")]
    if kept == item["metadata"]["finalizers"]:
        return
    try:
        await world.patch(item, {"metadata": {"finalizers": kept or None}})
    except ApiError as error:
        if error.code != 404:
            raise


def _is_ours(csv: Obj) -> bool:
    owned = ((csv.get("spec") or {}).get("customresourcedefinitions") or {}).get("owned") or []
    return any(item["kind"] == "DataScienceCluster" for item in owned)
