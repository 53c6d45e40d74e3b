"""What the overlays of the eras say, version by version."""

from __future__ import annotations

import json

import pytest

from bootstrap.desired import SERVICES
from tests.manifests.conftest import built


def of(folder: str, kind: str) -> list[dict]:
    return [obj for obj in built(folder) if obj["kind"] == kind]


@pytest.mark.parametrize(("era", "support"), [("raw", ["single"]), ("modelmesh", ["multi"])])
def test_the_dashboard_offers_the_runtime_that_serves(era: str, support: list[str]) -> None:
    (template,) = of(f"serving/overlays/{era}", "Template")
    (runtime,) = of(f"serving/overlays/{era}", "ServingRuntime")
    assert template["objects"][0]["spec"] == runtime["spec"]
    assert template["metadata"]["namespace"] == "redhat-ods-applications"
    assert json.loads(template["metadata"]["annotations"]["opendatahub.io/modelServingSupport"]) == support


@pytest.mark.parametrize("era", ["raw", "modelmesh"])
def test_the_services_are_those_that_are_verified(era: str) -> None:
    assert {obj["metadata"]["name"] for obj in of(f"serving/overlays/{era}", "InferenceService")} == set(SERVICES[era])


@pytest.mark.parametrize("era", ["raw", "modelmesh"])
def test_every_service_uses_the_data_connection_and_our_runtime(era: str) -> None:
    for obj in of(f"serving/overlays/{era}", "InferenceService"):
        model = obj["spec"]["predictor"]["model"]
        assert (model["runtime"], model["storage"]["key"]) == ("triton", "aws-connection-minio")


def test_a_raw_path_ends_with_a_slash_because_it_is_a_prefix() -> None:
    (service,) = of("serving/overlays/raw", "InferenceService")
    assert service["spec"]["predictor"]["model"]["storage"]["path"] == "triton-repo/"


def test_no_modelmesh_path_is_the_beginning_of_another() -> None:
    paths = [
        obj["spec"]["predictor"]["model"]["storage"]["path"]
        for obj in of("serving/overlays/modelmesh", "InferenceService")
    ]
    assert not [(one, two) for one in paths for two in paths if one != two and two.startswith(one)]


def test_raw_is_exposed_and_says_rawdeployment_which_every_version_understands() -> None:
    (service,) = of("serving/overlays/raw", "InferenceService")
    assert service["metadata"]["labels"]["networking.kserve.io/visibility"] == "exposed"
    assert service["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == "RawDeployment"


@pytest.mark.parametrize(("era", "value"), [("raw", "false"), ("modelmesh", "true")])
def test_the_project_says_which_platform_serves_it(era: str, value: str) -> None:
    (project,) = built(f"storage/project/overlays/{era}")
    assert project["metadata"]["labels"]["modelmesh-enabled"] == value


def test_on_2_x_serverless_is_switched_off_explicitly() -> None:
    (cluster,) = built("rhods/overlays/v1-raw")
    assert cluster["spec"]["components"]["kserve"]["serving"] == {"managementState": "Removed"}


def test_v2_has_no_field_that_it_removed() -> None:
    (cluster,) = built("rhods/overlays/v2")
    assert not {"serving", "defaultDeploymentMode"} & set(cluster["spec"]["components"]["kserve"])
    assert "modelmeshserving" not in cluster["spec"]["components"]
