"""The three catalogs that OpenShift's marketplace offers, generated here and served by `opm` in registry pods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.api import Api, Obj
from rehearsal.catalog import fbc, gitops, hello, openshift_ai
from rehearsal.cluster import Cluster
from rehearsal.toolchain import data

NAMESPACE = "openshift-marketplace"
SERVED = Path("/run/catalogs")  # inside the rehearsal /run is private: every start writes the catalogs anew


@dataclass(frozen=True, slots=True)
class Catalog:
    """A CatalogSource and what is in it for an OpenShift version."""

    display_name: str
    publisher: str
    image: str  # without its tag, which is the OpenShift minor version
    packages: Callable[[Cluster], list[fbc.Package]]


def _red_hat(cluster: Cluster) -> list[fbc.Package]:
    return [gitops.package(data("argocd-operator") / "bundle" / "manifests"), openshift_ai.package(cluster.openshift)]


def _certified(cluster: Cluster) -> list[fbc.Package]:
    return []


def _community(cluster: Cluster) -> list[fbc.Package]:
    return [hello.package()]


CATALOGS: Mapping[str, Catalog] = {
    "redhat-operators": Catalog(
        "Red Hat Operators", "Red Hat", "registry.redhat.io/redhat/redhat-operator-index", _red_hat
    ),
    "certified-operators": Catalog(
        "Certified Operators", "Red Hat", "registry.redhat.io/redhat/certified-operator-index", _certified
    ),
    "community-operators": Catalog(
        "Community Operators", "Red Hat", "registry.redhat.io/redhat/community-operator-index", _community
    ),
}


def source(name: str, catalog: Catalog, cluster: Cluster) -> Obj:
    """The CatalogSource as OpenShift's marketplace operator makes it."""
    minor = ".".join(cluster.openshift.split(".")[:2])
    return {
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "CatalogSource",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "displayName": catalog.display_name,
            "publisher": catalog.publisher,
            "sourceType": "grpc",
            "image": f"{catalog.image}:v{minor}",
            "grpcPodConfig": {"securityContextConfig": "restricted"},
        },
    }


async def install(api: Api, cluster: Cluster) -> None:
    """The catalogs are written and their CatalogSources exist; OLM starts their registry pods."""
    for name, catalog in CATALOGS.items():
        fbc.write(catalog.packages(cluster), SERVED / name)
        path = f"/apis/operators.coreos.com/v1alpha1/namespaces/{NAMESPACE}/catalogsources/{name}"
        await api.apply(path, source(name, catalog, cluster), "marketplace-operator")
