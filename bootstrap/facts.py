"""What is on the cluster already, and so which era's manifests fit it: read once, in parallel, before any change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from bootstrap.errors import DemoError
from bootstrap.extra_operators import extra_operators
from bootstrap.kube.client import Client
from bootstrap.kube.objects import LABELS, Obj, Ref, dig

RHODS = "rhods-operator"
GITOPS = "openshift-gitops-operator"
MARKETPLACE = "openshift-marketplace"
APPLICATIONS = "redhat-ods-applications"
DSC_GROUP = "datasciencecluster.opendatahub.io"
DSCI_GROUP = "dscinitialization.opendatahub.io"
# OpenShift minor -> channel of OpenShift AI (RHODS_CHANNEL wins); a channel the catalog lacks is a doctor failure
CHANNELS = {
    14: "stable",
    15: "stable",
    16: "stable",
    17: "stable",
    18: "stable",
    19: "stable-3.x",
    20: "stable-3.x",
    21: "stable-3.x",
    22: "stable-3.x",
}
GITOPS_CHANNEL = "latest"
REDHAT = "redhat-operators"  # the catalog that these packages come from unless somebody chose another

COMPONENT = {"raw": "kserve", "modelmesh": "modelmeshserving"}  # what serves, by its key in a DataScienceCluster

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator package as this cluster knows it."""

    package: str
    subscription: Obj | None = None
    csv: Obj | None = None
    source: str | None = None
    channels: dict[str, str] = field(default_factory=dict)  # channel -> CSV at its head

    @property
    def ours(self) -> bool:
        """Say whether its Subscription carries our labels."""
        labels = dig(self.subscription, "metadata", "labels", default={})
        return all(labels.get(key) == value for key, value in LABELS.items())

    @property
    def channel(self) -> str | None:
        """Return the channel that it is subscribed to."""
        channel: str | None = dig(self.subscription, "spec", "channel")
        return channel

    @property
    def catalog(self) -> str | None:
        """Return the catalog that it comes from: its Subscription's, else the one that offers it."""
        catalog: str | None = dig(self.subscription, "spec", "source")
        return catalog or self.source

    @property
    def present(self) -> bool:
        """Say whether somebody has installed, or begun to install, it."""
        return self.subscription is not None or self.csv is not None

    @property
    def adopted(self) -> bool:
        """Say whether it is there and not ours."""
        return self.present and not self.ours


@dataclass(frozen=True, slots=True)
class Facts:
    """What the stages need to know of a cluster."""

    openshift: Version
    rhods: Operator
    gitops: Operator
    datascienceclusters: list[Obj] = field(default_factory=list)
    initializations: list[Obj] = field(default_factory=list)  # DSCInitialization: one, of any name
    argocds: list[Obj] = field(default_factory=list)
    others: Mapping[str, Operator] = field(default_factory=dict)  # what stages bring beside these two

    @property
    def has_rhods(self) -> bool:
        """Say whether OpenShift AI is there, by whatever means it came; CRDs alone may be left from an earlier one."""
        return self.rhods.present or bool(self.datascienceclusters)

    @property
    def argocd(self) -> Ref:
        """Return the Argo CD instance that delivers: the default one, or else the first there is."""
        for obj in sorted(self.argocds, key=lambda found: dig(found, "metadata", "namespace") != "openshift-gitops"):
            return Ref.of(obj)
        return Ref("argoproj.io/v1beta1", "ArgoCD", "openshift-gitops", "openshift-gitops")


def version_of(csv_name: str) -> Version:
    """Return the version in a CSV's name.

    >>> version_of("rhods-operator.2.25.10")
    (2, 25, 10)
    """
    found = re.search(r"\.v?(\d+(?:\.\d+)*)", csv_name)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def gather(client: Client, catalog: str | None = None) -> Facts:
    """Return what this cluster has, and a chosen catalog offers; kinds it does not serve count as none."""
    more = [one.package for one in extra_operators()]
    names = [RHODS, GITOPS, *more]
    asked = {
        "versions": ("config.openshift.io/v1", "ClusterVersion"),
        "subscriptions": ("operators.coreos.com/v1alpha1", "Subscription"),
        "dsc2": (f"{DSC_GROUP}/v2", "DataScienceCluster"),
        "dsc1": (f"{DSC_GROUP}/v1", "DataScienceCluster"),
        "dsci2": (f"{DSCI_GROUP}/v2", "DSCInitialization"),
        "dsci1": (f"{DSCI_GROUP}/v1", "DSCInitialization"),
        "argocds": ("argoproj.io/v1beta1", "ArgoCD"),
    }
    with ThreadPoolExecutor(max_workers=8) as pool:
        lists = {name: pool.submit(client.list, *kind) for name, kind in asked.items()}
        found = {name: answer.result() for name, answer in lists.items()}
        asked_of = {name: pool.submit(operator, client, name, found["subscriptions"], catalog) for name in names}
        operators = {name: answer.result() for name, answer in asked_of.items()}
    return Facts(
        openshift=openshift_version(found["versions"]),
        rhods=operators[RHODS],
        gitops=operators[GITOPS],
        datascienceclusters=found["dsc2"] or found["dsc1"],
        initializations=found["dsci2"] or found["dsci1"],
        argocds=found["argocds"],
        others={name: operators[name] for name in more},
    )


def openshift_version(cluster_versions: list[Obj]) -> Version:
    """Return the version of OpenShift, empty where this is no OpenShift."""
    for obj in cluster_versions:
        return version_of("." + str(dig(obj, "status", "desired", "version", default="")))
    return ()


def operator(client: Client, package: str, subscriptions: list[Obj], catalog: str | None = None) -> Operator:
    """Return what the cluster knows of one operator package, whatever its Subscription is named."""
    mine = [obj for obj in subscriptions if dig(obj, "spec", "name") == package]
    subscription = mine[0] if mine else None
    namespace = dig(subscription, "metadata", "namespace")
    csv = installed_csv(client, package, namespace) if namespace else None
    manifest = offer(client, package, dig(subscription, "spec", "source") or catalog)
    channels = {c["name"]: c.get("currentCSV", "") for c in dig(manifest, "status", "channels", default=[])}
    return Operator(package, subscription, csv, dig(manifest, "status", "catalogSource"), channels)


def offer(client: Client, package: str, catalog: str | None) -> Obj | None:
    """Return the PackageManifest of a package, from this catalog, or else Red Hat's, where several have it."""
    ref = Ref("packages.operators.coreos.com/v1", "PackageManifest", MARKETPLACE, package)
    found = client.find(ref)
    wanted = catalog or REDHAT
    if found is None or wanted == dig(found, "status", "catalogSource"):
        return found
    its = client.list(ref.api_version, ref.kind, ref.namespace, label_selector=f"catalog={wanted}")
    return next((obj for obj in its if Ref.of(obj).name == package), found)


def installed_csv(client: Client, package: str, namespace: str) -> Obj | None:
    """Return the newest CSV of a package in its own namespace (copies elsewhere do not count)."""
    found = client.list("operators.coreos.com/v1alpha1", "ClusterServiceVersion", namespace)
    own = [
        obj
        for obj in found
        if Ref.of(obj).name.startswith(f"{package}.")
        and "olm.copiedFrom" not in dig(obj, "metadata", "labels", default={})
    ]
    return max(own, key=lambda obj: version_of(Ref.of(obj).name), default=None)


def rhods_channel(facts: Facts, wanted: str | None) -> str:
    """Return the channel that is subscribed to, and is never left, or else the one to subscribe to.

    A cluster without a row, or a channel not offered, is said so.
    """
    if facts.rhods.channel:
        return facts.rhods.channel
    minor = facts.openshift[1] if len(facts.openshift) > 1 else 0
    channel = wanted or CHANNELS.get(minor)
    offered = ", ".join(sorted(facts.rhods.channels)) or "none"
    if channel is None:
        raise DemoError(
            f"OpenShift {'.'.join(map(str, facts.openshift)) or 'of unknown version'} has no default channel of "
            f"{RHODS}; set RHODS_CHANNEL to one of: {offered}"
        )
    if channel not in facts.rhods.channels:
        raise DemoError(f"package {RHODS} has no channel '{channel}'; set RHODS_CHANNEL to one of: {offered}")
    return channel


def rhods_version(facts: Facts, wanted_channel: str | None = None) -> Version:
    """Return the version of OpenShift AI that is there, else that of the channel to be installed."""
    if facts.rhods.csv:
        return version_of(Ref.of(facts.rhods.csv).name)
    if facts.rhods.subscription and (resolved := dig(facts.rhods.subscription, "status", "currentCSV")):
        return version_of(resolved)
    for obj in facts.datascienceclusters:
        if release := dig(obj, "status", "release", "version"):
            return version_of(f".{release}")
    channel = rhods_channel(facts, wanted_channel)
    if channel not in facts.rhods.channels:
        raise DemoError(
            f"{RHODS} is subscribed to channel '{channel}', which no catalog offers now; look at its Subscription "
            "and at the CatalogSources in openshift-marketplace"
        )
    return version_of(facts.rhods.channels[channel])


def managed(dsc: Obj, component: str) -> bool:
    """Say whether a DataScienceCluster installs a component."""
    return bool(dig(dsc, "spec", "components", component, "managementState") == "Managed")


def era_of(facts: Facts, serving: str, channel: str | None) -> str:
    """Return how this cluster serves: what its version does best, unless its DataScienceCluster has only the other."""
    found = era(rhods_version(facts, channel), serving)
    mesh_alone = any(
        managed(dsc, COMPONENT["modelmesh"]) and not managed(dsc, "kserve") for dsc in facts.datascienceclusters
    )
    return "modelmesh" if serving == "auto" and mesh_alone else found


def era(version: Version, serving: str) -> str:
    """Return how this version serves here: `raw` (KServe) or `modelmesh`."""
    shown = ".".join(map(str, version)) or "unknown"
    if version and version < (2, 4):
        raise DemoError(
            f"OpenShift AI {shown} is too old: this demo needs 2.4 or newer; upgrade it, or use another cluster"
        )
    if serving == "modelmesh":
        if version >= (3,):
            raise DemoError(f"SERVING=modelmesh, but OpenShift AI {shown} has no ModelMesh; leave SERVING out")
        return "modelmesh"
    return "raw" if version >= (2, 17) else "modelmesh"
