"""What the OpenShift AI stand-ins report, by version: type, status and reason of every condition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.operators.openshift_ai import conditions, conversion, datasciencecluster, dsci, gateway, legacy
from rehearsal.operators.openshift_ai.versions import VERSIONS, Version, version_of

Obj = dict[str, Any]
SAMPLES = Path(__file__).parents[4] / "shared" / "real-objects" / "platform"
SKIP = "no samples of real clusters on this machine: this comparison did not run"


def cluster(components: Obj, api: str = "v2") -> Obj:
    managed = {key: {"managementState": state} for key, state in components.items()}
    return {
        "apiVersion": f"datasciencecluster.opendatahub.io/{api}",
        "kind": "DataScienceCluster",
        "metadata": {"name": "a", "generation": 3},
        "spec": {"components": managed},
    }


def resource(kind: str, ready: str, reason: str = "", message: str = "") -> Obj:
    found = conditions.condition("Ready", ready, reason, message)
    return {"kind": kind, "metadata": {"name": kind, "generation": 1}, "status": {"conditions": [found]}}


def status(version: Version, dsc: Obj, resources: Obj, error: str = "") -> Obj:
    return conditions.dsc_status(version, dsc, resources, error, datasciencecluster.managed(dsc, version))


def triples(listed: list[Obj]) -> list[tuple[str, str, str]]:
    return [(item["type"], item["status"], item.get("reason", "")) for item in listed]


def by_type(found: Obj) -> Obj:
    return {item["type"]: item for item in found["conditions"]}


MODERN = [version for version in VERSIONS.values() if version.era != "2.8"]


@pytest.mark.parametrize("version", MODERN, ids=lambda version: version.era)
def test_a_cluster_is_ready_when_every_managed_component_is(version: Version) -> None:
    dsc = cluster({"dashboard": "Managed", "kserve": "Managed"})
    resources = {kind: resource(kind, "True") for kind in ("Dashboard", "Kserve", "ModelController")}
    found = status(version, dsc, resources)
    assert found["phase"] == "Ready"
    assert found["observedGeneration"] == 3
    assert triples(found["conditions"])[:3] == [
        ("Ready", "True", ""),
        ("ProvisioningSucceeded", "True", ""),
        ("ComponentsReady", "True", ""),
    ]
    kinds = [item["type"] for item in found["conditions"]][3:]
    assert kinds == sorted(kinds)
    assert by_type(found)["ModelControllerReady"]["status"] == "True"
    removed = by_type(found)["WorkbenchesReady"]
    assert (removed["status"], removed["reason"], removed["severity"]) == ("False", "Removed", "Info")


@pytest.mark.parametrize("version", MODERN, ids=lambda version: version.era)
def test_an_unready_cluster_has_no_observed_generation(version: Version) -> None:
    dsc = cluster({"dashboard": "Managed", "kserve": "Managed"})
    late = resource("Dashboard", "False", "DeploymentsNotReady", "0/1 deployments ready")
    found = status(version, dsc, {"Dashboard": late, "Kserve": None})
    assert found["phase"] == "Not Ready"
    assert "observedGeneration" not in found
    text = "Some components are not ready: dashboard,kserve,modelcontroller"
    assert (by_type(found)["Ready"]["reason"], by_type(found)["Ready"]["message"]) == ("NotReady", text)
    assert by_type(found)["DashboardReady"]["message"] == "0/1 deployments ready"
    assert "reason" not in by_type(found)["KserveReady"]


@pytest.mark.parametrize("version", MODERN, ids=lambda version: version.era)
def test_nothing_managed_is_ready_with_a_reason(version: Version) -> None:
    found = by_type(status(version, cluster({}), {}))
    assert found["Ready"]["status"] == "True"
    assert (found["ComponentsReady"]["reason"], found["ComponentsReady"]["severity"]) == ("NoManagedComponents", "Info")


def test_3_4_names_the_missing_llm_operators_only_with_kserve() -> None:
    version = version_of("3.4")
    names = [kind for kind, _ in conditions.LLM_DEPENDENCIES]
    assert not set(names) & set(by_type(status(version, cluster({"dashboard": "Managed"}), {})))
    found = by_type(status(version, cluster({"kserve": "Managed"}), {}))
    assert {(found[name]["reason"], found[name]["severity"]) for name in names} == {("Subscription not found", "Info")}


def test_a_provisioning_error_is_the_clusters_own_reason() -> None:
    found = by_type(status(version_of("3.4"), cluster({"dashboard": "Managed"}), {}, "no domain"))
    assert (found["Ready"]["status"], found["Ready"]["reason"], found["Ready"]["message"]) == (
        "False",
        "Error",
        "no domain",
    )
    assert found["ProvisioningSucceeded"]["observedGeneration"] == 3


@pytest.mark.parametrize(
    ("listed", "text"),
    [([], "0/0 deployments ready"), ([{"status": {"replicas": 2, "readyReplicas": 1}}], "0/1 deployments ready")],
)
def test_deployments_that_are_missing_or_partly_ready_count_as_not_ready(listed: list[Obj], text: str) -> None:
    found = conditions.deployments(listed, 1)
    assert (found["status"], found["reason"], found["message"]) == ("False", "DeploymentsNotReady", text)


def test_an_info_condition_does_not_hold_a_component_back() -> None:
    info = conditions.condition("ServingAvailable", False, "Removed", "x", "Info")
    found = conditions.component_status({"metadata": {"generation": 1}}, "", [info])
    assert found["phase"] == "Ready"


def test_gateway_states_its_domain_only_when_everything_was_deployed() -> None:
    config = {"metadata": {"generation": 1}}
    assert "domain" not in gateway.config_status(config, None, "failed to lookup object x", "rh-ai.apps.x")
    accepted = {"status": {"conditions": [{"type": "Accepted", "status": "True"}]}}
    found = gateway.config_status(config, accepted, "", "rh-ai.apps.x")
    assert (found["domain"], by_type(found)["GatewayConfigReady"]["message"]) == ("rh-ai.apps.x", "Gateway is ready")
    waiting = gateway.config_status(config, {"status": {}}, "", "rh-ai.apps.x")
    assert waiting["domain"], by_type(waiting)["Ready"]["reason"] == "NotReady"


MESH = [
    (None, "", "ServiceMesh spec is not defined in DSCI"),
    ({"managementState": "Removed"}, "Removed", "ServiceMesh is set to Removed"),
    ({"managementState": "Managed"}, "MissingOperator", dsci.NO_MESH),
]


@pytest.mark.parametrize(("mesh", "reason", "message"), MESH)
def test_2_25_reports_service_mesh_beside_the_five_conditions(mesh: Obj | None, reason: str, message: str) -> None:
    spec = {} if mesh is None else {"serviceMesh": mesh}
    found = dsci.mesh_conditions({"spec": spec})
    assert [item["type"] for item in found] == ["CapabilityServiceMesh", "CapabilityServiceMeshAuthorization"]
    assert (found[0]["status"], found[0].get("reason", ""), found[0]["message"]) == ("False", reason, message)


def test_2_8_refuses_kserve_that_wants_serverless() -> None:
    managed = {"spec": {"serviceMesh": {"managementState": "Managed"}}}
    assert "operator servicemeshoperator not found" in legacy.serving_error(managed, {})
    assert "operator serverless-operator not found" in legacy.serving_error(managed, {"serving": {}})
    removed = {"spec": {"serviceMesh": {"managementState": "Removed"}}}
    assert legacy.serving_error(removed, {}).startswith("ServiceMesh is need to set to 'Managed' in DSCI CR")
    assert legacy.serving_error(removed, {"serving": {"managementState": "Removed"}}) == ""


def test_v1_loses_on_the_way_to_v2_what_3_4_no_longer_has() -> None:
    dsc = cluster({"modelmeshserving": "Managed", "codeflare": "Managed", "datasciencepipelines": "Managed"}, "v1")
    found = conversion.convert(dsc, "datasciencecluster.opendatahub.io/v2")["spec"]["components"]
    assert found == {
        "aipipelines": {"managementState": "Managed"},
        **{key: {"managementState": "Removed"} for key in conversion.V2_ONLY},
    }
    assert "modelmeshserving" in dsc["spec"]["components"], "the original is not changed"


def test_v1_reads_add_installed_components() -> None:
    dsc = cluster({"kserve": "Managed", "aipipelines": "Managed", "trainer": "Managed"})
    dsc["status"] = {"conditions": [conditions.condition("AIPipelinesReady", True)]}
    found = conversion.convert(dsc, "datasciencecluster.opendatahub.io/v1")
    assert len(found["status"]["installedComponents"]) == 11
    assert found["status"]["installedComponents"]["kserve"] is True
    assert found["status"]["conditions"][0]["type"] == "DataSciencePipelinesReady"
    assert "trainer" not in found["spec"]["components"]


def sample(name: str) -> Obj:
    if not SAMPLES.is_dir():
        pytest.skip(SKIP)
    found: Obj = yaml.safe_load((SAMPLES / name).read_text())
    return found


REAL = [
    ("DataScienceCluster/ready-v2-34-1.yaml", "3.4", ("Dashboard", "Kserve", "ModelController", "Workbenches")),
    (
        "DataScienceCluster/ready-v1-225-1.yaml",
        "2.25",
        ("CodeFlare", "Dashboard", "Kserve", "Kueue", "ModelController", "Ray", "TrustyAI", "Workbenches"),
    ),
]


@pytest.mark.parametrize(("name", "era", "kinds"), REAL, ids=lambda value: str(value))
def test_ready_clusters_read_as_the_sample_of_that_version(name: str, era: str, kinds: tuple[str, ...]) -> None:
    real = sample(name)
    found = status(version_of(era), real, {kind: resource(kind, "True") for kind in kinds})
    mine = triples(found["conditions"])
    # the sample was made before the two conditions about LLM operators existed
    extra = {item for item in mine if "LLMInferenceService" in item[0]}
    assert [item for item in mine if item not in extra] == triples(real["status"]["conditions"])
    assert (found["phase"], found["observedGeneration"]) == (real["status"]["phase"], real["metadata"]["generation"])


def test_3_4_initialization_reads_as_the_sample() -> None:
    real = sample("DSCInitialization/ready-v2-34-1.yaml")
    assert triples(conditions.dsci_conditions("done", dsci.DONE, "ReconcileCompleted")) == triples(
        real["status"]["conditions"]
    )


def test_2_25_kserve_without_operators_reads_as_the_sample() -> None:
    real = sample("Kserve/failed-225-serving-missing-operators-1.yaml")
    dependents = [conditions.condition(kind, False) for kind in ("ServingAvailable", "DeploymentsAvailable")]
    error = real["status"]["conditions"][0]["message"]
    found = conditions.component_status(real, error, dependents)
    assert triples(found["conditions"]) == triples(real["status"]["conditions"])
