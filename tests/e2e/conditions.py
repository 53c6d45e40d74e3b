"""Clusters on which the demo cannot be raised: what is wrong on each, and what the command has to say about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Obj = dict[str, Any]
OLM, GROUPS = "operators.coreos.com/v1alpha1", "operators.coreos.com/v1"
PACKAGES, DSC = "packages.operators.coreos.com", "datasciencecluster.opendatahub.io"
MARKET, HOME, RHODS = "openshift-marketplace", "redhat-ods-operator", "rhods-operator"
OURS = {f"app.kubernetes.io/{key}": "serving-demo" for key in ("managed-by", "part-of")}
CHANNELS = {"stable": "rhods-operator.2.25.10", "stable-3.x": "rhods-operator.3.4.3"}


def obj(version: str, kind: str, name: str, namespace: str | None = None, **more: Any) -> Obj:
    labels = {"labels": more.pop("labels")} if "labels" in more else {}
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place, **labels}, **more}


def kind_of(group: str, version: str, plural: str, kind: str, namespaced: bool) -> Obj:
    """A kind that takes anything, in place of one whose server does not run here."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    spec = {
        "group": group,
        "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
        "scope": "Namespaced" if namespaced else "Cluster",
        "versions": [served],
    }
    return obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.{group}", spec=spec)


def package(name: str, channels: dict[str, str]) -> Obj:
    offered = [{"name": channel, "currentCSV": csv} for channel, csv in channels.items()]
    return obj(
        f"{PACKAGES}/v1",
        "PackageManifest",
        name,
        MARKET,
        status={"channels": offered, "catalogSource": "redhat-operators"},
    )


def catalog(state: str) -> Obj:
    status = {"connectionState": {"lastObservedState": state}}
    return obj(OLM, "CatalogSource", "redhat-operators", MARKET, status=status)


def subscription(name: str, namespace: str, operator: str = RHODS, **status: str) -> Obj:
    spec = {"name": operator, "channel": "stable", "source": "redhat-operators", "sourceNamespace": MARKET}
    return obj(OLM, "Subscription", name, namespace, spec=spec, status=status)


def group(name: str, namespace: str) -> Obj:
    return obj(GROUPS, "OperatorGroup", name, namespace, spec={})


def csv(name: str, namespace: str) -> Obj:
    return obj(OLM, "ClusterServiceVersion", name, namespace, status={"phase": "Succeeded"})


def webhook() -> Obj:
    """A webhook of an operator that has gone, in the way of everything in apps."""
    service = {"name": "gone", "namespace": "default", "path": "/"}
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}
    hook = {
        "name": "gone.example.com",
        "clientConfig": {"service": service},
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return obj(
        "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "of-a-gone-operator", webhooks=[hook]
    )


# a cluster on which nothing is in the way, so that each condition below is what is
HEALTHY: list[Obj] = [
    catalog("READY"),
    package(RHODS, CHANNELS),
    package("openshift-gitops-operator", {"latest": "openshift-gitops-operator.v1.21.4"}),
    obj("v1", "Namespace", HOME),
    obj("v1", "Namespace", "serving-demo-record"),
    obj("v1", "Namespace", "theirs"),
    obj("v1", "Namespace", "tight", labels=OURS),
    obj("v1", "ResourceQuota", "small", "tight", spec={"hard": {"requests.cpu": "100m"}}),
    obj("v1", "Namespace", "going"),
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": "going", "finalizers": ["example.com/nobody-serves-it"]},
    },
]
OPERATORS = "operators.coreos.com"
KINDS = [
    kind_of(OPERATORS, "v1alpha1", "catalogsources", "CatalogSource", True),
    kind_of(OPERATORS, "v1alpha1", "clusterserviceversions", "ClusterServiceVersion", True),
    kind_of(OPERATORS, "v1alpha1", "subscriptions", "Subscription", True),
    kind_of(OPERATORS, "v1", "operatorgroups", "OperatorGroup", True),
    kind_of(PACKAGES, "v1", "packagemanifests", "PackageManifest", True),
    kind_of(DSC, "v2", "datascienceclusters", "DataScienceCluster", False),
]
THERE = [
    group("by-hand", HOME),
    subscription("theirs", HOME, installedCSV="rhods-operator.3.4.3", currentCSV="rhods-operator.3.4.3"),
    csv("rhods-operator.3.4.3", HOME),
]
REMOVED = {"managementState": "Removed"}
OLD = [
    group("by-hand", HOME),
    subscription("theirs", HOME, installedCSV="rhods-operator.1.28.0", currentCSV="rhods-operator.1.28.0"),
    csv("rhods-operator.1.28.0", HOME),
]
LEASE = {
    "holderIdentity": "kube:admin on another-machine, process 7",
    "leaseDurationSeconds": 3600,
    "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One way in which a cluster is not fit, by what is put on it for as long as the command runs."""

    name: str
    says: tuple[str, ...]
    objects: tuple[Obj, ...] = ()
    arguments: tuple[str, ...] = ()
    verb: str = "demo"
    code: int = 1
    delivery: str = "direct"
    fault: tuple[str, ...] = ()  # of the rehearsal, with its parameters

    def __str__(self) -> str:
        return self.name


NOTHING = "nothing was changed: 1 problem stands in the way"
CONDITIONS = [
    Condition(
        "no-default-storage-class",
        (
            "StorageClass: none is the default (there: rehearsal-local)",
            "next: set STORAGE_CLASS to one of them",
            NOTHING,
        ),
        fault=("no-default-storageclass",),
    ),
    Condition(
        "unknown-storage-class",
        ("StorageClass fast: does not exist (there: rehearsal-local)", "next: set STORAGE_CLASS to one", NOTHING),
        arguments=("STORAGE_CLASS=fast",),
    ),
    Condition(
        "nodes-full",
        ("nodes: ", "are free on 1 nodes", "are needed", "next: add a node, or remove what nobody uses", NOTHING),
        fault=("node-full", "cpu=200m"),
    ),
    Condition(
        "namespace-terminating",
        ("Namespace going: is being deleted", "next: wait until it is gone; `oc get namespace going -o yaml`", NOTHING),
        arguments=("NAMESPACE=going",),
    ),
    Condition(
        "namespace-of-somebody-else",
        ("Namespace theirs: was made by somebody else", "next: set NAMESPACE to a name that is free", NOTHING),
        arguments=("NAMESPACE=theirs",),
    ),
    Condition(
        "quota",
        ("ResourceQuota tight/small: allows requests.cpu 100m", "next: raise requests.cpu in it", NOTHING),
        arguments=("NAMESPACE=tight",),
    ),
    Condition(
        "catalog-down",
        (
            "CatalogSource openshift-marketplace/redhat-operators: TRANSIENT_FAILURE",
            "next: see its pod: `oc -n openshift-marketplace describe pod",
            NOTHING,
        ),
        (catalog("TRANSIENT_FAILURE"),),
    ),
    Condition(
        "unknown-catalog",
        (
            "CatalogSource openshift-marketplace/mirror: does not exist (there: redhat-operators)",
            "next: set CATALOG_SOURCE",
        ),
        arguments=("CATALOG_SOURCE=mirror",),
    ),
    Condition(
        "channel-not-offered",
        (
            "package rhods-operator has no channel 'stable-9'",
            "next: set RHODS_CHANNEL to one of: stable, stable-3.x",
            NOTHING,
        ),
        arguments=("RHODS_CHANNEL=stable-9",),
    ),
    Condition(
        "channel-gone",
        ("package rhods-operator has no channel 'stable-3.x'", "next: set RHODS_CHANNEL to one of: stable\n", NOTHING),
        (package(RHODS, {"stable": CHANNELS["stable"]}),),
    ),
    Condition(
        "package-gone",
        (
            "PackageManifest openshift-marketplace/rhods-operator: is offered by no catalog",
            "or set CATALOG_SOURCE",
            NOTHING,
        ),
        (package(RHODS, {}),),
    ),
    Condition(
        "second-subscription",
        ("OpenShift AI: has 2 Subscriptions: ", "redhat-ods-operator/theirs", "next: delete the one too many"),
        (*THERE, subscription("another", HOME, installedCSV="rhods-operator.3.4.3")),
    ),
    Condition(
        "second-operator-group",
        ("Namespace redhat-ods-operator: has OperatorGroup", "/another", "/by-hand", "next: delete the one too many"),
        (*THERE, group("another", HOME)),
    ),
    Condition(
        "operator-group-in-the-way",
        (
            "Namespace redhat-ods-operator: has OperatorGroup",
            "and the demo brings its own",
            "next: delete the one",
            NOTHING,
        ),
        (group("by-hand", HOME),),
    ),
    Condition(
        "rival-operator",
        (
            "Subscription openshift-operators/odh: Open Data Hub is installed",
            "next: remove it, or use another cluster",
            NOTHING,
        ),
        (subscription("odh", "openshift-operators", "opendatahub-operator"),),
    ),
    Condition(
        "approval-by-hand",
        (
            "Subscription redhat-ods-operator/other: has installPlanApproval Manual",
            "set its installPlanApproval to Automatic",
        ),
        (obj(OLM, "Subscription", "other", HOME, spec={"name": "other", "installPlanApproval": "Manual"}),),
    ),
    Condition(
        "no-kserve",
        (
            "DataScienceCluster theirs: does not have kserve, so nothing can be served",
            "set its spec.components.kserve.managementState to Managed, or run this again with ALLOW_DSC_PATCH=1",
        ),
        (*THERE, obj(f"{DSC}/v2", "DataScienceCluster", "theirs", spec={"components": {"kserve": REMOVED}})),
    ),
    Condition(
        "one-point-x",
        ("OpenShift AI 1.28.0 is too old: this demo needs 2.4 or newer", "next: upgrade it, or use another cluster"),
        tuple(OLD),
    ),
    Condition(
        "modelmesh-on-3",
        ("SERVING=modelmesh, but OpenShift AI 3.4.3 has no ModelMesh", "leave SERVING out"),
        tuple(THERE),
        ("SERVING=modelmesh",),
    ),
    Condition(
        "already-have-rhods-without-it",
        (
            "OpenShift AI is not installed here, and `already-have-rhods` installs none",
            "`make` does, or install it first",
        ),
        verb="already-have-rhods",
        code=2,
    ),
    Condition(
        "webhook-without-server",
        (
            "ValidatingWebhookConfiguration of-a-gone-operator: webhook gone.example.com calls Service default/gone",
            "next: bring that Service back, or `oc delete validatingwebhookconfiguration of-a-gone-operator`",
            NOTHING,
        ),
        (webhook(),),
    ),
    Condition(
        "another-demo",
        ("this cluster has a demo in namespace elsewhere", "next: set NAMESPACE=elsewhere, or `make teardown"),
        (
            obj(
                "v1",
                "ConfigMap",
                "serving-demo-record",
                "serving-demo-record",
                data={"settings": '{"NAMESPACE": "elsewhere"}', "clusterID": "", "version": "", "server": ""},
            ),
        ),
    ),
    Condition(
        "two-runs",
        ("another run is at work on this cluster: kube:admin on another-machine, process 7", "wait until it is done"),
        (obj("coordination.k8s.io/v1", "Lease", "serving-demo", "serving-demo-record", spec=LEASE),),
        code=2,
    ),
    Condition(
        "teardown-without-a-demo",
        ("has no record of the demo, so what it made here is not known", "ADOPT_LEFTOVERS=1"),
        arguments=("YES=1",),
        verb="teardown",
        code=2,
    ),
    Condition(
        "stage-that-is-none",
        ("make: FROM 'paint' is not one of gitops, rhods, storage, model, serving",),
        arguments=("FROM=paint",),
        code=2,
    ),
]
