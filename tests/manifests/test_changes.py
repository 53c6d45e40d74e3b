"""Settings change a folder by the same fields that an Application carries."""

from __future__ import annotations

import pytest

from bootstrap import manifests
from bootstrap.desired import Plan
from bootstrap.facts import GITOPS, RHODS, Facts, Operator
from bootstrap.manifests import Changes, image_fields, replace
from bootstrap.settings import Settings

FACTS = Facts((4, 20, 8), Operator(RHODS), Operator(GITOPS))


def test_an_image_is_replaced_in_the_runtime_and_in_its_template() -> None:
    objects = manifests.build(
        "serving/overlays/raw", Changes(images={"nvcr.io/nvidia/tritonserver": "mirror:5000/t:1"})
    )
    runtime = next(obj for obj in objects if obj["kind"] == "ServingRuntime")
    template = next(obj for obj in objects if obj["kind"] == "Template")
    assert runtime["spec"]["containers"][0]["image"] == "mirror:5000/t:1"
    assert template["objects"][0]["spec"]["containers"][0]["image"] == "mirror:5000/t:1"


def test_another_namespace_moves_everything_but_the_dashboards_template() -> None:
    plan = Plan(Settings(namespace="elsewhere"), FACTS, "raw", "direct")
    objects = manifests.build("serving/overlays/raw", plan.moved())
    where = {obj["kind"]: obj["metadata"]["namespace"] for obj in objects}
    assert where == {
        "ServingRuntime": "elsewhere",
        "InferenceService": "elsewhere",
        "Template": "redhat-ods-applications",
    }


def test_another_namespace_renames_the_project() -> None:
    plan = Plan(Settings(namespace="elsewhere"), FACTS, "raw", "direct")
    (project,) = manifests.build("storage/project/overlays/raw", plan.moved())
    assert project["metadata"]["name"] == "elsewhere"


def test_channel_and_catalog_reach_the_subscription() -> None:
    changes = Changes(patches=[replace("Subscription", "rhods-operator", {"/spec/channel": "c", "/spec/source": "s"})])
    subscription = next(obj for obj in manifests.build("rhods/operator", changes) if obj["kind"] == "Subscription")
    assert (subscription["spec"]["channel"], subscription["spec"]["source"]) == ("c", "s")


@pytest.mark.parametrize(
    ("reference", "fields"),
    [
        ("quay.io/m/m:1", {"newName": "quay.io/m/m", "newTag": "1"}),
        ("mirror:5000/m", {"newName": "mirror:5000/m"}),
        ("quay.io/m/m@sha256:ab", {"newName": "quay.io/m/m", "digest": "sha256:ab"}),
    ],
)
def test_an_image_reference_is_taken_apart(reference: str, fields: dict[str, str]) -> None:
    assert image_fields(reference) == fields
