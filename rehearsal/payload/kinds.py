"""OpenShift's kinds: real CRDs where OpenShift has CRDs, small ones of ours where it has an aggregated API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rehearsal.api import Api, Obj
from rehearsal.catalog.fbc import lean
from rehearsal.cluster import Cluster
from rehearsal.payload.apply import apply_all, established
from rehearsal.toolchain import data

# by source: the CRD files that a client of OpenShift AI or GitOps can meet; a name with feature sets takes Default
CONFIG = (
    "apiservers",
    "authentications",
    "clusteroperators",
    "clusterversions",
    "consoles",
    "dnses",
    "featuregates",
    "images",
    "infrastructures",
    "ingresses",
    "networks",
    "nodes",
    "oauths",
    "operatorhubs",
    "projects",
    "proxies",
    "schedulers",
)
OTHERS = {
    "console/v1": ("consolelinks", "consoleplugins", "consolequickstarts"),
    "imageregistry/v1": ("configs",),
    "operator/v1": ("ingresscontrollers",),
    "route/v1": ("routes",),
    "security/v1": ("securitycontextconstraints",),
}
GATEWAY = ("gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants")
MONITORING = ("podmonitors", "prometheuses", "prometheusrules", "servicemonitors")
# group -> (plural, kind, namespaced): OpenShift serves these from its own API server, etcd holds them all the same
AGGREGATED: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "oauth.openshift.io": (
        ("oauthaccesstokens", "OAuthAccessToken", False),
        ("oauthclients", "OAuthClient", False),
        ("useroauthaccesstokens", "UserOAuthAccessToken", False),
    ),
    "template.openshift.io": (("templates", "Template", True),),
    "user.openshift.io": (("groups", "Group", False), ("identities", "Identity", False), ("users", "User", False)),
}


def openshift_crds() -> list[Obj]:
    """The real CRDs, read from the pinned modules."""
    root = data("openshift-api")
    files = [_file(root / "config/v1", name) for name in CONFIG]
    files += [_file(root / folder, name) for folder, names in OTHERS.items() for name in names]
    files += [data("gateway-api") / f"config/crd/standard/gateway.networking.k8s.io_{name}.yaml" for name in GATEWAY]
    folder = data("prometheus-operator") / "example/prometheus-operator-crd"
    files += [folder / f"monitoring.coreos.com_{name}.yaml" for name in MONITORING]
    return [_plain(yaml.load(path.read_text(), yaml.CSafeLoader)) for path in files]


def _file(folder: Path, name: str) -> Path:
    found = sorted(folder.glob(f"zz_generated.crd-manifests/*{name}*.crd.yaml"))
    plain = [path for path in found if path.name.removesuffix(".crd.yaml").endswith(("_" + name, f"{name}-Default"))]
    return (plain or [path for path in found if path.name == f"{name}.crd.yaml"])[0]


def _plain(crd: Obj) -> Obj:
    """Without descriptions (memory), without what the file only carries for OpenShift's own build."""
    return lean({**crd, "metadata": {"name": crd["metadata"]["name"], "annotations": _approval(crd)}})


def _approval(crd: Obj) -> dict[str, str]:
    # groups under *.k8s.io are refused without this one
    name = "api-approved.kubernetes.io"
    return {key: text for key, text in crd["metadata"].get("annotations", {}).items() if key == name}


def aggregated_crds() -> list[Obj]:
    """Kinds of OpenShift's aggregated APIs as permissive CRDs of ours."""
    return [_own(group, *kind) for group, kinds in AGGREGATED.items() for kind in kinds]


def _own(group: str, plural: str, kind: str, namespaced: bool) -> Obj:
    anything: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    scope = "Namespaced" if namespaced else "Cluster"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": names, "scope": scope, "versions": [version]},
    }


async def install(api: Api, cluster: Cluster) -> None:
    """The API server serves OpenShift's kinds."""
    crds = openshift_crds() + aggregated_crds()
    await apply_all(api, crds)
    await established(api, crds)
