"""A plain kubeconfig is read as the `kubernetes` package reads it; any other is left to the package."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.kube import connection
from bootstrap.kube.access import FILES, plain

SERVER = "https://api.lab.example:6443"
PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
FIELDS = ("host", "verify_ssl", "proxy", "tls_server_name")


def data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def written(folder: Path, cluster: dict[str, Any], user: dict[str, Any]) -> Path:
    folder.joinpath("ca.crt").write_text(PEM)
    document = {
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me"}}],
        "clusters": [{"name": "lab", "cluster": {"server": SERVER, **cluster}}],
        "users": [{"name": "me", "user": user}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        ({}, {"token": "t"}),
        ({"certificate-authority": "ca.crt"}, {"token": "t"}),
        ({"certificate-authority-data": data(PEM)}, {"token": "t"}),
        ({"insecure-skip-tls-verify": True, "proxy-url": "http://proxy:3128"}, {"token": "t"}),
        ({"tls-server-name": "other.example"}, {"client-certificate-data": data(PEM), "client-key-data": data("k")}),
    ],
)
def test_plain_kubeconfigs_are_read_as_the_package_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: dict[str, Any], user: dict[str, Any]
) -> None:
    path = written(tmp_path, cluster, user)
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours = plain(path, str(tmp_path / "ours"))
    assert ours is not None
    monkeypatch.setattr(connection, "plain", lambda *_: None)
    theirs = connection.load(path, str(tmp_path / "theirs"))
    assert [getattr(ours, name) or None for name in FIELDS] == [getattr(theirs, name) or None for name in FIELDS]
    for name in FILES.values():
        ours_at, theirs_at = (getattr(one, name) for one in (ours, theirs))
        assert (ours_at and Path(ours_at).read_text()) == (theirs_at and Path(theirs_at).read_text())
    assert connection.authorization(ours)() == connection.authorization(theirs)()


@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        ({}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "true"}}),
        ({}, {"token": "t", "as": "somebody"}),
        ({}, {"username": "u", "password": "p"}),
        ({}, {"tokenFile": "/nowhere"}),
        ({}, {}),
        ({}, {"client-certificate": "gone.crt", "client-key": "gone.key"}),
        ({"certificate-authority-data": "%"}, {"token": "t"}),
        ({"server": "http://127.0.0.1:8001"}, {"token": "t"}),
    ],
)
def test_what_is_not_plain_is_left_to_the_package(
    tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any]
) -> None:
    (tmp_path / "scratch").mkdir()
    assert plain(written(tmp_path, cluster, user), str(tmp_path / "scratch")) is None
