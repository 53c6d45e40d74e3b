"""Defaults, claims, status and configuration of Routes."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cluster import APPS_DOMAIN
from rehearsal.platform.route_defaults import mutations, policy
from rehearsal.platform.routes import Verdict, defaults, judge, seconds, served, status, target_port
from rehearsal.platform.services import Endpoint

HOST = f"shop.{APPS_DOMAIN}"


def route(name: str, namespace: str = "a", created: str = "1", **spec: Any) -> dict[str, Any]:
    to = {"kind": "Service", "name": "web", "weight": 100}
    return {
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": created, "uid": name},
        "spec": {"host": HOST, "to": to, "wildcardPolicy": "None", **spec},
    }


def test_a_route_without_a_host_gets_name_and_namespace() -> None:
    bare = route("shop", "sales")
    bare["spec"] = {"to": {"name": "web"}}
    assert defaults(bare) == {
        "spec": {
            "host": f"shop-sales.{APPS_DOMAIN}",
            "wildcardPolicy": "None",
            "to": {"kind": "Service", "weight": 100},
        },
        "metadata": {"annotations": {"openshift.io/host.generated": "true"}},
    }
    assert defaults(route("complete")) is None


def test_the_admission_policy_fills_in_the_same() -> None:
    expressions = " ".join(mutations())
    for path in ("/spec/host", "/spec/wildcardPolicy", "/spec/to/weight", "openshift.io/host.generated", APPS_DOMAIN):
        assert path in expressions
    assert policy()[0]["spec"]["failurePolicy"] == "Ignore"


def test_of_two_namespaces_the_older_route_has_the_host() -> None:
    verdicts = judge([route("young", "b", "2"), route("old", "a", "1")])
    assert verdicts["a", "old"] == Verdict(True)
    message = f"a route in another namespace holds host {HOST}"
    assert verdicts["b", "young"] == Verdict(False, "HostAlreadyClaimed", message)


def test_one_namespace_may_share_a_host_by_paths() -> None:
    verdicts = judge([route("all"), route("part", created="2", path="/part"), route("twin", created="3", path="/part")])
    assert verdicts["a", "part"].admitted
    message = f"route part already exposes {HOST} and is older"
    assert verdicts["a", "twin"] == Verdict(False, "HostAlreadyClaimed", message)


def test_a_refused_route_claims_nothing() -> None:
    verdicts = judge([route("first", "a", "1"), route("second", "b", "2")], {"name": "first"})
    assert (verdicts["a", "first"].reason, verdicts["b", "second"].admitted) == ("RouteNotAdmitted", True)


@pytest.mark.parametrize(("fault", "silent"), [({}, False), ({"how": "absent"}, True), ({"name": "other"}, None)])
def test_the_fault_hits_the_named_route_or_all(fault: dict[str, str], silent: bool | None) -> None:
    verdict = judge([route("shop")], fault)["a", "shop"]
    assert (verdict.admitted, verdict.silent) == ((True, False) if silent is None else (False, silent))


def test_status_is_what_the_router_writes_and_stays_as_it_is() -> None:
    one = route("shop")
    first = status(one, Verdict(True))
    ingress = first["ingress"][0]
    assert ingress["conditions"][0]["status"] == "True"
    assert (ingress["host"], ingress["routerName"]) == (HOST, "default")
    assert ingress["routerCanonicalHostname"] == f"router-default.{APPS_DOMAIN}"
    ingress["conditions"][0]["lastTransitionTime"] = "long ago"
    assert status({**one, "status": first}, Verdict(True)) == first
    changed = status({**one, "status": first}, Verdict(False, "HostAlreadyClaimed", "m"))
    assert changed["ingress"][0]["conditions"][0]["reason"] == "HostAlreadyClaimed"
    assert status({**one, "status": first}, Verdict(False, silent=True)) == {}


def test_the_data_plane_is_told_termination_backends_and_their_ready_endpoints() -> None:
    tls = {
        "termination": "reencrypt",
        "insecureEdgeTerminationPolicy": "Redirect",
        "certificate": "LEAF\n",
        "caCertificate": "CA\n",
        "key": "KEY",
    }
    one = route("shop", port={"targetPort": "https"}, tls=tls, alternateBackends=[{"name": "next", "weight": 0}])
    one["metadata"]["annotations"] = {"haproxy.router.openshift.io/timeout": "2m"}
    told = served(one, {("a", "web"): [Endpoint("10.0.0.1", {"https": 8443, "http": 8080})]}, {})
    assert (told["termination"], told["insecure"], told["timeout"]) == ("reencrypt", "Redirect", 120.0)
    assert told["certificate"] == {"certificate": "LEAF\nCA", "key": "KEY"}
    first, second = told["backends"]
    assert (first["endpoints"], first["weight"], first["server_name"]) == (["10.0.0.1:8443"], 100, "web.a.svc")
    assert (second["endpoints"], second["weight"]) == ([], 0)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("https", 8443), (8080, 8080), ("8080", 8080), ("nope", None), (80, None), (None, 8443), ("", 8443)],
)
def test_a_target_port_is_a_name_or_the_number_on_the_pod(wanted: str | int | None, expected: int | None) -> None:
    service = {"spec": {"ports": [{"name": "https", "port": 443}, {"name": "http", "port": 80}]}}
    assert target_port(Endpoint("10.0.0.1", {"http": 8080, "https": 8443}), wanted, service) == expected


@pytest.mark.parametrize(("text", "expected"), [("30s", 30), ("5m", 300), ("1500", 1.5), ("", 30), ("soon", 30)])
def test_times_are_read_as_haproxy_writes_them(text: str, expected: float) -> None:
    assert seconds(text) == expected
