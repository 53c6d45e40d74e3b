"""Kubeconfig files and the file to source."""

from __future__ import annotations

import base64
import dataclasses
import platform
import subprocess
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from rehearsal import env_file, kubeconfig, pki
from rehearsal.cluster import Cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    made = Cluster("one", tmp_path_factory.mktemp("state one"), api_port=20001, proxy_port=20002)
    made.run.mkdir()
    pki.ensure(made.pki)
    kubeconfig.write_all(made)
    return made


def user_of(file: Path) -> str:
    user = yaml.safe_load(file.read_text())["users"][0]["user"]
    certificate = x509.load_pem_x509_certificate(base64.b64decode(user["client-certificate-data"]))
    return certificate.subject.rfc4514_string()


def server_of(file: Path) -> str:
    return str(yaml.safe_load(file.read_text())["clusters"][0]["cluster"]["server"])


def test_outside_is_the_loopback_port_and_inside_the_api_server(cluster: Cluster) -> None:
    assert server_of(cluster.kubeconfig) == "https://127.0.0.1:20001"
    assert server_of(cluster.inner_kubeconfig("node")) == "https://127.0.0.1:6443"
    assert server_of(cluster.inner_kubeconfig("token-review")).endswith("/tokenreview")


def test_only_their_owner_reads_kubeconfigs(cluster: Cluster) -> None:
    files = [cluster.kubeconfig, *cluster.run.glob("*.kubeconfig")]
    assert len(files) == len(kubeconfig.INNER) + 2
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_every_part_has_a_name_of_its_own(cluster: Cluster) -> None:
    users = [user_of(cluster.inner_kubeconfig(name)) for name in kubeconfig.INNER]
    assert len(set(users)) == len(users)
    assert user_of(cluster.inner_kubeconfig("node")) == "CN=system:node:rehearsal,O=system:nodes"


def test_the_env_file_can_be_sourced_and_puts_bin_first(cluster: Cluster) -> None:
    env_file.write(cluster, "abc123")
    names = ("KUBECONFIG", "HTTPS_PROXY", "NO_PROXY", "CA_FILE", "REVISION", "PATH")
    script = f'. "{cluster.env_file}"; printf "%s\\n" ' + " ".join(f'"${name}"' for name in names)
    said = subprocess.run(["sh", "-c", script], env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [
        str(cluster.kubeconfig),
        "http://127.0.0.1:20002",
        "127.0.0.1,localhost",
        str(cluster.ca_bundle),
        "abc123",
        f"{cluster.root / 'bin'}:/usr/bin",
    ]


@pytest.mark.parametrize(("machine", "delivery"), [("aarch64", "direct"), ("x86_64", None)])
def test_the_env_file_leaves_argo_cd_out_where_its_redis_cannot_be_had(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, machine: str, delivery: str | None
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert env_file.variables(cluster, "abc123").get("DELIVERY") == delivery


@pytest.mark.parametrize(
    ("rhods", "openshift", "channel"),
    [
        ("2.8", "4.17.45", {"RHODS_CHANNEL": "stable-2.8"}),
        ("2.25", "4.17.45", {}),
        ("2.25", "4.20.8", {"RHODS_CHANNEL": "stable-2.25"}),
        ("3.4", "4.20.8", {}),
    ],
)
def test_the_env_file_names_a_channel_where_the_catalog_prefers_another(
    cluster: Cluster, rhods: str, openshift: str, channel: dict[str, str]
) -> None:
    assert env_file.channel(dataclasses.replace(cluster, rhods=rhods, openshift=openshift)) == channel
