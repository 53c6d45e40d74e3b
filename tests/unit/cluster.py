"""A client over a handful of objects in memory and a visit with it: the edges of the journey, as tests give them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bootstrap.desired import Plan
from bootstrap.errors import NotFound
from bootstrap.facts import GITOPS, RHODS, Facts, Operator
from bootstrap.kube.objects import Obj, Ref
from bootstrap.login import Session
from bootstrap.outside import Outside
from bootstrap.settings import Settings
from bootstrap.stages import Visit

URL, REVISION = "https://git.example.com/demo.git", "a" * 40


class Objects:
    """Answers like the API client, from memory."""

    server = "https://api.example.com:6443"

    def __init__(self, objects: Iterable[Obj] = (), served: Iterable[str] = ()) -> None:
        self.objects = {Ref.of(obj): obj for obj in objects}
        self.served = set(served)

    def find(self, ref: Ref) -> Obj | None:
        return self.objects.get(ref)

    def get(self, ref: Ref) -> Obj:
        if ref not in self.objects:
            raise NotFound(f"{ref} does not exist", status=404)
        return self.objects[ref]

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list:
        found = [obj for ref, obj in self.objects.items() if (ref.api_version, ref.kind) == (api_version, kind)]
        wanted = [one.partition("=") for one in (label_selector or "").split(",") if one]
        for key, equals, value in wanted:
            labels = [obj["metadata"].get("labels", {}) for obj in found]
            found = [
                o for o, has in zip(found, labels, strict=True) if key in has and (not equals or has[key] == value)
            ]
        return [obj for obj in found if namespace in (None, obj["metadata"].get("namespace"))]

    def serves(self, api_version: str, kind: str) -> bool:
        return api_version in self.served


def obj(api_version: str, kind: str, name: str, namespace: str | None = None, **more: Any) -> Obj:
    """Return an object; keywords become its other fields, `labels` those of its metadata."""
    meta: dict[str, Any] = {"name": name, "labels": more.pop("labels", {})}
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **more}


def subscription(package: str, namespace: str, csv: str, **more: Any) -> Obj:
    return obj(
        "operators.coreos.com/v1alpha1",
        "Subscription",
        more.pop("name", package),
        namespace,
        spec={"name": package, "source": "redhat-operators"},
        status={"currentCSV": csv, "installedCSV": csv},
        **more,
    )


def csv(name: str, namespace: str) -> Obj:
    return obj("operators.coreos.com/v1alpha1", "ClusterServiceVersion", name, namespace, status={"phase": "Succeeded"})


def facts(**more: Any) -> Facts:
    channels = {"stable-3.x": "rhods-operator.3.4.3", "stable": "rhods-operator.2.25.10"}
    known: dict[str, Any] = {
        "openshift": (4, 20, 8),
        "rhods": Operator(RHODS, source="redhat-operators", channels=channels),
        "gitops": Operator(GITOPS, source="redhat-operators", channels={"latest": "openshift-gitops-operator.v1.21.4"}),
    }
    return Facts(**{**known, **more})


def plan(delivery: str = "gitops", era: str = "raw", found: Facts | None = None, **settings: Any) -> Plan:
    return Plan(Settings(**settings), found or facts(), era, delivery, URL, REVISION)


def visit(client: Objects, folder: Path, delivery: str = "direct", era: str = "raw", **settings: Any) -> Visit:
    here = plan(delivery, era, state_dir=folder, **settings)
    session = Session(folder / "kubeconfig", client.server, "admin", "id", False)
    return Visit(here.settings, session, client, Outside(), here.facts, here)  # type: ignore[arg-type]
