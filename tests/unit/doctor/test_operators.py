"""What the doctor says about operators: those to install and those that are there."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bootstrap.doctor import operators
from bootstrap.facts import GITOPS, RHODS, Facts, Operator
from bootstrap.kube.objects import LABELS, Obj
from tests.unit.cluster import csv, facts, obj, subscription
from tests.unit.doctor.cases import catalog, said, sight

HOME = "redhat-ods-operator"
OFFERED = {"stable": "rhods-operator.2.25.10", "stable-3.x": "rhods-operator.3.4.3"}


def group(namespace: str, name: str = "g", **more: Any) -> Obj:
    return obj("operators.coreos.com/v1", "OperatorGroup", name, namespace, **more)


def offered(**more: Any) -> Facts:
    return facts(rhods=Operator(RHODS, **{"source": "redhat-operators", "channels": OFFERED, **more}))


def installed(version: str = "3.4.3", dscs: tuple[Obj, ...] = (), **spec: Any) -> dict[str, Any]:
    """Return a cluster on which somebody has installed OpenShift AI."""
    name = f"rhods-operator.{version}"
    sub = subscription(RHODS, HOME, name)
    sub["spec"] |= {"channel": "stable", **spec}
    sub["status"]["state"] = "AtLatestKnown"
    found = facts(
        rhods=Operator(RHODS, sub, csv(name, HOME), "redhat-operators", OFFERED), datascienceclusters=list(dscs)
    )
    return {"facts": found, "subscriptions": [sub], "groups": [group(HOME)], "delivery": "direct"}


def dsc(version: str = "v2", ready: bool = True, unready: str = "KserveReady", **components: str) -> Obj:
    states = {name: {"managementState": state} for name, state in components.items()}
    parts = {"KserveReady": {"status": "True"}}
    if not ready:
        parts |= {unready: {"status": "False", "message": "starts"}}
    reported = {"Ready": {"status": str(ready)}, **parts}
    status = {"conditions": [{"type": name, **one} for name, one in reported.items()], "observedGeneration": 1}
    made = obj(
        f"datasciencecluster.opendatahub.io/{version}",
        "DataScienceCluster",
        "theirs",
        spec={"components": states},
        status=status,
    )
    made["metadata"]["generation"] = 1
    return made


def changed(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a cluster with other parts."""
    return {**found, **more}


def argo_cd(**cluster_: str) -> dict[str, Any]:
    """Return a cluster with an Argo CD of somebody else, and what it may manage."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in cluster_.items()}
    theirs = obj("argoproj.io/v1beta1", "ArgoCD", "theirs", "team-a")
    return {"facts": facts(argocds=[theirs]), "argocd_clusters": [obj("v1", "Secret", "c", "team-a", data=data)]}


def gitops(version: str = "1.21.4", argocds: tuple[Obj, ...] = (), disabled: str = "", **more: Any) -> dict[str, Any]:
    """Return a cluster on which somebody has installed OpenShift GitOps."""
    name = f"openshift-gitops-operator.v{version}"
    env = [{"name": "OTHER", "value": "true"}, {"name": "DISABLE_DEFAULT_ARGOCD_INSTANCE", "value": disabled}]
    theirs = subscription(GITOPS, "openshift-operators", name, labels=more.pop("labels", {}))
    theirs["spec"]["config"] = {"env": env}
    found = Operator(GITOPS, theirs, csv(name, "openshift-operators"))
    return {"facts": facts(gitops=found, argocds=list(argocds), **more)}


DEFAULT = obj("argoproj.io/v1beta1", "ArgoCD", "openshift-gitops", "openshift-gitops")
STUDENT = obj("argoproj.io/v1beta1", "ArgoCD", "argocd", "student-1")
MIRRORED = {"settings": {"catalog_source": "mirror"}, "catalogs": [catalog("mirror")]}
MESH_2 = subscription("servicemeshoperator", "openshift-operators", "servicemeshoperator.v2.6.11")
MESH_3 = subscription("servicemeshoperator3", "openshift-operators", "servicemeshoperator3.v3.2.0")


def pod(reason: str, message: str) -> Obj:
    state = {"waiting": {"reason": reason, "message": message}}
    labels = {"olm.catalogSource": "redhat-operators"}
    status = {"phase": "Pending", "containerStatuses": [{"state": state}]}
    return obj("v1", "Pod", "redhat-operators-x", "openshift-marketplace", labels=labels, status=status)


def manual(namespace: str) -> Obj:
    found = subscription("other", namespace, "other.1")
    found["spec"]["installPlanApproval"] = "Manual"
    return found


DOWN = {"catalogs": [catalog(state="TRANSIENT_FAILURE")], "catalog_pods": [pod("ImagePullBackOff", "no such image")]}
TWICE = [subscription(RHODS, HOME, "rhods-operator.3.4.3"), subscription(RHODS, "o", "x", name="second")]
WAITING = installed(installPlanApproval="Manual")
WAITING["subscriptions"][0]["status"] = {}
BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "stages before",
        {"stages": ("storage",)},
        "x stage storage: needs OpenShift AI, which is not here; the model servers get the data connection from it;",
    ),
    (
        "Argo CD",
        argo_cd(server="https://kubernetes.default.svc", namespaces="team-a,team-b"),
        "x ArgoCD team-a/theirs: manages only the namespaces team-a, team-b; it delivers nothing into others, and "
        "nothing that lies in none; set DELIVERY=direct",
    ),
    (
        "Argo CD",
        gitops(disabled="True"),
        "x Subscription openshift-operators/openshift-gitops-operator: sets DISABLE_DEFAULT_ARGOCD_INSTANCE, so there "
        "is no ArgoCD openshift-gitops/openshift-gitops; nothing would deliver; set DELIVERY=direct, or take the "
        "variable out of its spec.config.env",
    ),
    (
        "Argo CD",
        gitops(disabled="true", argocds=(STUDENT,)),
        "! Subscription openshift-operators/openshift-gitops-operator: sets DISABLE_DEFAULT_ARGOCD_INSTANCE, so there "
        "is no ArgoCD openshift-gitops/openshift-gitops; ArgoCD student-1/argocd would deliver the demo, whoever it ",
    ),
    (
        "Argo CD",
        gitops("1.10.4", (DEFAULT,)),
        "x ClusterServiceVersion openshift-operators/openshift-gitops-operator.v1.10.4: knows no spec.source.kustomize."
        "patches, which came with OpenShift GitOps 1.11; channel and catalog of OpenShift AI, and what settings change,"
        " are patches of an Application; set DELIVERY=direct, or update OpenShift GitOps",
    ),
    (
        "Argo CD",
        gitops("1.10.4", (DEFAULT,), rhods=Operator(RHODS, csv=csv("rhods-operator.3.4.3", HOME))),
        "! ClusterServiceVersion openshift-operators/openshift-gitops-operator.v1.10.4: knows no spec",
    ),
    (
        "Service Mesh",
        MIRRORED,
        "! CatalogSource openshift-marketplace/redhat-operators: does not exist; OpenShift installs Service Mesh 3 "
        "from a catalog of that name for the gateway of OpenShift AI 3, and without a gateway none of its components "
        "comes up; make a CatalogSource redhat-operators of that mirror, or install package servicemeshoperator3 first",
    ),
    (
        "Service Mesh",
        {"catalogs": [catalog("mirror")], "facts": offered(source="mirror"), "delivery": "direct"},
        "! CatalogSource openshift-marketplace/redhat-operators: does not exist; ",
    ),
    (
        "Service Mesh",
        {"subscriptions": [MESH_2]},
        "! Subscription openshift-operators/servicemeshoperator: Service Mesh 2 is installed; the gateway of OpenShift "
        "AI 3 is made by Service Mesh 3, which it may keep from coming up; ",
    ),
    (
        "olm",
        {"olm": False},
        "x https://api.example.com:6443: does not serve operators.coreos.com: the Operator Lifecycle Manager "
        "is missing; "
        "OpenShift GitOps and OpenShift AI would be installed by it; enable the cluster capability ",
    ),
    (
        "catalogs",
        DOWN,
        "x CatalogSource openshift-marketplace/redhat-operators: TRANSIENT_FAILURE; pod redhat-operators-x: "
        "ImagePullBackOff: no such image; OLM resolves nothing while a catalog of this namespace is down; see its pod: "
        "`oc -n openshift-marketplace describe pod -l olm.catalogSource=redhat-operators`; then run this again",
    ),
    (
        "catalogs",
        {"catalogs": [catalog(), catalog("mine", "CONNECTING")]},
        "! CatalogSource openshift-marketplace/mine: CONN",
    ),
    (
        "catalogs",
        {"settings": {"catalog_source": "mirror"}},
        "x CatalogSource openshift-marketplace/mirror: does not exist (there: redhat-operators); ",
    ),
    (
        "channels",
        {"facts": offered(channels={}, source=None)},
        "x PackageManifest openshift-marketplace/rhods-operator: is offered by no catalog; OpenShift AI would be "
        "installed from it; see whether catalog redhat-operators is READY, or set CATALOG_SOURCE to one that has ",
    ),
    (
        "channels",
        {"settings": {"rhods_channel": "fast"}},
        "x PackageManifest openshift-marketplace/rhods-operator: package rhods-operator has no channel 'fast'; "
        "OpenShift AI would be installed from it; set RHODS_CHANNEL to one of: stable, stable-3.x",
    ),
    (
        "channels",
        {"settings": {"gitops_channel": "fast"}},
        "x PackageManifest openshift-marketplace/openshift-gitops-operator: has no channel 'fast'; OpenShift GitOps ",
    ),
    (
        "channels",
        {"facts": facts(openshift=(4, 17, 3)), "settings": {"rhods_channel": "stable-3.x"}},
        "x PackageManifest openshift-marketplace/rhods-operator: channel 'stable-3.x' brings 3.4.3, which needs "
        "OpenShift 4.19.9 or newer; ",
    ),
    (
        "channels",
        {"facts": facts(openshift=(4, 30, 0))},
        "x PackageManifest openshift-marketplace/rhods-operator: OpenShift 4.30.0 has no default channel of rhods-oper",
    ),
    (
        "subscriptions",
        changed(installed(), subscriptions=TWICE),
        f"x OpenShift AI: has 2 Subscriptions: Subscription {HOME}/rhods-operator, Subscription o/second; ",
    ),
    (
        "subscriptions",
        {"subscriptions": [subscription("opendatahub-operator", "o", "x.1")]},
        "x Subscription o/opendatahub-operator: Open Data Hub is installed; ",
    ),
    (
        "subscriptions",
        {"subscriptions": [manual(HOME)]},
        f"x Subscription {HOME}/other: has installPlanApproval Manual; its approval holds for every operator in that ",
    ),
    (
        "subscriptions",
        {"csvs": [csv("rhods-operator.2.8.0", HOME)]},
        f"x ClusterServiceVersion {HOME}/rhods-operator.2.8.0: has no Subscription; ",
    ),
    (
        "subscriptions",
        WAITING,
        f"x Subscription {HOME}/rhods-operator: waits for somebody's approval; OpenShift AI is not installed before; ",
    ),
    (
        "subscriptions",
        {**installed(), "settings": {"rhods_channel": "stable-3.x"}},
        f"! Subscription {HOME}/rhods-operator: is on channel stable, not stable-3.x; an operator that is "
        "there is used "
        "as it is, never moved; leave RHODS_CHANNEL out",
    ),
    (
        "subscriptions",
        {**installed(), "settings": {"catalog_source": "mirror"}},
        f"! Subscription {HOME}/rhods-operator: comes from catalog redhat-operators, not mirror; ",
    ),
    (
        "operator groups",
        changed(installed(), groups=[group(HOME), group(HOME, "h")]),
        f"x Namespace {HOME}: has OperatorGroup {HOME}/g, OperatorGroup {HOME}/h; OLM installs nothing in a namespace ",
    ),
    (
        "operator groups",
        {"groups": [group(HOME)]},
        f"x Namespace {HOME}: has OperatorGroup {HOME}/g already, and the demo brings its own; ",
    ),
    ("operator groups", changed(installed(), groups=[]), f"x Namespace {HOME}: has no OperatorGroup; OLM installs Ope"),
    (
        "operator groups",
        changed(installed(), groups=[group(HOME, spec={"targetNamespaces": [HOME]})]),
        f"x OperatorGroup {HOME}/g: names targetNamespaces; OpenShift AI is made for all namespaces only; ",
    ),
    (
        "version of OpenShift AI",
        installed("1.28.0"),
        "x OpenShift AI: OpenShift AI 1.28.0 is too old: this demo needs 2.4 or newer; the demo serves by what this "
        "version brings; upgrade it, or use another cluster",
    ),
    (
        "version of OpenShift AI",
        {**installed("3.4.3"), "settings": {"serving": "modelmesh"}},
        "x OpenShift AI: SERVING=modelmesh, but OpenShift AI 3.4.3 has no ModelMesh; ",
    ),
    (
        "DataScienceCluster",
        installed(dscs=(dsc(kserve="Removed"),)),
        "x DataScienceCluster theirs: does not have kserve, so nothing can be served; it was there before, "
        "and is never "
        "changed unasked; set its spec.components.kserve.managementState to Managed, or run this again with "
        "ALLOW_DSC_PATCH=1",
    ),
    (
        "DataScienceCluster",
        installed(dscs=(dsc(ready=False, kserve="Managed"),)),
        "! DataScienceCluster theirs: KserveReady: starts; the demo waits for what serves; ",
    ),
    (
        "DataScienceCluster",
        installed(dscs=(dsc(ready=False, unready="RayReady", kserve="Managed"),)),
        "! DataScienceCluster theirs: RayReady: starts; the demo does not need that part; see its status.conditions ",
    ),
]
FINE: list[tuple[str, dict[str, Any]]] = [
    ("stages before", {}),
    ("stages before", {"stages": ("model",)}),
    ("stages before", {"stages": ("storage",), **installed()}),
    ("Argo CD", argo_cd(server="https://kubernetes.default.svc")),
    ("Argo CD", argo_cd(server="https://another.example.com", namespaces="team-a")),
    ("Argo CD", gitops()),
    ("Argo CD", {**gitops(disabled="true"), "delivery": "direct"}),
    ("Argo CD", gitops(disabled="true", labels=LABELS)),
    ("Argo CD", gitops(disabled="false")),
    ("Argo CD", gitops("1.11.0", (DEFAULT, STUDENT), disabled="true")),
    ("Service Mesh", {**MIRRORED, "subscriptions": [MESH_3]}),
    ("Service Mesh", {**MIRRORED, "settings": {"catalog_source": "mirror", "rhods_channel": "stable"}}),
    ("Service Mesh", {**MIRRORED, "catalogs": [catalog("mirror"), catalog()]}),
    ("Service Mesh", {"subscriptions": [MESH_2], "settings": {"rhods_channel": "stable"}}),
    ("Service Mesh", {**installed(), "subscriptions": [MESH_2]}),
    ("olm", {"olm": False, **installed()}),
    ("catalogs", {**DOWN, **installed()}),
    ("channels", {"facts": offered(channels={}), "delivery": "direct", "stages": ("storage",)}),
    ("channels", {"facts": offered(channels={}), "delivery": "direct", "need_rhods": True}),
    ("subscriptions", {"subscriptions": [manual("elsewhere")]}),
    ("subscriptions", installed()),
    ("operator groups", {"groups": [group(HOME, labels=LABELS), group("elsewhere")]}),
    ("version of OpenShift AI", installed("2.8.0")),
    (
        "DataScienceCluster",
        {**installed(dscs=(dsc(kserve="Removed"),)), "settings": {"allow_dsc_patch": True}, "stages": ()},
    ),
    ("DataScienceCluster", installed(dscs=(dsc(kserve="Managed"),))),
]


def test_a_catalog_that_only_starts_does_not_block_but_a_failing_csv_does() -> None:
    failing = installed()
    failing["facts"].rhods.csv["status"] = {"phase": "Failed", "reason": "ComponentFailed", "message": "no room"}
    (found,) = said(operators.subscriptions, sight(**failing))
    assert found.startswith("! ClusterServiceVersion")  # OLM tries again by itself
    assert "ComponentFailed: no room; the demo needs OpenShift AI" in found


def test_an_argo_cd_without_subscription_counts_as_gitops() -> None:
    argocd = obj("argoproj.io/v1beta1", "ArgoCD", "theirs", "somewhere")
    found = sight(facts=facts(argocds=[argocd]))
    assert [operator.package for operator, _ in found.installing] == [RHODS]
    assert GITOPS in found.packages


@pytest.mark.parametrize(
    ("labels", "step"),
    [
        ({}, "see its status.conditions, and mend it"),
        (LABELS, "`make teardown`, then this again: OLM does not take up"),
    ],
    ids=["theirs", "ours"],
)
def test_a_failed_plan_is_not_tried_again_so_the_way_on_is_told(labels: dict[str, str], step: str) -> None:
    broken = installed()
    plan = {"type": "InstallPlanFailed", "status": "True", "message": "timeout"}
    broken["subscriptions"][0]["metadata"]["labels"] = dict(labels)
    broken["subscriptions"][0]["status"]["conditions"] = [plan]
    (found,) = said(operators.subscriptions, sight(**broken))
    assert found.startswith(f"x Subscription {HOME}/rhods-operator: its InstallPlan failed: timeout; ")
    assert step in found
