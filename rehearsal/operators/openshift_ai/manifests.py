"""Building blocks for the objects that components are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS

Obj = dict[str, Any]
SERVING_CERT = "service.beta.openshift.io/serving-cert-secret-name"
INJECT_CA = "service.beta.openshift.io/inject-cabundle"
RBAC = "rbac.authorization.k8s.io"


def obj(api_version: str, kind: str, name: str, namespace: str = APPLICATIONS, **body: Any) -> Obj:
    """An object; namespace "" makes it cluster-scoped; labels and annotations go into its metadata."""
    meta: Obj = {"name": name, **({"namespace": namespace} if namespace else {})}
    meta |= {key: body.pop(key) for key in ("labels", "annotations") if key in body}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **body}


def namespace(name: str, labels: dict[str, str]) -> Obj:
    """A Namespace."""
    return obj("v1", "Namespace", name, "", labels=labels)


def service_account(name: str, where: str = APPLICATIONS) -> Obj:
    """A ServiceAccount."""
    return obj("v1", "ServiceAccount", name, where)


def config_map(name: str, data: dict[str, str], where: str = APPLICATIONS, **meta: Any) -> Obj:
    """A ConfigMap."""
    return obj("v1", "ConfigMap", name, where, data=data, **meta)


def service(
    name: str, ports: Sequence[Obj], selector: dict[str, str], where: str = APPLICATIONS, cert: str = ""
) -> Obj:
    """A Service, with a serving certificate in Secret `cert` if one is named."""
    meta = {"annotations": {SERVING_CERT: cert}} if cert else {}
    return obj("v1", "Service", name, where, spec={"selector": selector, "ports": list(ports)}, **meta)


def port(number: int, target: int | str = 0, name: str = "") -> Obj:
    """A port of a Service."""
    return {"name": name or f"p{number}", "port": number, "targetPort": target or number, "protocol": "TCP"}


def cluster_role(name: str, rules: Sequence[Obj], **meta: Any) -> Obj:
    """A ClusterRole."""
    return obj(f"{RBAC}/v1", "ClusterRole", name, "", rules=list(rules), **meta)


def binding(
    name: str, role: str, accounts: Sequence[str], where: str = "", kind: str = "", space: str = APPLICATIONS
) -> Obj:
    """A ClusterRoleBinding, or a RoleBinding where a namespace is given, for ServiceAccounts of `space`."""
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": space} for account in accounts]
    reference = {"apiGroup": RBAC, "kind": kind or "ClusterRole", "name": role}
    own = "RoleBinding" if where else "ClusterRoleBinding"
    return obj(f"{RBAC}/v1", own, name, where, roleRef=reference, subjects=subjects)


def rule(groups: str, resources: str, verbs: str = "get list watch") -> Obj:
    """An RBAC rule from words; "core" is the group without a name."""
    named = ["" if group == "core" else group for group in groups.split()]
    return {"apiGroups": named, "resources": resources.split(), "verbs": verbs.split()}


def http_probe(number: int, path: str, scheme: str = "HTTP") -> Obj:
    """A readiness probe that starts at once: what runs here needs no half minute to warm up."""
    check = {"path": path, "port": number, "scheme": scheme}
    return {"httpGet": check, "periodSeconds": 2, "failureThreshold": 30, "timeoutSeconds": 5}


def requests(cpu: str, memory: str) -> Obj:
    """Resources with a request and the same as limit of memory."""
    return {"requests": {"cpu": cpu, "memory": memory}}


def container(name: str, image: str, **more: Any) -> Obj:
    """A container as the restricted SCC wants it."""
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "securityContext": context, **more}


def deployment(
    name: str,
    pod: Obj,
    *,
    labels: dict[str, str] | None = None,
    replicas: int = 1,
    where: str = APPLICATIONS,
    **meta: Any,
) -> Obj:
    """A Deployment whose pods carry `labels` (by default one named after it)."""
    selector = labels or {"control-plane": name}
    template = {"metadata": {"labels": dict(selector)}, "spec": {"terminationGracePeriodSeconds": 3, **pod}}
    spec = {"replicas": replicas, "selector": {"matchLabels": dict(selector)}, "template": template}
    return obj("apps/v1", "Deployment", name, where, spec=spec, **meta)


def idle_deployment(name: str, image: str, account: str = "") -> Obj:
    """A Deployment of the stand-in that answers probes and does nothing."""
    env = [{"name": "IDLE_PORTS", "value": "8081"}]
    pod = {
        "serviceAccountName": account or "default",
        "containers": [
            container(
                "manager", image, env=env, readinessProbe=http_probe(8081, "/readyz"), resources=requests("10m", "64Mi")
            )
        ],
    }
    return deployment(name, pod)


def network_policy(name: str, where: str, ingress: Sequence[Obj], selector: dict[str, str] | None = None) -> Obj:
    """A NetworkPolicy for ingress; the rehearsal's network enforces none."""
    pods: Obj = {"matchLabels": selector} if selector else {}
    spec = {"podSelector": pods, "policyTypes": ["Ingress"], "ingress": list(ingress)}
    return obj("networking.k8s.io/v1", "NetworkPolicy", name, where, spec=spec)


def route(
    name: str, to: str, target: str | int, termination: str, where: str = APPLICATIONS, host: str = "", **meta: Any
) -> Obj:
    """A Route that redirects plain HTTP; without a host the router makes one."""
    spec: Obj = {
        "to": {"kind": "Service", "name": to, "weight": 100},
        "port": {"targetPort": target},
        "tls": {"termination": termination, "insecureEdgeTerminationPolicy": "Redirect"},
        "wildcardPolicy": "None",
        **({"host": host} if host else {}),
    }
    return obj("route.openshift.io/v1", "Route", name, where, spec=spec, **meta)
