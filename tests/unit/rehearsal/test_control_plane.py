"""Command lines and configuration of the control plane."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import control_plane
from rehearsal.cluster import Cluster
from rehearsal.parts import environment, parts, wanted

CLUSTER = Cluster("one", Path("/state/one"), api_port=20001, proxy_port=20002)


def tool(name: str) -> Path:
    return Path("/built") / name


def flags(command: tuple[str, ...]) -> dict[str, str]:
    return dict(word.removeprefix("--").partition("=")[::2] for word in command[1:])


def test_only_the_api_server_listens_beyond_loopback() -> None:
    assert flags(control_plane.etcd(CLUSTER, tool))["listen-client-urls"].startswith("http://127.0.0.1:")
    assert flags(control_plane.controller_manager(CLUSTER, tool))["bind-address"] == "127.0.0.1"
    assert flags(control_plane.scheduler(CLUSTER, tool))["bind-address"] == "127.0.0.1"
    assert flags(control_plane.apiserver(CLUSTER, tool))["bind-address"] == "0.0.0.0"


def test_the_api_server_authorizes_as_a_cluster_does() -> None:
    given = flags(control_plane.apiserver(CLUSTER, tool))
    assert given["authorization-mode"] == "Node,RBAC"
    assert "NodeRestriction" in given["enable-admission-plugins"]
    assert "anonymous-auth" not in given


def test_the_front_proxy_is_trusted_by_its_own_authority_only() -> None:
    given = flags(control_plane.apiserver(CLUSTER, tool))
    assert given["requestheader-client-ca-file"] != given["client-ca-file"]
    assert given["requestheader-allowed-names"] == "front-proxy-client,api-front"
    assert "enable-aggregator-routing" not in given


def test_no_command_line_holds_key_material() -> None:
    for part in parts(CLUSTER, tool, 3, 4):
        assert "PRIVATE" not in " ".join(part.command)
        assert all(word.startswith(("-", "/")) or word.isdigit() or "." in word for word in part.command), part.command


def test_the_audit_log_never_has_bodies_and_keeps_writes_of_users() -> None:
    rules = control_plane.audit_policy()["rules"]
    assert {rule["level"] for rule in rules} == {"None", "Metadata"}
    assert rules[-1] == {"level": "Metadata"}
    for rule in rules[:-1]:
        assert rule.get("users") or rule.get("userGroups") or rule.get("nonResourceURLs"), rule


def test_every_need_is_started_before() -> None:
    started: set[str] = set()
    for part in parts(CLUSTER, tool, 3, 4):
        assert set(part.needs) <= started, part.name
        started.add(part.name)
    assert {"etcd", "kube-apiserver", "dataplane", "platform", "node", "payload"} <= started


def test_etcd_stops_last_and_the_node_with_its_pods_first() -> None:
    order = {part.name: part.stop_order for part in parts(CLUSTER, tool, 3, 4)}
    assert order["etcd"] == max(order.values())
    assert order["node"] == min(order.values())


def test_the_data_plane_inherits_the_two_ports() -> None:
    part = next(part for part in parts(CLUSTER, tool, 3, 4) if part.name == "dataplane")
    assert part.descriptors == (3, 4)
    assert part.command[-4:] == ("--api-fd", "3", "--proxy-fd", "4")


def test_parts_can_be_left_out_by_name() -> None:
    every = parts(CLUSTER, tool, 3, 4)
    assert {part.name for part in every} - {part.name for part in wanted(every, "node,payload")} == {"node", "payload"}
    assert wanted(every) == every


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "KUBECONFIG", "SSL_CERT_FILE", "PYTHONHOME", "TOKEN"])
def test_settings_of_the_person_who_typed_up_do_not_reach_the_parts(name: str) -> None:
    assert name not in environment({name: "x", "PATH": "/usr/bin", "HOME": "/home/a"})


def test_system_folders_are_on_the_path_of_the_parts() -> None:
    folders = environment({"PATH": "/usr/bin"})["PATH"].split(":")
    assert folders[0] == "/usr/bin"
    assert "/usr/sbin" in folders
