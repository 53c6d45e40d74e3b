"""A healthy cluster as the doctor sees it, and how a case departs from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bootstrap.doctor.finding import Finding
from bootstrap.doctor.sight import Sight
from bootstrap.kube.objects import Obj
from bootstrap.login import Session
from bootstrap.settings import Settings
from tests.unit.cluster import facts, obj

SPACE = "serving-demo-gitops"
OLM = "operators.coreos.com/v1alpha1"
SESSION = Session(Path("kubeconfig"), "https://api.example.com:6443", "ann", "id-1", False)


def version(**conditions: Any) -> Obj:
    return obj("config.openshift.io/v1", "ClusterVersion", "version", status={"conditions": [conditions]})


def catalog(name: str = "redhat-operators", state: str = "READY") -> Obj:
    status = {"connectionState": {"lastObservedState": state}}
    return obj(OLM, "CatalogSource", name, "openshift-marketplace", status=status)


def storage_class(name: str, default: bool = True, made: str = "2026-01-01T00:00:00Z") -> Obj:
    found = obj("storage.k8s.io/v1", "StorageClass", name)
    found["metadata"] |= {"creationTimestamp": made}
    found["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    return found


def node(name: str = "n1", cpu: str = "16", memory: str = "64Gi", **spec: Any) -> Obj:
    status = {"allocatable": {"cpu": cpu, "memory": memory}, "conditions": [{"type": "Ready", "status": "True"}]}
    return obj("v1", "Node", name, spec=spec, status=status)


def sight(**more: Any) -> Sight:
    settings = Settings(**more.pop("settings", {}))
    known: dict[str, Any] = {
        "facts": facts(),
        "versions": [version(type="Progressing", status="False")],
        "catalogs": [catalog()],
        "classes": [storage_class("gp3")],
        "nodes": [node()],
        "cluster_id": "id-1",
    }
    return Sight(settings, SESSION, **{**known, **more})


def said(look: Callable[[Any], Iterable[Finding]], gathered: Any) -> list[str]:
    """Return findings as text: a mark for what blocks, where, what, why and the next step."""
    return [f"{'x' if one.blocks else '!'} {one}" for one in look(gathered)]
