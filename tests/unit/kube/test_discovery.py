"""Discovery: all at once where the server can, else group by group, and a broken API elsewhere stops nobody."""

from __future__ import annotations

from typing import Any

import pytest

from bootstrap.errors import ApiError
from bootstrap.kube.client import Client
from bootstrap.kube.discovery import Discovery
from tests.unit.kube.stub import Fault, Stub

METRICS = "metrics.k8s.io/v1beta1"


def aggregated(path: str) -> dict[str, Any]:
    """What OpenShift 4.14 says: v2beta1, one group whose server does not answer, and a kind without `list`."""
    things = {
        "responseKind": {"group": "example.com", "version": "v1", "kind": "Thing"},
        "resource": "things",
        "scope": "Namespaced",
        "verbs": ["delete", "list"],
    }
    looks = {**things, "responseKind": {"kind": "Look"}, "resource": "looks", "verbs": ["create"]}
    items = [
        {"metadata": {"name": "example.com"}, "versions": [{"version": "v1", "resources": [things, looks]}]},
        {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]},
    ]
    kind = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2beta1"}
    return {**kind, "items": items if path == "/apis" else []}


def test_both_versions_of_the_aggregated_answer_are_asked_for_newest_first_and_plain_last() -> None:
    asked: list[str] = []

    def get(method: str, path: str, accept: str) -> Any:
        asked.append(accept)
        return aggregated(path)

    assert [one.kind for one in Discovery(get).everything()] == ["Thing"]
    assert [part.split(";v=")[-1].split(";")[0] for part in asked[0].split(",")] == [
        "v2",
        "v2beta1",
        "application/json",
    ]


@pytest.mark.usefixtures("impatient")
def test_an_api_whose_service_is_down_has_no_kinds_and_the_others_are_told(stub: Stub, client: Client) -> None:
    stub.kinds[METRICS] = {"PodMetrics": ("pods", True)}
    stub.add(api_service(service={"namespace": "openshift-monitoring", "name": "metrics"}))
    stub.faults = [Fault("GET", f"^/apis/{METRICS}$", 503, 99)]
    kinds = {one.kind for one in client.discovery.everything()}
    assert "PodMetrics" not in kinds
    assert {"ConfigMap", "Deployment", "APIService"} <= kinds


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("registered", [False, True])
def test_a_group_of_the_api_server_itself_is_never_taken_for_empty(
    stub: Stub, client: Client, registered: bool
) -> None:
    stub.kinds[METRICS] = {"PodMetrics": ("pods", True)}
    if registered:
        stub.add(api_service())
    stub.faults = [Fault("GET", f"^/apis/{METRICS}$", 503, 99, "the server is starting")]
    with pytest.raises(ApiError, match="the server is starting"):
        client.discovery.everything()


def api_service(**spec: Any) -> dict[str, Any]:
    group, _, version = METRICS.partition("/")
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}"},
        "spec": {"group": group, "version": version, **spec},
    }
