"""Reconciling the DataScienceCluster of 2.25 and 3.4: component resources, what they deploy, and all their statuses."""

from __future__ import annotations

import asyncio

from rehearsal.api import ApiError, Obj
from rehearsal.operators.openshift_ai import conditions
from rehearsal.operators.openshift_ai.components.catalogue import parts
from rehearsal.operators.openshift_ai.deploy import PART_OF, deploy
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.initialization import SERVICES
from rehearsal.operators.openshift_ai.versions import Component, Version
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS
from rehearsal.operators.world import World, owned

COMPONENTS = "components.platform.opendatahub.io/v1alpha1"
LOST = "dscinitializations.dscinitialization.opendatahub.io"
NO_DOMAIN = (
    "1 error occurred:\n\t* gateway domain is missing for Dashboard; the Data Science Gateway may not be ready yet—"
    "check that GatewayConfig exists and its status reports a domain: {}\n\n"
)


def kind_of(version: Version) -> tuple[str, str]:
    """apiVersion and kind as the operator itself uses them."""
    return f"datasciencecluster.opendatahub.io/{version.api}", "DataScienceCluster"


def managed(dsc: Obj, version: Version) -> set[str]:
    """The kinds of the components that the spec asks for; the model controller comes with model serving."""
    components = (dsc.get("spec") or {}).get("components") or {}
    on = {key for key, value in components.items() if (value or {}).get("managementState") == "Managed"}
    kinds = {item.kind for item in version.components if item.key in on}
    models = (components.get("kserve") or {}).get("modelsAsService") or {}
    if "kserve" in on and models.get("managementState") == "Managed":
        kinds.add("ModelsAsService")
    return kinds | ({"ModelController"} if on & {"kserve", "modelmeshserving"} else set())


async def reconcile(world: World, facts: Facts, dsci: Obj | None) -> None:
    """The DataScienceCluster's components are as its spec says, and its status says how far that is."""
    for dsc in await world.list(*kind_of(facts.version)):
        if "deletionTimestamp" not in dsc["metadata"]:
            await _reconcile(world, facts, dsci, dsc)


async def _reconcile(world: World, facts: Facts, dsci: Obj | None, dsc: Obj) -> None:
    version, wanted = facts.version, managed(dsc, facts.version)
    error = await _provision(world, facts, dsci, dsc, wanted)
    resources = {item.kind: await world.find(COMPONENTS, item.kind, item.name) for item in version.components}
    if any(conditions.find(resources[kind], "Ready") is None for kind in wanted):
        # what was never deployed says so first; a changed component keeps its last word until it was worked on
        await _report(world, version, dsc, resources, error, wanted)
    pairs = [(item, found) for item in version.components if (found := resources[item.kind]) is not None]
    alive = [(item, found) for item, found in pairs if "deletionTimestamp" not in found["metadata"]]
    # side by side, as each has a controller of its own; all are waited for, so that the next pass meets none of them
    done = await asyncio.gather(*(_component(world, facts, *pair) for pair in alive), return_exceptions=True)
    for problem in done:
        if isinstance(problem, BaseException):
            raise problem
    for item, _ in alive:
        resources[item.kind] = await world.find(COMPONENTS, item.kind, item.name)
    await _report(world, version, dsc, resources, error, wanted)


async def _report(
    world: World, version: Version, dsc: Obj, resources: dict[str, Obj | None], error: str, wanted: set[str]
) -> None:
    status = conditions.dsc_status(version, dsc, resources, error, wanted)
    status["components"] = _reported(version, dsc, resources)
    if version.era == "2.25":
        components = dsc["spec"].get("components") or {}
        status["installedComponents"] = {
            item.installed: (components.get(item.key) or {}).get("managementState") == "Managed"
            for item in version.components
            if item.key
        }
    await world.status(dsc, status)


async def _provision(world: World, facts: Facts, dsci: Obj | None, dsc: Obj, wanted: set[str]) -> str:
    """The component resources exist as wanted; the text of what prevents it, else ""."""
    if dsci is None:
        lead = (
            "failed to get a valid DataScienceCluster instance, "
            if facts.version.era == "3.4"
            else "failed to get DSCInitialization: "
        )
        return f'{lead}{LOST} "" not found'
    if facts.version.era == "3.4" and "Dashboard" in wanted and (text := await _domain_missing(world)):
        return NO_DOMAIN.format(text)
    for item in facts.version.components:
        if item.kind in wanted:
            await world.apply(owned(_resource(item, dsc), dsc), "datasciencecluster")
            continue
        found = await world.find(COMPONENTS, item.kind, item.name)
        if found is not None and "deletionTimestamp" not in found["metadata"]:
            world.seen(found, gone=True)
            await world.delete(found, "Foreground")
    return ""


async def _domain_missing(world: World) -> str:
    config = await world.find(SERVICES, "GatewayConfig", "default-gateway")
    if config is None:
        return "GatewayConfig not found"
    return "" if (config.get("status") or {}).get("domain") else "GatewayConfig.Status.Domain is empty"


def _resource(item: Component, dsc: Obj) -> Obj:
    components = dsc["spec"].get("components") or {}
    if item.kind == "ModelController":
        kserve, mesh = components.get("kserve") or {}, components.get("modelmeshserving") or {}
        spec: Obj = {
            "kserve": {"managementState": kserve.get("managementState", "Removed"), "nim": kserve.get("nim", {})}
        }
        spec["nim"] = kserve.get("nim", {})
        spec["modelMeshServing"] = {"managementState": mesh.get("managementState", "Removed")}
    else:
        spec = {key: value for key, value in (components.get(item.key) or {}).items() if key != "managementState"}
    annotations = {"component.opendatahub.io/management-state": "Managed"}
    labels = {PART_OF: "datasciencecluster"}
    meta = {"name": item.name, "annotations": annotations, "labels": labels}
    return {"apiVersion": COMPONENTS, "kind": item.kind, "metadata": meta, "spec": spec}


async def _component(world: World, facts: Facts, item: Component, resource: Obj) -> None:
    error = item.needs
    spec = resource.get("spec") or {}
    if item.kind == "Kserve" and facts.version.era == "2.25":
        error = await serverless_error(world, spec)
    if not error:
        try:
            await deploy(world, parts(item, facts, spec), resource, item, facts.version)
        except ApiError as problem:
            error = problem.message
    selector = f"{PART_OF}={item.lower}"
    deployments = await world.list("apps/v1", "Deployment", APPLICATIONS, labelSelector=selector)
    generation = resource["metadata"].get("generation", 1)
    dependents = [conditions.deployments(deployments, generation)]
    if item.kind == "Kserve":
        dependents = [*_kserve_conditions(facts.version, spec, generation), *dependents]
    more: Obj = {"releases": [dict(entry) for entry in item.releases]} if item.releases else {}
    if item.kind == "Dashboard" and facts.version.era == "2.25":
        more["url"] = await _dashboard_host(world)
    await world.status(resource, conditions.component_status(resource, error, dependents, more))


async def serverless_error(world: World, spec: Obj) -> str:
    """Why 2.25 refuses to deploy KServe: serving wants operators that nobody installed; "" where it does not."""
    serving = (spec.get("serving") or {}).get("managementState", "Managed")
    mode = spec.get("defaultDeploymentMode")
    if serving != "Managed":
        if mode == "Serverless":
            return "setting defaultdeployment mode as Serverless is incompatible with having Serving 'Removed'"
        return ""
    names = [item["metadata"]["name"] for item in await world.list("operators.coreos.com/v2", "OperatorCondition")]
    missing = [
        text
        for prefix, text in (("servicemeshoperator", "ServiceMesh"), ("serverless-operator", "Serverless"))
        if not any(name.startswith(prefix) for name in names)
    ]
    if not missing:
        return "ServiceMesh is not ready"
    lines = [f"\t* {text} operator must be installed for this component's configuration\n" for text in missing]
    head = "1 error occurred:" if len(missing) == 1 else f"{len(missing)} errors occurred:"
    return f"{head}\n{''.join(lines)}\n"


def _kserve_conditions(version: Version, spec: Obj, generation: int) -> list[Obj]:
    if version.era == "2.25":
        state = (spec.get("serving") or {}).get("managementState", "Managed")
        if state == "Managed":
            return [conditions.condition("ServingAvailable", False, "NotReady", "ServiceMesh is not ready")]
        text = f"Serving management state is set to: {state}"
        return [conditions.condition("ServingAvailable", False, "Removed", text, "Info", generation)]
    found = [conditions.condition("DependenciesAvailable", True, generation=generation)]
    pairs = conditions.LLM_DEPENDENCIES
    return [
        *found,
        *(conditions.condition(kind, False, "Subscription not found", text, "Info") for kind, text in pairs),
    ]


async def _dashboard_host(world: World) -> str:
    selector = f"{PART_OF}=dashboard"
    routes = await world.list("route.openshift.io/v1", "Route", APPLICATIONS, labelSelector=selector)
    return str(routes[0].get("spec", {}).get("host", "")) if len(routes) == 1 else ""


def _reported(version: Version, dsc: Obj, resources: dict[str, Obj | None]) -> Obj:
    """status.components: the states of what the spec names, and what the component resources add."""
    named = dsc["spec"].get("components") or {}
    found: Obj = {}
    for item in version.components:
        if not item.key or item.key not in named:
            continue
        state = (named[item.key] or {}).get("managementState") or "Removed"
        entry: Obj = {"managementState": state}
        status = (resources[item.kind] or {}).get("status") or {}
        if state == "Managed":
            entry |= {key: status[key] for key in ("url", "releases") if status.get(key)}
            if item.key == "kserve" and version.era == "2.25":
                serving = (named["kserve"].get("serving") or {}).get("managementState", "Managed")
                entry["defaultDeploymentMode"] = "RawDeployment" if serving == "Removed" else "Serverless"
                entry["serverlessMode"] = serving
        for key in ("workbenchNamespace", "registriesNamespace"):
            if key in (named[item.key] or {}):
                entry[key] = named[item.key][key]
        found[item.key] = entry
    return found
