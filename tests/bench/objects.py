"""The objects that the apply and wait rows send: plain ones of several kinds in a namespace of their own."""

from __future__ import annotations

from typing import Any

NAMESPACE = "bench"
Obj = dict[str, Any]


def fifty() -> list[Obj]:
    """Fifty objects: ConfigMaps, Secrets, Services, ServiceAccounts and Deployments that run nothing."""
    return [make(index) for index in range(10) for make in (_config, _secret, _service, _account, _deployment)]


def _named(api_version: str, kind: str, index: int, **content: Any) -> Obj:
    labels = {"app.kubernetes.io/part-of": "serving-demo-bench"}
    meta = {"name": f"{kind.lower()}-{index}", "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **content}


def _config(index: int) -> Obj:
    return _named("v1", "ConfigMap", index, data={f"key-{number}": "value " * 20 for number in range(10)})


def _secret(index: int) -> Obj:
    return _named("v1", "Secret", index, stringData={"key": "not-a-secret"})


def _service(index: int) -> Obj:
    return _named("v1", "Service", index, spec={"selector": {"app": str(index)}, "ports": [{"port": 80}]})


def _account(index: int) -> Obj:
    return _named("v1", "ServiceAccount", index)


def _deployment(index: int) -> Obj:
    labels = {"app": f"bench-{index}"}
    container = {"name": "main", "image": "registry.example.com/none:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return _named(
        "apps/v1", "Deployment", index, spec={"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    )
