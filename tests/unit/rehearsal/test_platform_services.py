"""What the data plane listens on, from Services and EndpointSlices."""

from __future__ import annotations

from typing import Any

from rehearsal.platform.services import Endpoint, endpoints_by_service, listeners


def slice_of(
    service: str, ports: list[dict[str, Any]], *endpoints: dict[str, Any], kind: str = "IPv4"
) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "a", "name": f"{service}-x", "labels": {"kubernetes.io/service-name": service}},
        "addressType": kind,
        "ports": ports,
        "endpoints": list(endpoints),
    }


def at(address: str, **conditions: bool) -> dict[str, Any]:
    return {"addresses": [address], "conditions": conditions}


def service(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "a", "name": "web"}, "spec": spec}


def test_only_ready_ipv4_endpoints_count() -> None:
    http = [{"name": "http", "port": 8080}]
    found = endpoints_by_service(
        [
            slice_of("web", http, at("10.0.0.2", ready=True), at("10.0.0.1"), at("10.0.0.3", ready=False)),
            slice_of("web", http, at("fd00::1", ready=True), kind="IPv6"),
        ]
    )
    assert [endpoint.address for endpoint in found["a", "web"]] == ["10.0.0.1", "10.0.0.2"]


def test_ports_of_several_slices_belong_to_one_endpoint() -> None:
    one = slice_of("web", [{"name": "http", "port": 8080}], at("10.0.0.1", ready=True))
    two = slice_of("web", [{"name": "admin", "port": 9000}], at("10.0.0.1", ready=True))
    assert endpoints_by_service([one, two]) == {("a", "web"): [Endpoint("10.0.0.1", {"http": 8080, "admin": 9000})]}


def test_each_tcp_port_of_a_cluster_ip_is_listened_on() -> None:
    ports = [
        {"name": "http", "port": 80},
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "other", "port": 81},
    ]
    behind = {("a", "web"): [Endpoint("10.0.0.1", {"http": 8080}), Endpoint("10.0.0.2", {"http": 8080})]}
    assert listeners([service(clusterIP="172.30.1.2", ports=ports)], behind) == [
        {"name": "a/web:80", "address": "172.30.1.2:80", "endpoints": ["10.0.0.1:8080", "10.0.0.2:8080"]},
        {"name": "a/web:81", "address": "172.30.1.2:81", "endpoints": []},
    ]


def test_headless_and_external_services_have_no_listener() -> None:
    ports = [{"port": 80}]
    headless = service(clusterIP="None", ports=ports)
    external = service(type="ExternalName", externalName="x.example.com", ports=ports)
    assert listeners([headless, external], {}) == []
