"""Cluster DNS answers as a function of Services and endpoints."""

from __future__ import annotations

from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from rehearsal.cluster import APPS_DOMAIN, NODE_IP, ROUTER_IP
from rehearsal.platform.dns import respond
from rehearsal.platform.names import Zone
from rehearsal.platform.services import Endpoint

IN_SVC = "svc.cluster.local"


def service(namespace: str, name: str, **spec: Any) -> tuple[tuple[str, str], dict[str, Any]]:
    return (namespace, name), {"metadata": {"namespace": namespace, "name": name}, "spec": spec}


@pytest.fixture
def zone() -> Zone:
    ports = [{"name": "http", "port": 80}]
    return Zone(
        dict(
            [
                service("a", "web", clusterIP="172.30.1.2", ports=ports),
                service("a", "peers", clusterIP="None", ports=ports),
                service("a", "nobody", clusterIP="None", ports=ports),
                service("a", "there", type="ExternalName", externalName=f"web.a.{IN_SVC}"),
                service("a", "loop", type="ExternalName", externalName=f"loop.a.{IN_SVC}"),
            ]
        ),
        {
            ("a", "web"): [Endpoint("10.128.0.11", {"http": 8080})],
            ("a", "peers"): [
                Endpoint("10.128.0.12", {"http": 8080}, "peer-0"),
                Endpoint("10.128.0.13", {"http": 8080}),
            ],
        },
    )


def ask(zone: Zone, name: str, kind: str = "A", udp: bool = True) -> dns.message.Message:
    return dns.message.from_wire(respond(zone, dns.message.make_query(name, kind).to_wire(), udp))


def answers(zone: Zone, name: str, kind: str = "A") -> list[str]:
    return sorted(record.to_text() for rrset in ask(zone, name, kind).answer for record in rrset)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"web.a.{IN_SVC}", ["172.30.1.2"]),
        (f"WEB.a.{IN_SVC}", ["172.30.1.2"]),
        (f"peers.a.{IN_SVC}", ["10.128.0.12", "10.128.0.13"]),
        (f"peer-0.peers.a.{IN_SVC}", ["10.128.0.12"]),
        (f"10-128-0-13.peers.a.{IN_SVC}", ["10.128.0.13"]),
        (f"there.a.{IN_SVC}", ["172.30.1.2", f"web.a.{IN_SVC}."]),
        ("10-128-0-77.a.pod.cluster.local", ["10.128.0.77"]),
        (f"anything.{APPS_DOMAIN}", [ROUTER_IP]),
        ("api-int.rehearsal.test", [NODE_IP]),
    ],
)
def test_names_that_have_addresses(zone: Zone, name: str, expected: list[str]) -> None:
    assert answers(zone, name) == expected


@pytest.mark.parametrize(
    "name",
    [
        f"no.a.{IN_SVC}",
        f"web.b.{IN_SVC}",
        f"nobody.a.{IN_SVC}",
        f"peer-1.peers.a.{IN_SVC}",
        f"x.there.a.{IN_SVC}",
        "github.com",
        f"github.com.a.{IN_SVC}",
        "nonsense.a.pod.cluster.local",
        "rehearsal.test.example.com",
    ],
)
def test_names_that_do_not_exist(zone: Zone, name: str) -> None:
    answer = ask(zone, name)
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.authority


@pytest.mark.parametrize("name", [f"web.a.{IN_SVC}", IN_SVC, f"a.{IN_SVC}", APPS_DOMAIN])
def test_a_name_without_such_records_exists_all_the_same(zone: Zone, name: str) -> None:
    answer = ask(zone, name, "AAAA")
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])


def test_ports_of_services_and_of_their_pods(zone: Zone) -> None:
    assert answers(zone, f"_http._tcp.web.a.{IN_SVC}", "SRV") == [f"0 100 80 web.a.{IN_SVC}."]
    assert answers(zone, f"_http._tcp.peers.a.{IN_SVC}", "SRV") == [
        f"0 50 8080 10-128-0-13.peers.a.{IN_SVC}.",
        f"0 50 8080 peer-0.peers.a.{IN_SVC}.",
    ]
    assert ask(zone, f"_https._tcp.web.a.{IN_SVC}", "SRV").rcode() == dns.rcode.NXDOMAIN


def test_aliases_in_a_circle_end(zone: Zone) -> None:
    assert ask(zone, f"loop.a.{IN_SVC}", udp=False).rcode() == dns.rcode.NOERROR


def test_an_answer_too_large_for_a_datagram_says_so(zone: Zone) -> None:
    many = [Endpoint(f"10.128.1.{n}", {"http": 1}) for n in range(1, 101)]
    zone.endpoints = {("a", "peers"): many}
    short, whole = ask(zone, f"peers.a.{IN_SVC}"), ask(zone, f"peers.a.{IN_SVC}", udp=False)
    assert short.flags & dns.flags.TC
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 100


def test_what_is_no_query_gets_no_answer(zone: Zone) -> None:
    assert respond(zone, b"nonsense", udp=True) == b""
    reply = respond(zone, dns.message.make_query("a.", "A").to_wire(), udp=True)
    assert respond(zone, reply, udp=True) == b""
