"""The admission policies that act out faults: each comes with its binding and concerns one package alone."""

from __future__ import annotations

import pytest

from rehearsal.fault_policies import GONE, name_of, pods_of, policies

FAULTS = ("catalog-down", "installplan-fails", "installplan-manual", "operator-never-ready")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_policy_in_force(fault: str) -> None:
    policy, binding = policies(fault, "rhods-operator")
    assert policy["metadata"]["name"] == binding["spec"]["policyName"] == name_of(fault)
    assert binding["kind"] == f"{policy['kind']}Binding"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_names_whom_it_concerns(fault: str) -> None:
    spec = policies(fault, "hello-operator")[0]["spec"]
    said = str(spec.get("matchConditions", spec.get("validations")))
    assert "hello-operator" in said
    assert "rhods" not in said


def test_a_broken_policy_never_blocks_the_cluster() -> None:
    assert {policies(fault, "x")[0]["spec"]["failurePolicy"] for fault in FAULTS} == {"Ignore"}


def test_a_refused_plan_says_that_it_is_a_rehearsal() -> None:
    (validation,) = policies("installplan-fails", "rhods-operator")[0]["spec"]["validations"]
    assert "the rehearsal refuses" in validation["message"]


def test_a_catalog_that_is_down_has_an_image_that_nobody_serves() -> None:
    (mutation,) = policies("catalog-down", "redhat-operators")[0]["spec"]["mutations"]
    assert GONE in mutation["jsonPatch"]["expression"]


def test_pods_of_gitops_are_named_after_its_deployment() -> None:
    assert pods_of("openshift-gitops-operator") == "openshift-gitops-operator-controller-manager-"
