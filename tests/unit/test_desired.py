"""What each stage brings and waits for, on a fresh cluster and on one where things are there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bootstrap import desired
from bootstrap.awaited import Awaited
from bootstrap.errors import GuardError
from bootstrap.facts import GITOPS, RHODS, Operator
from bootstrap.kube.objects import LABELS, Obj, Ref
from tests.unit.cluster import REVISION, URL, facts, obj, plan, subscription

ADOPTED = Operator(RHODS, subscription(RHODS, "redhat-ods-operator", "rhods-operator.2.25.10"))


def serving(component: str) -> dict:
    return {"components": {component: {"managementState": "Managed"}}}


def kinds(objects: list[dict]) -> list[str]:
    return [one["kind"] for one in objects]


def test_on_a_fresh_cluster_both_operators_are_subscribed_to() -> None:
    assert kinds(desired.gitops(plan()).applied["operator"]) == ["Namespace", "OperatorGroup", "Subscription"]
    names = [one["metadata"]["name"] for one in desired.rhods(plan()).applied["operator"]]
    assert names == ["serving-demo-rhods-operator"]


def test_an_application_carries_repository_revision_and_what_the_settings_change() -> None:
    (application,) = desired.rhods(plan()).applied["operator"]
    source = application["spec"]["source"]
    assert (source["repoURL"], source["targetRevision"], source["path"]) == (URL, REVISION, "manifests/rhods/operator")
    assert "stable-3.x" in source["kustomize"]["patches"][0]["patch"]


def test_an_application_is_waited_for_at_our_revision_before_what_it_brings() -> None:
    first, *rest = desired.storage(plan()).awaited["delivery"]
    assert (first.ref.kind, first.revision) == ("Application", REVISION)
    assert {one.ref.kind for one in rest} >= {"Deployment", "Route"}


def test_direct_delivery_applies_the_same_objects_that_argo_cd_would_bring() -> None:
    by_argo, directly = desired.storage(plan()), desired.storage(plan("direct"))
    assert by_argo.delivered == directly.applied["delivery"]
    assert kinds(by_argo.applied["delivery"]) == ["Application"]


def test_direct_delivery_needs_no_argo_cd_and_grants_it_nothing() -> None:
    assert desired.gitops(plan("direct")).applied == {"operator": [], "delivery": []}
    assert kinds(desired.storage(plan("direct")).applied["prepare"]) == ["Namespace"]


def test_an_operator_of_somebody_else_is_adopted_and_not_written() -> None:
    stage = desired.rhods(plan(found=facts(rhods=ADOPTED)))
    assert stage.adopted == [Ref.of(ADOPTED.subscription)]
    assert "operator" not in stage.applied or stage.applied["operator"] == []


def test_a_datasciencecluster_that_is_there_is_adopted_whatever_its_name() -> None:
    theirs = obj("datasciencecluster.opendatahub.io/v1", "DataScienceCluster", "rhods", spec=serving("kserve"))
    stage = desired.rhods(plan(found=facts(rhods=ADOPTED, datascienceclusters=[theirs])))
    assert Ref.of(theirs) in stage.adopted
    assert stage.applied["instance"] == []
    assert stage.awaited["instance"][0] == Awaited(Ref.of(theirs), serving="raw"), "whatever else it cannot do"


def test_a_datasciencecluster_that_cannot_serve_is_changed_only_where_that_is_allowed() -> None:
    theirs = obj("datasciencecluster.opendatahub.io/v2", "DataScienceCluster", "rhods", spec=serving("dashboard"))
    found = facts(rhods=ADOPTED, datascienceclusters=[theirs])
    with pytest.raises(
        GuardError, match=r"does not have kserve, so nothing can be served; .* or run this again with ALLOW_DSC_PATCH=1"
    ):
        desired.rhods(plan(found=found))
    stage = desired.rhods(plan(found=found, allow_dsc_patch=True))
    assert stage.patched == [(Ref.of(theirs), {"spec": serving("kserve")})]


def test_a_datasciencecluster_of_ours_stays_delivered() -> None:
    ours = obj("datasciencecluster.opendatahub.io/v2", "DataScienceCluster", "default-dsc", labels=LABELS)
    stage = desired.rhods(plan(found=facts(datascienceclusters=[ours])))
    assert [one["metadata"]["name"] for one in stage.applied["instance"]] == ["serving-demo-rhods"]


@pytest.mark.parametrize(
    ("csv", "era", "overlay"),
    [
        ("rhods-operator.2.8.6", "modelmesh", "v1-modelmesh"),
        ("rhods-operator.2.25.10", "raw", "v1-raw"),
        ("rhods-operator.3.4.3", "raw", "v2"),
    ],
)
def test_the_overlay_of_the_datasciencecluster_follows_version_and_era(csv: str, era: str, overlay: str) -> None:
    there = replace(ADOPTED, subscription=subscription(RHODS, "redhat-ods-operator", csv))
    assert desired.dsc_overlay(plan(era=era, found=facts(rhods=there))) == overlay


@pytest.mark.parametrize(("version", "says"), [("2.17.0", False), ("2.18.1", False), ("2.19.0", True)])
def test_a_field_that_early_raw_versions_do_not_know_is_left_out(version: str, says: bool) -> None:
    there = replace(ADOPTED, subscription=subscription(RHODS, "redhat-ods-operator", f"rhods-operator.{version}"))
    (dsc,) = desired.rhods(plan("direct", found=facts(rhods=there))).applied["instance"]
    assert ("rawDeploymentServiceConfig" in dsc["spec"]["components"]["kserve"]) is says


def test_the_dsci_that_is_there_is_awaited_whatever_its_name() -> None:
    theirs = obj("dscinitialization.opendatahub.io/v1", "DSCInitialization", "theirs")
    waited = desired.rhods(plan(found=facts(rhods=ADOPTED, initializations=[theirs]))).awaited["operator"]
    assert Ref.of(theirs) in [one.ref for one in waited]
    assert "default-dsci" not in [one.ref.name for one in waited]


def test_argo_cd_of_somebody_else_gets_the_rights_under_its_own_name() -> None:
    theirs = obj("argoproj.io/v1beta1", "ArgoCD", "platform", "argo")
    found = facts(gitops=Operator(GITOPS, subscription(GITOPS, "openshift-operators", "v1")), argocds=[theirs])
    binding = next(one for one in desired.serving(plan(found=found)).applied["prepare"] if one["kind"] == "RoleBinding")
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "platform-argocd-application-controller", "namespace": "argo"}
    ]
    stage = desired.gitops(plan(found=found))
    assert stage.applied["operator"] == []
    assert stage.applied["delivery"][0]["metadata"]["namespace"] == "argo"


def test_the_storage_class_of_the_settings_reaches_the_claim() -> None:
    objects = desired.storage(plan("direct", storage_class="fast")).applied["delivery"]
    claim = next(one for one in objects if one["kind"] == "PersistentVolumeClaim")
    assert claim["spec"]["storageClassName"] == "fast"


def test_the_model_servers_are_waited_to_know_the_data_connection() -> None:
    (config,) = desired.storage(plan()).awaited["connection"]
    assert not config.target().check({"data": {"other": "x"}}).ready
    assert config.target().check({"data": {"aws-connection-minio": "x"}}).ready


def test_what_is_awaited_survives_the_way_to_ansible() -> None:
    one = Awaited(Ref("v1", "Secret", "n", "s"), key="k")
    assert Awaited.from_json(one.to_json()) == one


def test_modelmesh_serves_two_services_on_one_runtime() -> None:
    objects = desired.serving(plan("direct", "modelmesh")).applied["delivery"]
    assert sorted(kinds(objects)) == ["InferenceService", "InferenceService", "ServingRuntime", "Template"]


@pytest.mark.parametrize("labels", [{}, LABELS], ids=["adopted", "ours"])
def test_argo_cd_trusts_the_repositorys_host_by_one_key_whoever_installed_it(labels: dict[str, str]) -> None:
    there = subscription(GITOPS, "openshift-gitops-operator", "openshift-gitops-operator.v1.21.4", labels=labels)
    found = facts(gitops=Operator(GITOPS, there, channels={"latest": "openshift-gitops-operator.v1.21.4"}))
    made = desired.gitops(replace(plan(found=found), repo_ca="PEM"))
    (authorities,) = [one for one in made.applied["delivery"] if one["kind"] == "ConfigMap"]
    assert authorities["data"] == {"git.example.com": "PEM"}
    assert "labels" not in authorities["metadata"]  # it is not ours, only the key is
    assert Ref.of(authorities) in made.adopted


def test_an_argo_cd_of_ours_is_told_how_to_judge_and_another_is_left_alone() -> None:
    def told(**more: Any) -> list[Obj]:
        found = desired.gitops(plan(found=facts(**more))).applied["delivery"]
        return [obj for obj in found if obj["kind"] == "ArgoCD"]

    (ours,) = told()
    kinds = [check["kind"] for check in ours["spec"]["resourceHealthChecks"]]
    assert kinds == ["DataScienceCluster", "DSCInitialization"]
    assert ours["metadata"].keys() == {"name", "namespace"}  # no label: it is not ours to delete
    theirs = obj("argoproj.io/v1beta1", "ArgoCD", "openshift-gitops", "openshift-gitops")
    assert told(argocds=[theirs]) == []
