"""Reconciling the DataScienceCluster of 2.8, which looks at no Deployment and calls nearly everything Ready."""

from __future__ import annotations

import secrets

from rehearsal.api import ApiError, Obj
from rehearsal.operators.openshift_ai.components import modelcontroller
from rehearsal.operators.openshift_ai.components.catalogue import Parts, parts
from rehearsal.operators.openshift_ai.conditions import condition, find
from rehearsal.operators.openshift_ai.deploy import deploy
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.versions import Component, Version
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS
from rehearsal.operators.world import World, owned

FINALIZER = "datasciencecluster.opendatahub.io/finalizer"
KIND = ("datasciencecluster.opendatahub.io/v1", "DataScienceCluster")
FIVE = ("ReconcileComplete", "Available", "Progressing", "Degraded", "Upgradeable")
PROGRESSING = ("Unknown", "False", "True", "False", "Unknown")
COMPLETE = ("True", "True", "False", "False", "True")
DUPLICATE = ("False", "False", "False", "True", "Unknown")
OPENING, CLOSING = "Initializing DataScienceCluster resource", "DataScienceCluster resource reconciled successfully"
NO_OPERATOR = "operator {} not found. Please install the operator before enabling kserve component"
GENERATOR = "secret-generator.opendatahub.io"


def five(statuses: tuple[str, ...], reason: str, message: str) -> list[Obj]:
    """The five general conditions."""
    return [condition(kind, status, reason, message) for kind, status in zip(FIVE, statuses, strict=True)]


async def reconcile(world: World, facts: Facts, dsci: Obj | None) -> None:
    """Every DataScienceCluster is worked on, or refused because it is not the only one."""
    clusters = []
    for dsc in await world.list(*KIND):
        if "deletionTimestamp" in dsc["metadata"]:
            kept = [item for item in dsc["metadata"].get("finalizers") or [] if item != FINALIZER]
            await world.patch(dsc, {"metadata": {"finalizers": kept or None}})
        else:
            clusters.append(dsc)
    if len(clusters) > 1:
        name = clusters[0]["metadata"]["name"]
        text = f"only one instance of DataScienceCluster object is allowed. Update existing instance {name}"
        await _write(world, clusters[0], five(DUPLICATE, "DuplicateDataScienceCluster", text), "Error")
    elif clusters:
        await _one(world, facts, dsci, clusters[0])


async def _one(world: World, facts: Facts, dsci: Obj | None, dsc: Obj) -> None:
    if dsci is None:
        text = "Failed to get a valid DSCInitialization instance"
        await _write(world, dsc, five(PROGRESSING, "ReconcileFailed", text), "Error")
        return
    if FINALIZER not in (dsc["metadata"].get("finalizers") or []):
        await _first_touch(world, facts.version, dsc)
        dsc = await world.find(*KIND, dsc["metadata"]["name"]) or dsc
    if not (dsc.get("status") or {}).get("phase"):
        await _write(world, dsc, five(PROGRESSING, "ReconcileInit", OPENING), "Progressing")
    errors: dict[str, str] = {}
    for item in facts.version.components:
        if error := await _component(world, facts, dsci, dsc, item):
            errors[item.kind] = error
    await _conclude(world, facts.version, dsc, errors)


async def _first_touch(world: World, version: Version, dsc: Obj) -> None:
    """The operator's own full update: the finalizer, and every component's key in the stored spec."""
    named = dsc["spec"].get("components") or {}
    components = {item.key: named.get(item.key) or {} for item in version.components}
    components["kserve"] = {"serving": {}, **components["kserve"]}
    finalizers = [*(dsc["metadata"].get("finalizers") or []), FINALIZER]
    await world.patch(dsc, {"metadata": {"finalizers": finalizers}, "spec": {"components": components}})


def state(dsc: Obj, key: str) -> str:
    """The management state of a component, "Removed" where none is given."""
    return str(((dsc["spec"].get("components") or {}).get(key) or {}).get("managementState") or "Removed")


async def _component(world: World, facts: Facts, dsci: Obj, dsc: Obj, item: Component) -> str:
    spec = (dsc["spec"].get("components") or {}).get(item.key) or {}
    if state(dsc, item.key) != "Managed":
        await _remove(world, facts, item, spec)
        return ""
    if item.kind == "Kserve" and (error := serving_error(dsci, spec)):
        return error
    if item.kind == "Dashboard" and not facts.console_domain:
        return 'error getting console route URL: routes.route.openshift.io "console" not found'
    try:
        await deploy(world, parts(item, facts, spec), dsc, item, facts.version)
        if item.kind in ("Kserve", "ModelMeshServing"):
            await _model_controller(world, facts, dsc)
    except ApiError as error:
        return error.message
    return ""


async def _model_controller(world: World, facts: Facts, dsc: Obj) -> None:
    """Shared by KServe and ModelMesh: whichever is Managed brings it."""
    states = {"kserve": {"managementState": state(dsc, "kserve")}}
    found = Parts(owned=modelcontroller.objects(facts, states))
    shared = Component("", "ModelController", "", "odh-model-controller")
    await deploy(world, found, dsc, shared, facts.version)


def serving_error(dsci: Obj, spec: Obj) -> str:
    """Why KServe is not deployed, "" where it is."""
    serving = (spec.get("serving") or {}).get("managementState", "Managed")
    mesh = ((dsci.get("spec") or {}).get("serviceMesh") or {}).get("managementState", "Removed")
    if serving == "Managed":
        if mesh != "Managed":
            return "ServiceMesh is need to set to 'Managed' in DSCI CR, it is required by KServe serving field"
        missing = (NO_OPERATOR.format(name) for name in ("servicemeshoperator", "serverless-operator"))
        return "2 errors occurred:\n" + "".join(f"\t* {text}\n" for text in missing) + "\n"
    if spec.get("defaultDeploymentMode") == "Serverless":
        return "setting defaultdeployment mode as Serverless is incompatible with having Serving 'Removed'"
    return ""


async def _remove(world: World, facts: Facts, item: Component, spec: Obj) -> None:
    """What the component had deployed is deleted; CRDs and what others share stays."""
    if item.kind == "Kserve" or not await world.list(
        "apps/v1", "Deployment", APPLICATIONS, labelSelector=f"app.opendatahub.io/{item.installed}=true"
    ):
        if item.kind != "Kserve":
            return
        if await world.find("apps/v1", "Deployment", "kserve-controller-manager", APPLICATIONS) is None:
            return
    found = parts(item, facts, spec)
    for obj in [*found.owned, *found.once]:
        if obj["kind"] != "Namespace":
            world.seen(obj, gone=True)
            await world.delete(obj)


async def _conclude(world: World, version: Version, dsc: Obj, errors: dict[str, str]) -> None:
    if errors:
        lines = "".join(f"\t* {text}\n" for text in errors.values())
        count = "1 error occurred:" if len(errors) == 1 else f"{len(errors)} errors occurred:"
        text = f"DataScienceCluster resource reconciled with component errors: {count}\n{lines}\n"
        found = five(COMPLETE, "ReconcileCompletedWithComponentErrors", text)
    else:
        found = five(COMPLETE, "ReconcileCompleted", CLOSING)
    for item in version.components:
        if item.kind in errors:
            text = f"Component reconciliation failed: {errors[item.kind]}"
            found.append(condition(item.condition, False, "ReconcileFailed", text))
        elif state(dsc, item.key) == "Managed":
            found.append(condition(item.condition, True, "ReconcileCompleted", "Component reconciled successfully"))
    installed = {
        item.installed: state(dsc, item.key) == "Managed" and item.kind not in errors for item in version.components
    }
    await _write(world, dsc, found, "Ready", installedComponents=installed)


async def _write(world: World, dsc: Obj, conditions: list[Obj], phase: str, **more: Obj) -> None:
    for item in conditions:  # 2.8 keeps the time of the last change, and a heartbeat
        before = find(dsc, item["type"])
        item["lastHeartbeatTime"] = item["lastTransitionTime"]
        if before and before["status"] == item["status"]:
            item["lastTransitionTime"] = before["lastTransitionTime"]
    await world.status(dsc, {"conditions": conditions, "phase": phase, **more})


async def generate_secrets(world: World) -> None:
    """A Secret annotated for the generator of 2.x gets a `-generated` one, and an OAuthClient if it names a Route."""
    async for event, secret in world.events("v1", "Secret"):
        notes = secret["metadata"].get("annotations") or {}
        key = notes.get(f"{GENERATOR}/name")
        if event == "DELETED" or not key:
            continue
        meta = secret["metadata"]
        name = {"name": f"{meta['name']}-generated", "namespace": meta["namespace"]}
        value = secrets.token_urlsafe(24)[:32]
        made = {"apiVersion": "v1", "kind": "Secret", "metadata": name, "stringData": {key: value}, "type": "Opaque"}
        try:
            await world.create_once(owned(made, secret))
            if route := notes.get(f"{GENERATOR}/oauth-client-route"):
                await _oauth_client(world, secret, route, value)
        except ApiError as error:
            print(f"secret {meta['namespace']}/{meta['name']}: {error}", flush=True)


async def _oauth_client(world: World, secret: Obj, route: str, value: str) -> None:
    meta = secret["metadata"]
    found = await world.find("route.openshift.io/v1", "Route", route, meta["namespace"])
    host = ((found or {}).get("spec") or {}).get("host", "")
    client = {
        "apiVersion": "oauth.openshift.io/v1",
        "kind": "OAuthClient",
        "metadata": {"name": meta["name"]},
        "grantMethod": "auto",
        "redirectURIs": [f"https://{host}"],
        "secret": value,
    }
    await world.create_once(client)
