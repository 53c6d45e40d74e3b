"""The custom resources of OpenShift AI as structural schemas of ours: the fields and values an installer meets."""

from __future__ import annotations

from typing import Any

from rehearsal.operators.openshift_ai.versions import Component, Version

Obj = dict[str, Any]
TEXT: Obj = {"type": "string"}
ANYTHING: Obj = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
SERVING: Obj = {
    "type": "object",
    "properties": {
        "managementState": {"type": "string", "enum": ["Managed", "Unmanaged", "Removed"], "default": "Managed"},
        "name": {"type": "string", "default": "knative-serving"},
        "ingressGateway": ANYTHING,
    },
}
DSC_GROUP, DSCI_GROUP = "datasciencecluster.opendatahub.io", "dscinitialization.opendatahub.io"
COMPONENT_GROUP, SERVICE_GROUP = "components.platform.opendatahub.io", "services.platform.opendatahub.io"


def owned(version: Version) -> list[Obj]:
    """The CRDs in the version's bundle."""
    found = [
        crd(DSC_GROUP, "DataScienceCluster", _versions(version, _dsc), columns=_dsc_columns(version), short=["dsc"]),
        crd(DSCI_GROUP, "DSCInitialization", _versions(version, _dsci), columns=_DSCI_COLUMNS, short=["dsci"]),
        crd("features.opendatahub.io", "FeatureTracker", {"v1": loose()}),
    ]
    if version.era == "2.8":
        return found
    found += [crd(COMPONENT_GROUP, item.kind, {"v1alpha1": loose()}, plural=item.plural) for item in version.components]
    services = {"2.25": ("Auth", "Monitoring", "ServiceMesh"), "3.4": ("Auth", "GatewayConfig", "Monitoring")}
    plurals = {"ServiceMesh": "servicemeshes"}
    found += [
        crd(SERVICE_GROUP, kind, {"v1alpha1": loose()}, plural=plurals.get(kind, "")) for kind in services[version.era]
    ]
    profiles = {"2.25": ("v1alpha1",), "3.4": ("v1", "v1alpha1")}[version.era]
    schemas = {name: loose() for name in profiles}
    found.append(crd("infrastructure.opendatahub.io", "HardwareProfile", schemas, scope="Namespaced"))
    return found


def crd(
    group: str,
    kind: str,
    schemas: dict[str, Obj],
    *,
    plural: str = "",
    scope: str = "Cluster",
    columns: list[Obj] | None = None,
    short: list[str] | None = None,
    status: bool = True,
) -> Obj:
    """A CRD; the version stored is v2 where there is one, else the first."""
    plural = plural or f"{kind.lower()}s"
    stored = "v2" if "v2" in schemas else next(iter(schemas))
    names: Obj = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    versions = [
        {
            "name": name,
            "served": True,
            "storage": name == stored,
            "schema": {"openAPIV3Schema": schema},
            **({"subresources": {"status": {}}} if status else {}),
            **({"additionalPrinterColumns": columns} if columns else {}),
        }
        for name, schema in schemas.items()
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {**names, **({"shortNames": short} if short else {})},
            "scope": scope,
            "versions": versions,
        },
    }


def loose() -> Obj:
    """A schema for kinds that nobody but the operator writes."""
    return {"type": "object", "properties": {"spec": ANYTHING, "status": ANYTHING}}


_DSCI_COLUMNS = [
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
    {"name": "Created At", "type": "string", "jsonPath": ".metadata.creationTimestamp"},
]


def _dsc_columns(version: Version) -> list[Obj]:
    if version.era == "2.8":
        return []
    ready = '.status.conditions[?(@.type=="Ready")]'
    return [
        {"name": "Ready", "type": "string", "jsonPath": f"{ready}.status"},
        {"name": "Reason", "type": "string", "jsonPath": f"{ready}.reason"},
    ]


def _versions(version: Version, schema: Any) -> dict[str, Obj]:
    names = ("v1", "v2") if version.api == "v2" else ("v1",)
    return {name: schema(version, name) for name in names}


def _dsc(version: Version, api: str) -> Obj:
    components = {item.key: _component(version, item) for item in version.components if item.key}
    if version.api == "v2" and api == "v1":
        components = {key: value for key, value in components.items() if key not in _v2_only(version)}
        components["datasciencepipelines"] = components.pop("aipipelines")
        # accepted and dropped by the conversion: neither exists any more
        components |= {"modelmeshserving": _state(), "codeflare": _state()}
    spec = {"type": "object", "properties": {"components": {"type": "object", "properties": components}}}
    return {"type": "object", "properties": {"spec": spec, "status": _status(_dsc_status(version, api))}}


def _v2_only(version: Version) -> set[str]:
    return {item.key for item in version.components if item.v2_only}


def _state(**more: Obj) -> Obj:
    allowed = ["Managed", "Removed", *(["Unmanaged"] if more.pop("unmanaged", None) else [])]
    return {"type": "object", "properties": {"managementState": {"type": "string", "enum": allowed}, **more}}


def _component(version: Version, item: Component) -> Obj:
    new = version.era != "2.8"
    match item.key:
        case "kserve":
            return _state(**_kserve(version))
        case "workbenches" if new:
            return _state(workbenchNamespace={"type": "string", "default": "rhods-notebooks"})
        case "modelregistry":
            return _state(registriesNamespace={**TEXT, "default": "rhoai-model-registries"})
        case "kueue" if new:
            queue = {"type": "string", "default": "default"}
            return _state(unmanaged={"x": 1}, defaultClusterQueueName=queue, defaultLocalQueueName=queue)
        case _:
            return _state(**({} if new else {"devFlags": ANYTHING}))


def _kserve(version: Version) -> Obj:
    mode = {"type": "string", "enum": ["Serverless", "RawDeployment"]}
    if version.era == "2.8":
        return {"serving": SERVING, "defaultDeploymentMode": mode, "devFlags": ANYTHING}
    service = {"type": "string", "enum": ["Headless", "Headed"], "default": "Headless"}
    nim = {
        "type": "object",
        "default": {"managementState": "Managed"},
        "properties": {"managementState": {"type": "string", "enum": ["Managed", "Removed"], "default": "Managed"}},
    }
    if version.era == "2.25":
        return {"serving": SERVING, "defaultDeploymentMode": mode, "rawDeploymentServiceConfig": service, "nim": nim}
    return {"rawDeploymentServiceConfig": service, "nim": nim, "modelsAsService": _state()}


def _dsci(version: Version, api: str) -> Obj:
    immutable = {
        "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "ApplicationsNamespace is immutable"}]
    }
    namespace = {"type": "string", "default": "redhat-ods-applications", **(immutable if version.era != "2.8" else {})}
    state = {"type": "string", "enum": ["Managed", "Removed", "Unmanaged"]}
    properties: Obj = {
        "applicationsNamespace": namespace,
        "monitoring": {
            "type": "object",
            "properties": {
                "managementState": state,
                "namespace": {"type": "string", "default": "redhat-ods-monitoring"},
                "metrics": ANYTHING,
            },
        },
        "trustedCABundle": {
            "type": "object",
            "properties": {
                "managementState": {**state, "default": "Removed"},
                "customCABundle": {**TEXT, "default": ""},
            },
        },
        "devFlags": ANYTHING,
    }
    if api == "v1":
        properties["serviceMesh"] = _mesh(version)
    spec = {"type": "object", "properties": properties}
    return {"type": "object", "properties": {"spec": spec, "status": _status({"release": ANYTHING})}}


def _mesh(version: Version) -> Obj:
    default = "Managed" if version.era == "2.8" else "Removed"
    control_plane = {"name": "data-science-smcp", "namespace": "istio-system", "metricsCollection": "Istio"}
    return {
        "type": "object",
        "properties": {
            "managementState": {"type": "string", "enum": ["Managed", "Unmanaged", "Removed"], "default": default},
            "controlPlane": {
                "type": "object",
                "properties": {key: {"type": "string", "default": value} for key, value in control_plane.items()},
            },
            "auth": ANYTHING,
        },
    }


def _dsc_status(version: Version, api: str) -> Obj:
    installed = {"installedComponents": {"type": "object", "additionalProperties": {"type": "boolean"}}}
    if version.era == "2.8":
        return installed
    newer: Obj = {
        "components": ANYTHING,
        "observedGeneration": {"type": "integer", "format": "int64"},
        "release": ANYTHING,
    }
    return newer if api == "v2" else {**newer, **installed}


def _status(more: Obj) -> Obj:
    condition = {
        "type": "object",
        "required": ["type", "status"],
        "properties": {
            **dict.fromkeys(("type", "status", "reason", "message", "severity"), TEXT),
            **{key: {**TEXT, "format": "date-time"} for key in ("lastTransitionTime", "lastHeartbeatTime")},
            "observedGeneration": {"type": "integer", "format": "int64"},
        },
    }
    return {
        "type": "object",
        "properties": {
            "conditions": {"type": "array", "items": condition},
            "errorMessage": TEXT,
            "phase": TEXT,
            "relatedObjects": {"type": "array", "items": ANYTHING},
            **more,
        },
    }
