"""The objects that an InferenceService gets beside KServe's own."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.operators.world import owned

Obj = dict[str, Any]
SERVING = "serving.kserve.io"
VISIBILITY = "networking.kserve.io/visibility"
AUTH = "security.opendatahub.io/enable-auth"
TIMEOUT = "haproxy.router.openshift.io/timeout"
COMPONENT_SECONDS = 30
METERED = ("vllm", "ovms", "tgis", "caikit")  # runtimes whose metrics the dashboard can draw


def notes_of(obj: Obj) -> dict[str, str]:
    """The annotations of an object."""
    return obj["metadata"].get("annotations") or {}


def mode(isvc: Obj, default: str = "RawDeployment") -> str:
    """How an InferenceService is deployed: its status decides, then its annotation, then the cluster's default."""
    status = (isvc.get("status") or {}).get("deploymentMode")
    found = str(status or notes_of(isvc).get(f"{SERVING}/deploymentMode") or default)
    return "RawDeployment" if found == "Standard" else found


def wants_auth(obj: Obj) -> bool:
    """Whether the annotation for token protection says true."""
    return notes_of(obj).get(AUTH, "").lower() == "true"


def exposed(isvc: Obj) -> bool:
    """Whether the InferenceService wants a Route."""
    return (isvc["metadata"].get("labels") or {}).get(VISIBILITY) == "exposed"


def timeout(isvc: Obj) -> str:
    """How long the router waits: the annotation's word, or the sum of the components' timeouts."""
    spec = isvc.get("spec") or {}
    parts = [spec[name] for name in ("predictor", "transformer") if spec.get(name)]
    total = sum(int(part.get("timeout") or COMPONENT_SECONDS) for part in parts)
    return notes_of(isvc).get(TIMEOUT) or f"{total}s"


def route(isvc: Obj, service: Obj) -> Obj | None:
    """The Route of a raw deployment, None while its Service has no port with a name."""
    ports = service["spec"].get("ports") or []
    names = [port["name"] for port in ports if port.get("name")]
    wanted = "https" if wants_auth(isvc) else "http"
    if wanted not in names and not names:
        return None
    target = wanted if wanted in names else names[0]
    termination = "reencrypt" if wants_auth(isvc) else "edge"
    return _route(isvc, service["metadata"]["name"], target, termination, {TIMEOUT: timeout(isvc)})


def mesh_route(isvc: Obj, runtime: Obj, era: str) -> Obj:
    """The Route of a model on ModelMesh, which leads to that model alone."""
    secured = wants_auth(runtime)
    notes = {TIMEOUT: timeout(isvc)} if era != "2.8" else {}
    found = _route(isvc, "modelmesh-serving", 8443 if secured else 8008, "reencrypt" if secured else "edge", notes)
    found["spec"]["path"] = f"/v2/models/{isvc['metadata']['name']}"
    return found


def _route(isvc: Obj, service: str, target: str | int, termination: str, notes: dict[str, str]) -> Obj:
    meta = isvc["metadata"]
    found = {
        "apiVersion": "route.openshift.io/v1",
        "kind": "Route",
        "metadata": {
            "name": meta["name"],
            "namespace": meta["namespace"],
            "labels": {"inferenceservice-name": meta["name"]},
            "annotations": notes,
        },
        "spec": {
            "to": {"kind": "Service", "name": service, "weight": 100},
            "port": {"targetPort": target},
            "tls": {"termination": termination, "insecureEdgeTerminationPolicy": "Redirect"},
            "wildcardPolicy": "None",
        },
    }
    return owned(found, isvc)


def auth_binding(isvc: Obj) -> Obj:
    """The binding that lets a token-protected predictor ask who is calling."""
    space = isvc["metadata"]["namespace"]
    account = ((isvc.get("spec") or {}).get("predictor") or {}).get("serviceAccountName") or "default"
    return delegator(space, account)


def delegator(namespace: str, account: str) -> Obj:
    """A ServiceAccount may have tokens reviewed."""
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"{namespace}-{account}-auth-delegator"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }


def metrics(isvc: Obj, runtime: Obj | None) -> list[Obj]:
    """Service, ServiceMonitor and the dashboard's ConfigMap, as far as the runtime allows."""
    meta = isvc["metadata"]
    name, space = f"{meta['name']}-metrics", meta["namespace"]
    notes = ((runtime or {}).get("spec") or {}).get("annotations") or {}
    word = runtime["metadata"]["name"].lower() if runtime else ""
    supported = any(item in word for item in METERED)
    found = [_config_map(f"{name}-dashboard", space, supported)]
    if runtime is not None:
        found.append(_monitor(name, space, word, notes.get("prometheus.kserve.io/path", "/metrics")))
    if port := notes.get("prometheus.kserve.io/port"):
        spec = {
            "selector": {f"{SERVING}/inferenceservice": meta["name"]},
            "ports": [{"name": f"{word}-metrics", "port": int(port), "targetPort": int(port), "protocol": "TCP"}],
        }
        labels = {"monitoring.opendatahub.io/scrape": "true", "name": name}
        found.append(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": space, "labels": labels},
                "spec": spec,
            }
        )
    return [owned(item, isvc) for item in found]


def _config_map(name: str, space: str, supported: bool) -> Obj:
    data = {"supported": str(supported).lower()}
    if supported:
        data["metrics"] = json.dumps({"config": []})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": space}, "data": data}


def _monitor(name: str, space: str, runtime: str, path: str) -> Obj:
    spec = {
        "selector": {"matchLabels": {"name": name}},
        "endpoints": [{"port": f"{runtime}-metrics", "path": path, "scheme": "http"}],
    }
    meta = {"name": name, "namespace": space}
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": meta, "spec": spec}
