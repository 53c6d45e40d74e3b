"""Connections: every form of kubeconfig, proxies, and no more than that."""

from __future__ import annotations

import base64
import json
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.errors import DemoError, SettingsError, Unreachable
from bootstrap.kube.client import Client
from bootstrap.kube.connection import connect, proxy_for
from bootstrap.login import whoami
from tests.unit.oauth_stub import World, cluster


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with cluster(tmp_path) as running:
        running.tokens["t"] = "alice"
        yield running


def kubeconfig(folder: Path, world: World, user: dict[str, Any], **changes: Any) -> Path:
    fields = {"server": world.url, "certificate-authority": str(world.ca), **changes}
    document = {
        "current-context": "c",
        "clusters": [{"name": "k", "cluster": {key: value for key, value in fields.items() if value is not None}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return path


def who(client: Client) -> str:
    try:
        return whoami(client)
    finally:
        client.close()


def test_a_token_and_a_ca_as_file(world: World, tmp_path: Path) -> None:
    assert who(connect(kubeconfig(tmp_path, world, {"token": "t"}))) == "alice"


def test_a_ca_as_data_and_a_token_from_a_file(world: World, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    data = base64.b64encode(world.ca.read_bytes()).decode()
    changes = {"certificate-authority": None, "certificate-authority-data": data}
    assert who(connect(kubeconfig(tmp_path, world, {"tokenFile": "token"}, **changes))) == "alice"


def test_a_token_from_an_exec_plugin(world: World, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(credential)}'\n")
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    user = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    }
    assert who(connect(kubeconfig(tmp_path, world, user))) == "alice"


def test_a_server_known_by_another_name(world: World, tmp_path: Path) -> None:
    _, _, port = world.url.rpartition(":")
    changes = {"server": f"https://localhost:{port}"}
    with pytest.raises(Unreachable, match="not trusted"):
        who(connect(kubeconfig(tmp_path, world, {"token": "t"}, **changes)))
    named = {**changes, "tls-server-name": "127.0.0.1"}
    assert who(connect(kubeconfig(tmp_path, world, {"token": "t"}, **named))) == "alice"


def test_a_ca_from_the_settings(world: World, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, world, {"token": "t"}, **{"certificate-authority": None})
    assert who(connect(path, ca_file=world.ca)) == "alice"
    with pytest.raises(Unreachable, match=r"is not trusted \(self-signed certificate\); set CA_FILE"):
        who(connect(path))


def test_a_kubeconfig_that_skips_verification_is_obeyed(world: World, tmp_path: Path) -> None:
    changes = {"certificate-authority": None, "insecure-skip-tls-verify": True}
    assert who(connect(kubeconfig(tmp_path, world, {"token": "t"}, **changes))) == "alice"


def test_the_file_is_only_read_and_no_key_is_left_in_a_temporary_folder(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    data = base64.b64encode(world.ca.read_bytes()).decode()
    changes = {"certificate-authority": None, "certificate-authority-data": data}
    path = kubeconfig(tmp_path, world, {"token": "t"}, **changes)
    path.chmod(0o400)
    before = path.read_bytes()
    for _ in range(2):
        assert who(connect(path)) == "alice"
    assert path.read_bytes() == before
    assert not list(scratch.rglob("*"))


@pytest.mark.parametrize(
    ("user", "changes", "said"),
    [
        (
            {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/plugin"}},
            {},
            "nowhere/plugin",
        ),
        ({"token": "t"}, {"certificate-authority": "/nowhere/ca.crt"}, "File does not exist: /nowhere/ca.crt"),
        ({"token": "t"}, {"proxy-url": "socks5://127.0.0.1:1"}, "only http and https proxies can be used"),
    ],
)
def test_what_cannot_be_used_is_told(
    world: World, tmp_path: Path, user: dict[str, Any], changes: dict[str, str], said: str
) -> None:
    with pytest.raises(DemoError, match=said) as caught:
        who(connect(kubeconfig(tmp_path, world, user, **changes)))
    assert isinstance(caught.value, SettingsError)


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A CONNECT proxy and the targets it was asked for."""
    asked: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            sink.close()

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            head = client.recv(65536).decode()
            asked.append(head.split()[1] + (" authorized" if "Proxy-Authorization" in head.title() else ""))
            host, _, port = head.split()[1].rpartition(":")
            server = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for pair in ((client, server), (server, client)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://me:secret@127.0.0.1:{listener.getsockname()[1]}", asked
    finally:
        listener.close()


def test_a_proxy_in_the_kubeconfig_is_used_even_on_loopback(world: World, tmp_path: Path) -> None:
    with proxy() as (url, asked):
        assert who(connect(kubeconfig(tmp_path, world, {"token": "t"}, **{"proxy-url": url}))) == "alice"
    assert asked == [world.url.removeprefix("https://") + " authorized"]


def test_a_proxy_from_settings_or_environment_is_not_used_on_loopback(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert who(connect(kubeconfig(tmp_path, world, {"token": "t"}), https_proxy="http://127.0.0.1:1")) == "alice"


@pytest.mark.usefixtures("impatient")
def test_a_proxy_that_is_down_is_named_without_its_password(world: World, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, world, {"token": "t"}, **{"proxy-url": "http://me:secret@127.0.0.1:1"})
    with pytest.raises(Unreachable, match=r"the proxy http://127.0.0.1:1 does not lead to") as caught:
        who(connect(path))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "no_proxy", "through"),
    [
        ("https://api.lab.example:6443", "", True),
        ("https://api.lab.example:6443", ".lab.example", False),
        ("https://api.lab.example:6443", "lab.example", False),
        ("https://api.lab.example:6443", "*.lab.example", False),
        ("https://api.lab.example:6443", "api.lab.example:6443", False),
        ("https://api.lab.example:6443", "api.lab.example:443", True),
        ("https://notlab.example", "lab.example", True),
        ("https://10.1.2.3:6443", "10.0.0.0/8, other", False),
        ("https://11.1.2.3:6443", "10.0.0.0/8", True),
        ("https://api.lab.example", "*", False),
        ("https://127.0.0.1:6443", "", False),
        ("https://[::1]:6443", "", False),
        ("https://localhost:6443", "", False),
    ],
)
def test_who_is_reached_through_the_proxy(url: str, no_proxy: str, through: bool) -> None:
    assert (proxy_for(url, "http://proxy:3128", no_proxy) is not None) is through
