"""`openshift-cert-manager-operator`: what upstream manifests with webhooks of their own want to find on a cluster."""

from __future__ import annotations

from rehearsal.catalog.csv import Obj, csv, deployment
from rehearsal.catalog.fbc import Entry, Package

GROUP = "cert-manager.io"
PACKAGE = "openshift-cert-manager-operator"
NAME = "cert-manager-operator.v1.17.0"
IMAGE = "registry.redhat.io/cert-manager/cert-manager-operator-rhel9:v1.17.0"
ACCOUNT = "cert-manager-operator-controller-manager"
KINDS = (
    ("certificates", "Certificate", "Namespaced"),
    ("issuers", "Issuer", "Namespaced"),
    ("clusterissuers", "ClusterIssuer", "Cluster"),
)
RULES = [
    {"apiGroups": [GROUP], "resources": ["*"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch", "create", "update", "patch"]},
    {
        "apiGroups": ["admissionregistration.k8s.io", "apiregistration.k8s.io", "apiextensions.k8s.io"],
        "resources": [
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "apiservices",
            "customresourcedefinitions",
        ],
        "verbs": ["get", "list", "watch", "patch"],
    },
]


def crd(plural: str, kind: str, scope: str) -> Obj:
    """One kind of cert-manager, without its schema."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": scope,
            "versions": [{**version, "schema": {"openAPIV3Schema": anything}}],
        },
    }


def package() -> Package:
    """The package with its one version."""
    ready = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 2}  # noqa: S108 - the container's own
    pod = {
        "serviceAccountName": ACCOUNT,
        "terminationGracePeriodSeconds": 5,
        "containers": [{"name": "cert-manager-operator", "image": IMAGE, "readinessProbe": ready}],
    }
    crds = [crd(*kind) for kind in KINDS]
    owned = [
        {"name": one["metadata"]["name"], "version": "v1", "kind": one["spec"]["names"]["kind"]}
        | {"displayName": one["spec"]["names"]["kind"]}
        for one in crds
    ]
    version = csv(
        NAME,
        "1.17.0",
        "cert-manager Operator for Red Hat OpenShift",
        "Red Hat",
        [deployment(ACCOUNT, {"name": "cert-manager-operator"}, pod)],
        service_account=ACCOUNT,
        cluster_rules=RULES,
        owned=owned,
        annotations={"operatorframework.io/suggested-namespace": "cert-manager-operator"},
        minKubeVersion="1.25.0",
    )
    channels = {"stable-v1": (Entry(NAME),)}
    return Package(PACKAGE, "Manages certificates", "stable-v1", channels, {NAME: [version, *crds]})
