"""What a DSCInitialization makes: namespaces, policies, groups, and the resources of the platform's services."""

from __future__ import annotations

from rehearsal.api import Obj
from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS, MONITORING, OPERATOR_NAMESPACE, Version

GENERATED = {"opendatahub.io/generated-namespace": "true", "pod-security.kubernetes.io/enforce": "baseline"}
CLUSTER_MONITORING = {"openshift.io/cluster-monitoring": "true"}
SERVICES = "services.platform.opendatahub.io/v1alpha1"
ADMINS = "rhods-admins"
BASE_PORTS = (8443, 8080, 8081, 5432, 8082, 8099, 8181)


def default_dsci(version: Version) -> Obj:
    """The DSCInitialization that the operator creates where there is none."""
    spec: Obj = {"monitoring": {"managementState": "Managed", "namespace": MONITORING}}
    if version.era != "2.8":
        spec["monitoring"]["metrics"] = {}
    if version.era != "3.4":
        spec["serviceMesh"] = {
            "managementState": "Managed",
            "controlPlane": {"name": "data-science-smcp", "namespace": "istio-system", "metricsCollection": "Istio"},
        }
    spec["applicationsNamespace"] = APPLICATIONS
    spec["trustedCABundle"] = {"managementState": "Managed", "customCABundle": ""}
    group = f"dscinitialization.opendatahub.io/{version.api}"
    return {"apiVersion": group, "kind": "DSCInitialization", "metadata": {"name": "default-dsci"}, "spec": spec}


def namespaces(version: Version, second_pass: bool = True) -> list[Obj]:
    """The namespaces of applications and monitoring, labelled as generated."""
    monitored = version.era == "2.8" and second_pass
    return [
        m.namespace(APPLICATIONS, {**GENERATED, **(CLUSTER_MONITORING if monitored else {})}),
        m.namespace(MONITORING, {**GENERATED, **CLUSTER_MONITORING}),
    ]


def owned_objects(version: Version) -> list[Obj]:
    """What belongs to the DSCInitialization and goes with it."""
    ports = [*BASE_PORTS, *([9443] if version.era != "2.8" else [])]
    ingress: list[Obj] = [{"ports": [{"port": port, "protocol": "TCP"} for port in ports]}]
    if version.era == "2.8":
        ingress += [_from_namespace(name) for name in (MONITORING, "openshift-monitoring")]
    found = [
        m.network_policy("redhat-ods-operator", OPERATOR_NAMESPACE, [{}], {"name": "rhods-operator"}),
        m.network_policy(APPLICATIONS, APPLICATIONS, ingress),
    ]
    if version.era == "2.8":
        found += [
            m.network_policy(MONITORING, MONITORING, [{}]),
            m.config_map("odh-common-config", {"namespace": APPLICATIONS}),
            m.binding(APPLICATIONS, "system:openshift:scc:anyuid", ["default"], APPLICATIONS),
        ]
    else:
        found.append(_service("Monitoring", "default-monitoring", {"namespace": MONITORING}))
    if version.era == "2.25":
        found.append(_service("ServiceMesh", "default-servicemesh", {"managementState": "Managed"}))
    if version.era == "3.4":
        found.append(_service("GatewayConfig", "default-gateway", _GATEWAY))
    return found


_GATEWAY: Obj = {
    "certificate": {"type": "OpenshiftDefaultIngress", "secretName": "data-science-gatewayconfig-tls"},
    "cookie": {"expire": "24h0m0s", "refresh": "1h0m0s"},
    "authProxyTimeout": "5s",
}


def created_once(version: Version) -> list[Obj]:
    """What has no owner and is left to the users after its creation."""
    found = [
        m.obj("user.openshift.io/v1", "Group", ADMINS, "", users=[]),
        m.config_map("odh-segment-key-config", {"segmentKeyEnabled": "true"}),
        m.obj("v1", "Secret", "odh-segment-key", stringData={"segmentKey": "none-in-the-rehearsal"}),
    ]
    if version.era != "2.8":
        found[0]["metadata"]["annotations"] = {"opendatahub.io/managed": "false"}
        spec = {"adminGroups": [ADMINS], "allowedGroups": ["system:authenticated"]}
        found.append(_service("Auth", "auth", spec))
    if version.era == "3.4":
        found.append(_hardware_profile())
    return found


def auth_objects(version: Version) -> list[Obj]:
    """Roles of administrators and users, from the Auth resource; they outlive everything."""
    if version.era == "2.8":
        return []
    prefix = "data-science-" if version.era == "3.4" else ""
    admin, cluster, allowed = f"{prefix}admingroup", f"{prefix}admingroupcluster", f"{prefix}allowedgroupcluster"
    config = m.rule("opendatahub.io", "odhdashboardconfigs", "get list watch update patch")
    found = [
        m.obj(f"{m.RBAC}/v1", "Role", f"{admin}-role", rules=[config]),
        _group_binding(f"{admin}-rolebinding", "Role", f"{admin}-role", ADMINS, APPLICATIONS),
        m.cluster_role(
            f"{cluster}-role", [m.rule("services.platform.opendatahub.io", "auths", "get list watch update")]
        ),
        _group_binding(f"{cluster}-rolebinding", "ClusterRole", f"{cluster}-role", ADMINS),
    ]
    if version.era == "3.4":
        read = [m.rule("services.platform.opendatahub.io", "auths")]
        found += [
            m.cluster_role(f"{allowed}-role", read),
            _group_binding(f"{allowed}-rolebinding", "ClusterRole", f"{allowed}-role", "system:authenticated"),
        ]
    else:
        found += [
            m.obj(f"{m.RBAC}/v1", "Role", "allowedgroup-role", rules=[m.rule("opendatahub.io", "odhdashboardconfigs")]),
            _group_binding(
                "allowedgroup-rolebinding", "Role", "allowedgroup-role", "system:authenticated", APPLICATIONS
            ),
        ]
    return found


def trusted_bundle(version: Version, namespace: str) -> Obj:
    """The ConfigMap that carries the cluster's trusted certificates into a namespace."""
    labels = {
        "config.openshift.io/inject-trusted-cabundle": "true",
        "app.kubernetes.io/part-of": "opendatahub-operator",
    }
    own = "" if version.era == "2.8" else "\n"
    return m.config_map("odh-trusted-ca-bundle", {"odh-ca-bundle.crt": own}, namespace, labels=labels)


def wants_bundle(namespace: Obj) -> bool:
    """Whether a namespace is one of the users', alive and not opted out.

    >>> wants_bundle({"metadata": {"name": "demo"}}), wants_bundle({"metadata": {"name": "kube-system"}})
    (True, False)
    """
    meta = namespace["metadata"]
    name = meta["name"]
    if name in ("openshift", "default") or name.startswith(("openshift-", "kube-")) or "deletionTimestamp" in meta:
        return False
    return (meta.get("annotations") or {}).get("security.opendatahub.io/inject-trusted-ca-bundle") != "false"


def _from_namespace(name: str) -> Obj:
    return {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}]}


def _service(kind: str, name: str, spec: Obj) -> Obj:
    return m.obj(SERVICES, kind, name, "", spec=spec)


def _group_binding(name: str, kind: str, role: str, group: str, namespace: str = "") -> Obj:
    subjects = [{"apiGroup": m.RBAC, "kind": "Group", "name": group}]
    own = "RoleBinding" if namespace else "ClusterRoleBinding"
    reference = {"apiGroup": m.RBAC, "kind": kind, "name": role}
    return m.obj(f"{m.RBAC}/v1", own, name, namespace, roleRef=reference, subjects=subjects)


def _hardware_profile() -> Obj:
    sizes = (("cpu", "CPU", (1, 2, 4)), ("memory", "Memory", ("2Gi", "4Gi", "8Gi")))
    identifiers = [
        {
            "identifier": name,
            "displayName": kind,
            "resourceType": kind,
            "minCount": low,
            "defaultCount": usual,
            "maxCount": high,
        }
        for name, kind, (low, usual, high) in sizes
    ]
    annotations = {"opendatahub.io/display-name": "default-profile", "opendatahub.io/managed": "false"}
    profile = {"annotations": annotations, "spec": {"identifiers": identifiers}}
    return m.obj("infrastructure.opendatahub.io/v1", "HardwareProfile", "default-profile", APPLICATIONS, **profile)
