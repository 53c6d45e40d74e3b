"""Readiness as a table: kind to pure predicate over a plain object."""

from __future__ import annotations

from bootstrap.kube.objects import Obj, conditions
from bootstrap.kube.readiness import argocd, olm, openshift_ai, platform, workloads
from bootstrap.kube.readiness.argocd import synced_to
from bootstrap.kube.readiness.verdict import READY, Predicate, State, Verdict, not_ready, seen_by_controller

__all__ = ["PREDICATES", "READY", "Predicate", "State", "Verdict", "condition_is", "judge", "synced_to"]

PREDICATES: dict[tuple[str, str], Predicate] = {
    ("", "Namespace"): platform.namespace,
    ("", "PersistentVolumeClaim"): workloads.claim,
    ("", "Pod"): workloads.pod,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): platform.definition,
    ("apiregistration.k8s.io", "APIService"): platform.api_service,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("argoproj.io", "Application"): argocd.application,
    ("argoproj.io", "ArgoCD"): argocd.argo_cd,
    ("batch", "Job"): workloads.job,
    ("config.openshift.io", "ClusterOperator"): platform.cluster_operator,
    ("config.openshift.io", "ClusterVersion"): platform.cluster_version,
    ("datasciencecluster.opendatahub.io", "DataScienceCluster"): openshift_ai.data_science_cluster,
    ("dscinitialization.opendatahub.io", "DSCInitialization"): openshift_ai.dsc_initialization,
    ("operators.coreos.com", "CatalogSource"): olm.catalog_source,
    ("operators.coreos.com", "ClusterServiceVersion"): olm.cluster_service_version,
    ("operators.coreos.com", "InstallPlan"): olm.install_plan,
    ("operators.coreos.com", "OperatorGroup"): olm.operator_group,
    ("operators.coreos.com", "Subscription"): olm.subscription,
    ("packages.operators.coreos.com", "PackageManifest"): olm.package_manifest,
    # it reports nothing; what it makes is an ArgoCD object
    ("pipelines.openshift.io", "GitopsService"): lambda obj: READY,
    ("route.openshift.io", "Route"): platform.route,
    ("serving.kserve.io", "InferenceService"): openshift_ai.inference_service,
    ("serving.kserve.io", "ServingRuntime"): openshift_ai.serving_runtime,
}


def judge(obj: Obj, events: tuple[Obj, ...] = ()) -> Verdict:
    """Return the verdict on an object by its kind; a kind that is not in the table is ready once it exists."""
    key = (str(obj["apiVersion"]).rpartition("/")[0], obj["kind"])
    if key == ("", "PersistentVolumeClaim"):
        return workloads.claim(obj, events)
    predicate = PREDICATES.get(key)
    return predicate(obj) if predicate else READY


def condition_is(name: str, status: str = "True") -> Predicate:
    """Return a predicate for one status condition (fresh for the object's generation)."""

    def check(obj: Obj) -> Verdict:
        if stale := seen_by_controller(obj):
            return stale
        found = conditions(obj).get(name)
        if found is None:
            return not_ready(f"condition {name} is not reported yet")
        if found.get("status") == status:
            return READY
        said = found.get("message") or found.get("reason") or ""
        return not_ready(f"{name} is {found.get('status')}{': ' + said if said else ''}")

    return check
