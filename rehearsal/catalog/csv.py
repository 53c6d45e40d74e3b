"""The shape that every ClusterServiceVersion of ours shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Obj = dict[str, Any]
ALL_NAMESPACES = [
    {"type": mode, "supported": mode == "AllNamespaces"}
    for mode in ("OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces")
]


def deployment(name: str, labels: dict[str, str], pod: Obj, replicas: int = 1) -> Obj:
    """A Deployment as `spec.install.spec.deployments` holds it."""
    return {
        "name": name,
        "label": labels,
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def csv(
    name: str,
    version: str,
    display_name: str,
    provider: str,
    deployments: Sequence[Obj],
    *,
    service_account: str,
    cluster_rules: Sequence[Obj],
    owned: Sequence[Obj] = (),
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> Obj:
    """A ClusterServiceVersion for all namespaces, whose Deployments run under one ServiceAccount."""
    return {
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "ClusterServiceVersion",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {
            "displayName": display_name,
            "version": version,
            "provider": {"name": provider},
            "installModes": ALL_NAMESPACES,
            "customresourcedefinitions": {"owned": list(owned)},
            "install": {
                "strategy": "deployment",
                "spec": {
                    "clusterPermissions": [{"serviceAccountName": service_account, "rules": list(cluster_rules)}],
                    "deployments": list(deployments),
                },
            },
            **spec,
        },
    }
