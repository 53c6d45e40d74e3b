"""Reconciling the DSCInitialization and the platform's services."""

from __future__ import annotations

from rehearsal.api import ApiError, Obj
from rehearsal.operators.openshift_ai import conditions, gateway, initialization
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.versions.version import Version
from rehearsal.operators.world import World, owned

FINALIZER = "dscinitialization.opendatahub.io/finalizer"
INIT, DONE = "Initializing DSCInitialization resource", "Reconcile completed successfully"
NO_MESH = "OpenShift ServiceMesh v2 operator not found / not setup properly on the cluster, cannot setup ServiceMesh"


def kind_of(version: Version) -> tuple[str, str]:
    """apiVersion and kind as the operator itself uses them."""
    return f"dscinitialization.opendatahub.io/{version.api}", "DSCInitialization"


async def listed(world: World, version: Version) -> list[Obj]:
    """Every DSCInitialization, oldest first."""
    found = await world.list(*kind_of(version))
    return sorted(found, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))


async def reconcile(world: World, facts: Facts) -> Obj | None:
    """All DSCInitializations say what is so; returns the one that counts."""
    alive = []
    for dsci in await listed(world, facts.version):
        if "deletionTimestamp" in dsci["metadata"]:
            await _finish(world, dsci)
        else:
            alive.append(dsci)
    for later in alive[1:]:
        await _duplicate(world, facts.version, later, alive[0]["metadata"]["name"])
    if not alive:
        return None
    await _initialize(world, facts, alive[0])
    return alive[0]


async def _finish(world: World, dsci: Obj) -> None:
    kept = [item for item in dsci["metadata"].get("finalizers") or [] if item != FINALIZER]
    await world.patch(dsci, {"metadata": {"finalizers": kept or None}})


async def _duplicate(world: World, version: Version, dsci: Obj, oldest: str) -> None:
    text = f"only one instance of DSCInitialization object is allowed. Please delete other instances than {oldest}"
    listed = conditions.dsci_conditions("duplicate", text, "DuplicateDSCInitialization")
    await world.status(dsci, {"conditions": listed, "phase": "Error"} | _release(version))


async def _initialize(world: World, facts: Facts, dsci: Obj) -> None:
    version = facts.version
    finalizers = dsci["metadata"].get("finalizers") or []
    if FINALIZER not in finalizers:
        await world.patch(dsci, {"metadata": {"finalizers": [*finalizers, FINALIZER]}})
    first = not (dsci.get("status") or {}).get("phase")
    if first:
        opening = conditions.dsci_conditions("init", INIT, "ReconcileInit")
        await world.status(dsci, {"conditions": opening, "phase": "Progressing"} | _release(version))
    try:
        await world.apply_all(initialization.namespaces(version, second_pass=not first))
        if version.era == "2.8":
            patch = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
            await world.api.patch("/api/v1/namespaces/redhat-ods-operator", patch)
        await world.apply_all(owned(item, dsci) for item in initialization.owned_objects(version))
        for item in initialization.created_once(version):
            await world.create_once(item)
        await world.apply_all(initialization.auth_objects(version))
    except ApiError as error:
        failed = conditions.dsci_conditions("failed", error.message, "ReconcileFailed")
        await world.status(dsci, {"conditions": failed, "phase": "Error"} | _release(version))
        raise
    await _services(world, facts)
    if version.era == "2.8" and await _mesh_is_missing(world, dsci):
        return  # 2.8 ends here in an error: it stays Progressing until Service Mesh comes or is not wanted
    done = conditions.dsci_conditions("done", DONE, "ReconcileCompleted")
    if version.era == "2.25":
        done += mesh_conditions(dsci)
    await world.status(dsci, {"conditions": done, "phase": "Ready"} | _release(version))


async def _mesh_is_missing(world: World, dsci: Obj) -> bool:
    mesh = (dsci.get("spec") or {}).get("serviceMesh") or {}
    wanted = mesh.get("managementState") == "Managed"
    if not wanted:
        return False
    # 2.8 makes these even though it then fails
    await world.create_once({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}})
    missing = 'customresourcedefinitions.apiextensions.k8s.io "servicemeshcontrolplanes.maistra.io" not found'
    found = [conditions.condition("Degraded", True, "PreConditions", missing)]
    for name in ("mesh-control-plane-creation", "mesh-metrics-collection"):
        meta = {"name": f"redhat-ods-applications-{name}"}
        tracker = {"apiVersion": "features.opendatahub.io/v1", "kind": "FeatureTracker", "metadata": meta, "spec": {}}
        await world.create_once(tracker)
        await world.status(tracker, {"conditions": found, "phase": "Error"})
    return True


def mesh_conditions(dsci: Obj) -> list[Obj]:
    """The two capabilities of Service Mesh that 2.25 reports; no operator of the rehearsal provides them."""
    mesh = (dsci.get("spec") or {}).get("serviceMesh")
    if mesh is None:
        found = ("", "ServiceMesh spec is not defined in DSCI")
        texts = (found, found)
    elif mesh.get("managementState") == "Managed":
        texts = (("MissingOperator", NO_MESH), ("MissingOperator", f"{NO_MESH} Authorization"))
    else:
        removed = "ServiceMesh is set to Removed"
        texts = (
            ("Removed", removed),
            ("Removed", f"{removed}, ServiceMesh Authorization is therefore also Removed"),
        )
    kinds = ("CapabilityServiceMesh", "CapabilityServiceMeshAuthorization")
    return [conditions.condition(kind, False, *text) for kind, text in zip(kinds, texts, strict=True)]


def _release(version: Version) -> Obj:
    if version.era == "2.8":
        return {}
    return {"release": {"name": "OpenShift AI Self-Managed", "version": version.number}}


async def _services(world: World, facts: Facts) -> None:
    """The services' own resources are reconciled; their trouble is theirs, not the DSCInitialization's."""
    for kind, name in (("Auth", "auth"), ("Monitoring", "default-monitoring")):
        if facts.version.era != "2.8" and (found := await world.find(initialization.SERVICES, kind, name)):
            generation = found["metadata"].get("generation", 1)
            status = conditions.component_status(found, "", [])
            await world.status(found, status | {"observedGeneration": generation})
    if facts.version.era == "3.4" and (
        config := await world.find(initialization.SERVICES, "GatewayConfig", "default-gateway")
    ):
        await reconcile_gateway(world, facts, config)


async def reconcile_gateway(world: World, facts: Facts, config: Obj) -> None:
    """The gateway's objects exist, and GatewayConfig states its domain only after all of them do."""
    error, found = "", None
    try:
        await world.apply_all([owned(item, config) for item in gateway.objects(facts)], "gatewayconfig")
        # the cluster's own gateway controller answers: this part is OpenShift's, not the operator's
        found = await world.find(gateway.GATEWAY_API, "Gateway", gateway.NAME, gateway.INGRESS)
        if found is not None:
            await world.apply_all([owned(item, found) for item in gateway.cluster_side(facts)], "openshift-gateway")
            await world.status(found, gateway.gateway_status(found))
            found = await world.find(gateway.GATEWAY_API, "Gateway", gateway.NAME, gateway.INGRESS)
    except ApiError as problem:
        error = f"failed to lookup object: {problem.message}"
    await world.status(config, gateway.config_status(config, found, error, facts.gateway_domain))


async def trust(world: World, version: Version) -> None:
    """Every namespace of users has the ConfigMap with trusted certificates."""
    for namespace in await world.list("v1", "Namespace"):
        if initialization.wants_bundle(namespace):
            try:
                await world.apply(initialization.trusted_bundle(version, namespace["metadata"]["name"]))
            except ApiError as error:
                if error.code not in (403, 404):  # the namespace is going, or gone
                    raise
