"""`openshift-gitops-operator` as the catalog offers it; its engine is the real argocd-operator."""

from __future__ import annotations

import copy
from pathlib import Path

import yaml

from rehearsal.catalog.csv import Obj, csv, deployment
from rehearsal.catalog.fbc import Entry, Package

VERSION = "1.21.4"
NAME = f"openshift-gitops-operator.v{VERSION}"
REGISTRY = "registry.redhat.io/openshift-gitops-1"
IMAGES = {
    "ARGOCD_IMAGE": f"{REGISTRY}/argocd-rhel9:v{VERSION}",
    "ARGOCD_REPOSERVER_IMAGE": f"{REGISTRY}/argocd-rhel9:v{VERSION}",
    "ARGOCD_DEX_IMAGE": f"{REGISTRY}/dex-rhel9:v{VERSION}",
    "ARGOCD_REDIS_IMAGE": "registry.redhat.io/rhel9/redis-7:1",
    "BACKEND_IMAGE": f"{REGISTRY}/gitops-rhel9:v{VERSION}",
    "GITOPS_CONSOLE_PLUGIN_IMAGE": f"{REGISTRY}/console-plugin-rhel9:v{VERSION}",
}
LABELS = {"control-plane": "gitops-operator"}
DEPLOYMENT = "openshift-gitops-operator-controller-manager"
NESTED = {"matrix", "merge"}


def package(engine: Path) -> Package:
    """The package, with the CRDs and rights of the engine's own bundle (a folder of manifests)."""
    manifests = [yaml.load(path.read_text(), yaml.CSafeLoader) for path in sorted(engine.glob("*.yaml"))]
    crds = [_served_without_webhook(obj) for obj in manifests if obj["kind"] == "CustomResourceDefinition"]
    crds.append(_gitops_service_crd())
    upstream = next(obj for obj in manifests if obj["kind"] == "ClusterServiceVersion")
    rules = upstream["spec"]["install"]["spec"]["clusterPermissions"][0]["rules"]
    objects = [_csv([*rules, *_own_rules()], crds), *crds]
    entry = Entry(NAME, replaces="openshift-gitops-operator.v1.21.3", skip_range=f">=1.21.0 <{VERSION}")
    channels = {"gitops-1.21": (entry,), "latest": (entry,)}
    text = "Declarative GitOps with Argo CD (rehearsal stand-in around the real argocd-operator)"
    return Package("openshift-gitops-operator", text, "latest", channels, {NAME: objects})


def _csv(rules: list[Obj], crds: list[Obj]) -> Obj:
    return csv(
        NAME,
        VERSION,
        "Red Hat OpenShift GitOps",
        "Red Hat Inc",
        [deployment(DEPLOYMENT, LABELS, _pod())],
        service_account=DEPLOYMENT,
        cluster_rules=rules,
        owned=[_owned(crd, version["name"]) for crd in crds for version in crd["spec"]["versions"]],
        annotations={
            "operatorframework.io/suggested-namespace": "openshift-gitops-operator",
            "operatorframework.io/cluster-monitoring": "true",
            "operators.operatorframework.io/internal-objects": '["gitopsservices.pipelines.openshift.io"]',
            "console.openshift.io/plugins": '["gitops-plugin"]',
        },
        maturity="GA",
        replaces="openshift-gitops-operator.v1.21.3",
    )


def _owned(crd: Obj, version: str) -> Obj:
    kind = crd["spec"]["names"]["kind"]
    return {"name": crd["metadata"]["name"], "version": version, "kind": kind, "displayName": kind}


def _pod() -> Obj:
    env: list[Obj] = [{"name": name, "value": value} for name, value in IMAGES.items()]
    env += [
        {"name": "ARGOCD_CLUSTER_CONFIG_NAMESPACES", "value": "openshift-gitops"},
        # upstream converts v1alpha1 by a webhook; nobody here writes v1alpha1, so the rehearsal serves v1beta1 alone
        {"name": "ENABLE_CONVERSION_WEBHOOK", "value": "false"},
        {"name": "OPERATOR_NAME", "value": "gitops-operator"},
        {
            "name": "WATCH_NAMESPACE",
            "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['olm.targetNamespaces']"}},
        },
    ]
    return {
        "serviceAccountName": DEPLOYMENT,
        "terminationGracePeriodSeconds": 10,
        "containers": [
            {
                "name": "manager",
                "image": f"{REGISTRY}/gitops-rhel9-operator:v{VERSION}",
                "command": ["/usr/local/bin/manager"],
                "args": ["--health-probe-bind-address=:8081", "--metrics-bind-address=127.0.0.1:8080"],
                "env": env,
                # shorter than the original's 15 s and 5 s: nothing here needs that long to start
                "livenessProbe": {
                    "httpGet": {"path": "/healthz", "port": 8081},
                    "initialDelaySeconds": 15,
                    "periodSeconds": 20,
                },
                "readinessProbe": {
                    "httpGet": {"path": "/readyz", "port": 8081},
                    "initialDelaySeconds": 1,
                    "periodSeconds": 2,
                },
            }
        ],
    }


def _own_rules() -> list[Obj]:
    """What the GitopsService half needs, and the rights that its Argo CD hands on."""
    write = ["create", "get", "list", "watch", "update", "patch", "delete"]
    return [
        {"apiGroups": ["pipelines.openshift.io"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": ["console.openshift.io"], "resources": ["consolelinks", "consoleplugins"], "verbs": write},
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["*"], "verbs": ["*", "bind", "escalate"]},
        {
            "apiGroups": ["apiextensions.k8s.io"],
            "resources": ["customresourcedefinitions"],
            "verbs": ["get", "list", "watch"],
        },
        {"apiGroups": ["config.openshift.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
        {
            "apiGroups": ["operators.coreos.com"],
            "resources": ["subscriptions", "clusterserviceversions"],
            "verbs": ["get", "list", "watch"],
        },
        {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"]},
    ]


def _gitops_service_crd() -> Obj:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gitopsservices.pipelines.openshift.io"},
        "spec": {
            "group": "pipelines.openshift.io",
            "names": {
                "kind": "GitopsService",
                "listKind": "GitopsServiceList",
                "plural": "gitopsservices",
                "singular": "gitopsservice",
            },
            "scope": "Cluster",
            "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def shallow(version: Obj) -> Obj:
    """The version without the schemas of generators inside generators: all kinds three times over, most of a megabyte.

    Every CRD costs the API server time by its size, this one more than all others together; it takes anything there.
    """
    found = copy.deepcopy(version)
    schema = found.get("schema", {}).get("openAPIV3Schema", {})
    spec = schema.get("properties", {}).get("spec", {}).get("properties", {})
    generator = spec.get("generators", {}).get("items", {}).get("properties", {})
    for name in NESTED & set(generator):
        generator[name] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return found


def _served_without_webhook(crd: Obj) -> Obj:
    """The CRD with its storage version alone, where the original has several joined by a conversion webhook."""
    if crd["kind"] != "CustomResourceDefinition":
        return crd
    versions = [shallow(version) for version in crd["spec"]["versions"] if version["storage"]]
    spec = {key: value for key, value in crd["spec"].items() if key != "conversion"} | {"versions": versions}
    return {
        "apiVersion": crd["apiVersion"],
        "kind": crd["kind"],
        "metadata": {"name": crd["metadata"]["name"]},
        "spec": spec,
    }
