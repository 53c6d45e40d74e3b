"""The dashboard component: its Deployment, addresses, configuration and custom resources."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.operators.openshift_ai import crds
from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS, Container

Obj = dict[str, Any]
NAME = "rhods-dashboard"
TLS = "dashboard-proxy-tls"
FRONTS = ("oauth-proxy", "kube-rbac-proxy")


def objects(facts: Facts, spec: Obj) -> list[Obj]:
    """Everything that the component applies and keeps."""
    version = facts.version
    found = [
        *custom_resources(version.era),
        m.service_account(NAME),
        m.cluster_role(NAME, _rules()),
        m.binding(NAME, NAME, [NAME]),
        m.config_map(
            "odh-dashboard-image-parameters" if version.era == "2.8" else "rhoai-dashboard-params",
            {"section-title": "OpenShift Self Managed Services"},
        ),
        _deployment(facts),
        m.service(NAME, _ports(facts), {"app": NAME}, cert=TLS),
        _console_link(facts),
        m.obj("v1", "Secret", "anaconda-ce-access", stringData={"Anaconda_ce_key": "empty"}),
    ]
    if version.era != "3.4":
        target: str | int = 8443 if version.era == "2.8" else "dashboard-ui"
        found += [m.route(NAME, NAME, target, "reencrypt"), *_oauth()]
    else:
        found.append(_http_route())
    return found if version.era == "2.8" else [*found, *_connection_types()]


def created_once(facts: Facts) -> list[Obj]:
    """The dashboard's configuration: its users' from then on."""
    spec: Obj = {
        "notebookController": {"enabled": True, "pvcSize": "20Gi", "notebookNamespace": "rhods-notebooks"},
        "templateOrder": [],
        "templateDisablement": [],
    }
    if facts.version.era == "2.8":
        off: tuple[str, ...] = (
            "disableInfo",
            "disableSupport",
            "disableClusterManager",
            "disableBYONImageStream",
            "disableProjects",
        )
        off += ("disableModelServing", "disableCustomServingRuntimes", "disableKServe", "disableModelMesh")
        spec["dashboardConfig"] = {**dict.fromkeys(off, False), "enablement": True, "disableDistributedWorkloads": True}
        spec["groupsConfig"] = {"adminGroups": "rhods-admins", "allowedGroups": "system:authenticated"}
    else:
        spec["dashboardConfig"] = {"disableTracking": False}
    if facts.version.era == "3.4":
        spec["hardwareProfileOrder"] = []
    else:
        small = {"limits": {"cpu": "2", "memory": "8Gi"}, "requests": {"cpu": "1", "memory": "4Gi"}}
        spec |= {"notebookSizes": [{"name": "Small", "resources": small}]}
        spec |= {"modelServerSizes": [{"name": "Small", "resources": small}]}
    annotations = {"opendatahub.io/managed": "false"}
    return [
        m.obj(
            "opendatahub.io/v1alpha", "OdhDashboardConfig", "odh-dashboard-config", spec=spec, annotations=annotations
        )
    ]


def custom_resources(era: str) -> list[Obj]:
    """The dashboard's own CRDs, which stay when it goes."""
    group, space = "dashboard.opendatahub.io", "Namespaced"
    found = [
        crds.crd(group, "OdhApplication", {"v1": crds.loose()}, scope=space),
        crds.crd(group, "OdhDocument", {"v1": crds.loose()}, scope=space),
        crds.crd("opendatahub.io", "OdhDashboardConfig", {"v1alpha": crds.loose()}, scope=space, status=False),
        crds.crd("console.openshift.io", "OdhQuickStart", {"v1": crds.loose()}, scope=space),
    ]
    if era != "3.4":
        found.append(crds.crd(group, "AcceleratorProfile", {"v1": crds.loose()}, scope=space))
    if era == "2.25":
        found.append(crds.crd(group, "HardwareProfile", {"v1alpha1": crds.loose()}, scope=space))
    return found


def console_href(facts: Facts) -> str:
    """Where the console's link leads."""
    if facts.version.era == "3.4":
        return f"https://{facts.gateway_domain}/"
    domain = facts.console_domain if facts.version.era == "2.8" else facts.apps_domain
    return f"https://{NAME}-{APPLICATIONS}.{domain}"


def _console_link(facts: Facts) -> Obj:
    menu = {"section": "OpenShift Self Managed Services", "imageURL": "data:image/svg+xml;base64,"}
    spec = {
        "applicationMenu": menu,
        "href": console_href(facts),
        "location": "ApplicationMenu",
        "text": "Red Hat OpenShift AI",
    }
    return m.obj("console.openshift.io/v1", "ConsoleLink", "rhodslink", "", spec=spec)


def _deployment(facts: Facts) -> Obj:
    version = facts.version
    pod: Obj = {
        "serviceAccountName": NAME,
        "containers": [_container(facts, item) for item in version.dashboard],
        "volumes": [{"name": "proxy-tls", "secret": {"secretName": TLS}}],
    }
    if version.era != "3.4":  # the original does not start before the secret generator has made these
        for name in ("dashboard-oauth-client-generated", "dashboard-oauth-config-generated"):
            pod["volumes"].append({"name": name, "secret": {"secretName": name}})
    return m.deployment(NAME, pod, labels={"app": NAME}, replicas=version.dashboard_replicas)


def _container(facts: Facts, item: Container) -> Obj:
    env = {"IDLE_PORTS": " ".join(map(str, item.ports))}
    probe: Obj = {"tcpSocket": {"port": item.ports[0]}, "periodSeconds": 2, "failureThreshold": 30}
    more: Obj = {}
    if item.name == NAME:
        env |= {"VERSION": facts.version.number}
        probe = m.http_probe(8080, "/api/health")
    if item.name in FRONTS:
        env |= {"FRONT_PORT": "8443", "FRONT_CERTIFICATE": "/etc/tls/private", "FRONT_UPSTREAM": "127.0.0.1:8080"}
        more["volumeMounts"] = [{"name": "proxy-tls", "mountPath": "/etc/tls/private"}]
    return m.container(
        item.name,
        facts.version.image(item.image),
        env=[{"name": key, "value": value} for key, value in env.items()],
        ports=[{"containerPort": number} for number in item.ports],
        readinessProbe=probe,
        resources=m.requests(item.cpu, item.memory),
        **more,
    )


def _ports(facts: Facts) -> list[Obj]:
    first = m.port(8443, name=NAME if facts.version.era == "2.8" else "dashboard-ui")
    others = [item for item in facts.version.dashboard if item.name not in (NAME, *FRONTS)]
    return [first, *(m.port(item.ports[0], name=item.name) for item in others)]


def _http_route() -> Obj:
    gateway = {"name": "data-science-gateway", "namespace": "openshift-ingress"}
    parent = {**gateway, "group": "gateway.networking.k8s.io", "kind": "Gateway"}
    backend = {"name": NAME, "port": 8443, "group": "", "kind": "Service", "weight": 1}
    rules = [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [backend]}]
    spec = {"parentRefs": [parent], "rules": rules}
    return m.obj("gateway.networking.k8s.io/v1", "HTTPRoute", NAME, spec=spec)


def _oauth() -> list[Obj]:
    """Sign-in objects of 2.x: the secret generator's annotation makes the `-generated` Secrets."""
    generate = "secret-generator.opendatahub.io"
    plain = {f"{generate}/name": "secret", f"{generate}/type": "random", f"{generate}/complexity": "32"}
    client = {**plain, f"{generate}/oauth-client-route": NAME}
    cookie = {**plain, f"{generate}/name": "cookie_secret", f"{generate}/type": "oauth"}
    return [
        m.obj("v1", "Secret", "dashboard-oauth-client", annotations=client, type="Opaque"),
        m.obj("v1", "Secret", "dashboard-oauth-config", annotations=cookie, type="Opaque"),
    ]


def _connection_types() -> list[Obj]:
    labels = {"opendatahub.io/connection-type": "true", "opendatahub.io/dashboard": "true"}
    fields = {
        "s3": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_S3_ENDPOINT", "AWS_DEFAULT_REGION", "AWS_S3_BUCKET"]
    }
    fields |= {"oci-v1": ["OCI_HOST"], "uri-v1": ["URI"]}
    return [
        m.config_map(
            name,
            {"category": "[]", "fields": json.dumps([{"type": "short-text", "envVar": key} for key in keys])},
            labels=labels,
            annotations={"openshift.io/display-name": name},
        )
        for name, keys in fields.items()
    ]


def _rules() -> list[Obj]:
    return [
        m.rule("core", "namespaces configmaps secrets pods services"),
        m.rule("project.openshift.io", "projects"),
        m.rule("template.openshift.io", "templates"),
        m.rule("serving.kserve.io", "servingruntimes inferenceservices"),
        m.rule("opendatahub.io dashboard.opendatahub.io", "*"),
        m.rule("route.openshift.io", "routes"),
    ]
