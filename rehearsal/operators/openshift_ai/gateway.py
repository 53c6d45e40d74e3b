"""The gateway of 3.4: what the operator makes, and what OpenShift's own gateway controller would make from it."""

from __future__ import annotations

from rehearsal.api import Obj
from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.conditions import condition
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS

INGRESS = "openshift-ingress"
CLASS = "data-science-gateway-class"
NAME = "data-science-gateway"
BACKEND = f"{NAME}-{CLASS}"
GATEWAY_API = "gateway.networking.k8s.io/v1"
TLS_SECRET = "data-science-gateway-service-tls"  # noqa: S105 - the name of a Secret
LABELS = {"gateway.networking.k8s.io/gateway-name": NAME}


def objects(facts: Facts) -> list[Obj]:
    """What the product's gateway controller applies, in the cluster's ingress namespace and for the redirects."""
    found = [
        m.obj(GATEWAY_API, "GatewayClass", CLASS, "", spec={"controllerName": "openshift.io/gateway-controller/v1"}),
        m.config_map(
            "data-science-gateway-config",
            {"service": f"metadata:\n  annotations:\n    {m.SERVING_CERT}: {TLS_SECRET}\nspec:\n  type: ClusterIP\n"},
            INGRESS,
        ),
        _gateway(),
        _auth_route(),
        *_auth_proxy(facts),
        m.route(
            NAME,
            BACKEND,
            "https",
            "reencrypt",
            INGRESS,
            facts.gateway_domain,
            annotations={"router.openshift.io/service-ca-certificate": "true"},
        ),
    ]
    return found + _redirects(facts)


def cluster_side(facts: Facts) -> list[Obj]:
    """What the cluster's Istio would make from the Gateway: a stand-in that forwards to the dashboard."""
    env = {
        "FRONT_PORT": "8443",
        "FRONT_CERTIFICATE": "/etc/tls",
        "FRONT_UPSTREAM": f"https://rhods-dashboard.{APPLICATIONS}.svc:8443",
    }
    pod = {
        "containers": [
            m.container(
                "istio-proxy",
                facts.version.image("odh-gateway-stand-in"),
                env=[{"name": name, "value": value} for name, value in env.items()],
                ports=[{"containerPort": 8443, "name": "https"}],
                readinessProbe={"tcpSocket": {"port": 8443}, "periodSeconds": 2},
                volumeMounts=[
                    {"name": "tls", "mountPath": "/etc/tls"},
                    {"name": "service-ca", "mountPath": "/etc/service-ca"},
                ],
            )
        ],
        "volumes": [
            {"name": "tls", "secret": {"secretName": TLS_SECRET}},
            {"name": "service-ca", "configMap": {"name": "data-science-gateway-ca"}},
        ],
    }
    return [
        m.config_map("data-science-gateway-ca", {}, INGRESS, annotations={m.INJECT_CA: "true"}),
        m.service(BACKEND, [m.port(443, 8443, "https")], LABELS, INGRESS, TLS_SECRET),
        m.deployment(BACKEND, pod, labels=LABELS, where=INGRESS),
    ]


def gateway_status(gateway: Obj) -> Obj:
    """The status that the cluster's gateway controller writes."""
    host = f"{BACKEND}.{INGRESS}.svc.cluster.local"
    generation = gateway["metadata"].get("generation", 1)
    programmed = f"Resource programmed, assigned to service(s) {host}:443"
    return {
        "addresses": [{"type": "Hostname", "value": host}],
        "conditions": [
            condition("Accepted", True, "Accepted", "Resource accepted", generation=generation),
            condition("Programmed", True, "Programmed", programmed, generation=generation),
        ],
    }


def config_status(config: Obj, gateway: Obj | None, error: str, domain: str) -> Obj:
    """The status of GatewayConfig; without an error it states the domain."""
    generation = config["metadata"].get("generation", 1)
    if error:
        fault = ("Error", error)
        listed = [
            condition("Ready", False, *fault),
            condition("ProvisioningSucceeded", False, *fault, generation=generation),
            condition("GatewayConfigReady", "Unknown"),
        ]
        return {"conditions": listed, "phase": "Not Ready"}
    accepted = any(
        item["type"] == "Accepted" and item["status"] == "True"
        for item in ((gateway or {}).get("status") or {}).get("conditions") or []
    )
    if accepted:
        own = condition("GatewayConfigReady", True, "Ready", "Gateway is ready")
        head = condition("Ready", True)
    else:
        text = "Gateway is not ready" if gateway else "Gateway resource not found"
        own, head = (condition(kind, False, "NotReady", text) for kind in ("GatewayConfigReady", "Ready"))
    listed = [head, condition("ProvisioningSucceeded", True, generation=generation), own]
    status: Obj = {"conditions": listed, "phase": "Ready" if accepted else "Not Ready", "domain": domain}
    return status | ({"observedGeneration": generation} if accepted else {})


def _gateway() -> Obj:
    admitted = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [INGRESS, APPLICATIONS]}
    listener = {
        "name": "https",
        "port": 443,
        "protocol": "HTTPS",
        "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchExpressions": [admitted]}}},
        "tls": {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": TLS_SECRET}]},
    }
    spec = {"gatewayClassName": CLASS, "listeners": [listener]}
    return m.obj(GATEWAY_API, "Gateway", NAME, INGRESS, spec=spec, labels={"istio.io/rev": "openshift-gateway"})


def _auth_route() -> Obj:
    parent = {"name": NAME, "namespace": INGRESS, "group": "gateway.networking.k8s.io", "kind": "Gateway"}
    match = {"path": {"type": "PathPrefix", "value": "/oauth2"}}
    backend = {"name": "kube-auth-proxy", "port": 8443, "group": "", "kind": "Service", "weight": 1}
    spec = {"parentRefs": [parent], "rules": [{"matches": [match], "backendRefs": [backend]}]}
    return m.obj(GATEWAY_API, "HTTPRoute", "oauth-callback-route", INGRESS, spec=spec)


def _auth_proxy(facts: Facts) -> list[Obj]:
    """kube-auth-proxy: present, and idle, because nothing signs in at the rehearsal's dashboard."""
    name = "kube-auth-proxy"
    idle = m.idle_deployment(name, facts.version.image("odh-kube-auth-proxy"), name)
    idle["metadata"]["namespace"] = INGRESS
    idle["spec"]["replicas"] = 2
    redirect = f"https://{facts.gateway_domain}/oauth2/callback"
    client = {"grantMethod": "auto", "redirectURIs": [redirect], "secret": "unused-in-the-rehearsal"}
    return [
        m.service_account(name, INGRESS),
        m.obj("oauth.openshift.io/v1", "OAuthClient", "data-science", "", **client),
        m.service(name, [m.port(8443, 8081, "https")], {"control-plane": name}, INGRESS),
        idle,
    ]


def _redirects(facts: Facts) -> list[Obj]:
    """The old addresses of the dashboard, which the product redirects to the new one."""
    name = "dashboard-redirect"
    env = [{"name": "REDIRECT_TO", "value": f"https://{facts.gateway_domain}"}]
    pod = {
        "containers": [
            m.container(
                "nginx",
                facts.version.image("odh-dashboard-redirect"),
                env=env,
                ports=[{"containerPort": 8080}],
                readinessProbe=m.http_probe(8080, "/healthz"),
                resources=m.requests("50m", "32Mi"),
            )
        ]
    }
    old = f"{NAME}.{facts.apps_domain}"
    return [
        m.config_map(
            "dashboard-redirect-config", {"redirect.conf": f"return 301 https://{facts.gateway_domain}$uri;\n"}
        ),
        m.deployment(name, pod, labels={"app": name}, replicas=2),
        m.service(name, [m.port(8080, name="http")], {"app": name}),
        m.route("rhods-dashboard", name, "http", "edge"),
        m.route(NAME, name, "http", "edge", host=old),
    ]
