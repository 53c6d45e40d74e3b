"""The three catalogs that OpenShift's marketplace offers, generated here and served by `opm` in registry pods."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal import faults
from rehearsal.api import Api, ApiError, Obj
from rehearsal.catalog import cert_manager, fbc, gitops, hello, openshift_ai
from rehearsal.cluster import Cluster, RehearsalError
from rehearsal.progress import say
from rehearsal.toolchain import data

NAMESPACE = "openshift-marketplace"
SOURCES = f"/apis/operators.coreos.com/v1alpha1/namespaces/{NAMESPACE}/catalogsources"
MANIFESTS = "/apis/packages.operators.coreos.com/v1/namespaces/default/packagemanifests"
SERVED_SECONDS = 150  # registry pods and the package server take 5 to 15 s on a quiet machine
SERVED = Path("/run/catalogs")  # inside the rehearsal /run is private: every start writes the catalogs anew


@dataclass(frozen=True, slots=True)
class Catalog:
    """A CatalogSource and what is in it for an OpenShift version."""

    display_name: str
    publisher: str
    image: str  # without its tag, which is the OpenShift minor version
    packages: Callable[[Cluster], list[fbc.Package]]


def _red_hat(cluster: Cluster) -> list[fbc.Package]:
    engine = data("argocd-operator") / "bundle" / "manifests"
    return [cert_manager.package(), gitops.package(engine), openshift_ai.package(cluster.openshift)]


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
        await api.apply(f"{SOURCES}/{name}", source(name, catalog, cluster), "marketplace-operator")


async def served(api: Api, cluster: Cluster) -> None:
    """Every catalog is READY and its packages can be listed; not those that a fault keeps down."""
    down = {"catalog-down", "image-pull"} & set(faults.read(cluster))
    if down:
        say(f"catalogs are not waited for, because of {', '.join(sorted(down))}")
        return
    wanted = {package.name for catalog in CATALOGS.values() for package in catalog.packages(cluster)}
    try:
        async with asyncio.timeout(SERVED_SECONDS):
            while missing := await _not_served(api, wanted):
                await asyncio.sleep(0.3)
    except TimeoutError:
        raise RehearsalError(f"not served after {SERVED_SECONDS} s: {', '.join(sorted(missing))}") from None


async def _not_served(api: Api, wanted: set[str]) -> set[str]:
    sources = await api.list(SOURCES)
    states = {obj["metadata"]["name"]: obj.get("status", {}).get("connectionState", {}) for obj in sources}
    late = {f"catalog {name}" for name, state in states.items() if state.get("lastObservedState") != "READY"}
    try:
        found = {obj["metadata"]["name"] for obj in await api.list(MANIFESTS)}
    except ApiError:
        found = set()  # the package server's API is not there yet
    return late | {f"package {name}" for name in wanted - found}
