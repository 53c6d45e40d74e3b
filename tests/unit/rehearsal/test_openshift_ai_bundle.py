"""The bundles of OpenShift AI in the catalog."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.operators.openshift_ai import bundle
from rehearsal.operators.openshift_ai.channels import channels
from rehearsal.operators.openshift_ai.components import catalogue
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.versions import VERSIONS, Version, version_of

Obj = dict[str, Any]
ERAS = ("2.8", "2.25", "3.4")


def csv(era: str) -> Obj:
    return next(obj for obj in bundle.objects(era) if obj["kind"] == "ClusterServiceVersion")


@pytest.mark.parametrize(("era", "replicas", "hooks"), [("2.8", 1, 0), ("2.25", 3, 7), ("3.4", 3, 17)])
def test_replicas_and_webhooks_are_the_versions_own(era: str, replicas: int, hooks: int) -> None:
    found = csv(era)
    [deployment] = found["spec"]["install"]["spec"]["deployments"]
    assert deployment["spec"]["replicas"] == replicas
    assert len(found["spec"].get("webhookdefinitions", [])) == hooks
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] == {
        "cpu": "500m",
        "memory": "256Mi",
    }


@pytest.mark.parametrize("era", ERAS)
def test_the_form_of_the_console_begins_with_a_valid_cluster(era: str) -> None:
    found = json.loads(csv(era)["metadata"]["annotations"]["operatorframework.io/initialization-resource"])
    assert found["apiVersion"] == f"datasciencecluster.opendatahub.io/{'v2' if era == '3.4' else 'v1'}"
    crd = next(o for o in bundle.objects(era) if o["metadata"]["name"].startswith("datascienceclusters."))
    stored = next(version for version in crd["spec"]["versions"] if version["storage"])
    known = stored["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["components"]["properties"]
    assert set(found["spec"]["components"]) <= set(known)


@pytest.mark.parametrize("era", ERAS)
def test_only_all_namespaces_and_no_right_to_subscribe(era: str) -> None:
    spec = csv(era)["spec"]
    assert [mode["type"] for mode in spec["installModes"] if mode["supported"]] == ["AllNamespaces"]
    rules = [r for r in spec["install"]["spec"]["clusterPermissions"][0]["rules"] if "subscriptions" in r["resources"]]
    assert rules
    assert all("create" not in rule["verbs"] and "*" not in rule["verbs"] for rule in rules)


@pytest.mark.parametrize(
    ("openshift", "default", "present", "absent"),
    [("4.17", "stable", "eus-2.8", "stable-3.x"), ("4.20.8", "stable-3.x", "stable-3.x", "")],
)
def test_channels_follow_the_openshift_version(openshift: str, default: str, present: str, absent: str) -> None:
    found = channels(openshift)
    assert found.default == default
    assert present in found.channels
    assert absent not in found.channels
    assert found.channels["stable"][-1].name == "rhods-operator.2.25.10"
    for name in found.bundles:
        assert any(obj["metadata"]["name"] == name for obj in bundle.objects(name))


def test_there_is_no_way_from_stable_to_3() -> None:
    [edge] = channels("4.20").channels["stable-3.x"]
    assert edge.replaces == "rhods-operator.3.4.2"
    assert edge.skip_range == ">=3.3.0 <3.4.3"


def test_a_version_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"OpenShift AI '1\.28' is not a version of the rehearsal"):
        version_of("1.28")


@pytest.mark.parametrize("version", VERSIONS.values(), ids=lambda version: version.era)
def test_every_idle_component_has_an_image_row(version: Version) -> None:
    from rehearsal.images import openshift_ai as rows

    facts = Facts(version, "apps.x", "apps.x")
    patterns = [f"{rows.REGISTRY}/odh-{name}" for name in rows.IDLE]
    images = [
        container["image"]
        for component in version.components
        if component.idle
        for obj in catalogue.parts(component, facts, {}).owned
        if obj["kind"] == "Deployment"
        for container in obj["spec"]["template"]["spec"]["containers"]
    ]
    assert images
    assert not [image for image in images if not image.startswith(tuple(patterns))]
