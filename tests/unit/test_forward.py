"""A port of a pod on loopback: through the API server, through a proxy, and with the reason where there is no way."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bootstrap.errors import DemoError
from bootstrap.forward import PROTOCOL, forwarded
from bootstrap.kube.objects import Ref
from bootstrap.outside import Outside
from tests.unit.kube.test_connection import proxy
from tests.unit.oauth_stub import make_certificate

POD = Ref("v1", "Pod", "demo", "minio-0")
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of every web socket


class Handler(BaseHTTPRequestHandler):
    """Answers in capitals on port 9000, as the API server carries it; on any other nobody listens."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self.close_connection = True
        if self.headers.get("Authorization") != "Bearer t":
            self.send_error(401)
            return
        self.send_response(101)
        accept = hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + MAGIC).digest()
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Protocol": PROTOCOL}
        for name, value in {**upgrade, "Sec-WebSocket-Accept": base64.b64encode(accept).decode()}.items():
            self.send_header(name, value)
        self.end_headers()
        port = int(self.path.rpartition("=")[2])
        for channel in (b"\0", b"\1"):
            self.frame(channel + port.to_bytes(2, "little"))
        if port != 9000:
            self.frame(b"\1error forwarding port: connection refused")
        while data := self.received():
            self.frame(b"\0" + data[1:].upper())

    def frame(self, data: bytes) -> None:
        self.wfile.write(bytes([0x82, len(data)]) + data)

    def received(self) -> bytes:
        """The next short frame of data, empty at the end."""
        head = self.rfile.read(2)
        if len(head) < 2 or head[0] != 0x82:
            return b""
        mask, data = self.rfile.read(4), self.rfile.read(head[1] & 0x7F)
        return bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """An API server that forwards ports; its certificate is `ca.crt` in the test's folder."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*make_certificate(tmp_path))
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    running.handle_error = lambda request, address: None  # type: ignore[method-assign]
    running.socket = tls.wrap_socket(running.socket, server_side=True)
    threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
    yield f"https://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def kubeconfig(folder: Path, server: str, *, token: str = "t", **cluster: Any) -> Path:
    fields = {"server": server, "certificate-authority": str(folder / "ca.crt"), **cluster}
    document = {
        "current-context": "c",
        "clusters": [{"name": "k", "cluster": fields}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(document))
    return folder / "kubeconfig"


@contextmanager
def talking(path: Path, port: int = 9000) -> Iterator[socket.socket]:
    """A connection to the forwarded port; an end without an answer is an error, as it is to any client."""
    with forwarded(Outside(), path, POD, port) as local, socket.create_connection(("127.0.0.1", local), 10) as way:
        yield way


def ask(path: Path, port: int = 9000) -> bytes:
    with talking(path, port) as way:
        way.sendall(b"hello")
        if not (answer := way.recv(100)):
            raise ConnectionError("ended without an answer")
        return answer


def test_what_is_sent_reaches_the_pod_and_its_answer_comes_back(server: str, tmp_path: Path) -> None:
    assert ask(kubeconfig(tmp_path, server)) == b"HELLO"


def test_an_api_server_behind_a_proxy_is_reached_through_it(server: str, tmp_path: Path) -> None:
    with proxy() as (url, asked):
        assert ask(kubeconfig(tmp_path, server, **{"proxy-url": url})) == b"HELLO"
    assert asked == [server.removeprefix("https://") + " authorized"]


@pytest.mark.parametrize(
    ("port", "changes", "said"),
    [
        (9000, {"token": "expired"}, "Handshake status 401 Unauthorized$"),
        (9000, {"proxy-url": "http://me:secret@127.0.0.1:1"}, "Connection refused"),
        (9001, {}, "error forwarding port: connection refused$"),
    ],
    ids=["refused", "no proxy", "nobody listens"],
)
def test_why_there_is_no_way_is_told(
    server: str, tmp_path: Path, port: int, changes: dict[str, str], said: str
) -> None:
    path = kubeconfig(tmp_path, server, **changes)
    with pytest.raises(DemoError, match=f"port {port} of Pod demo/minio-0 cannot be reached .*: .*{said}") as caught:
        ask(path, port)
    assert "secret" not in str(caught.value)


def ask_and_fail(path: Path) -> None:
    with talking(path) as way:
        way.sendall(b"hello")
        assert way.recv(100)
        raise ValueError("another")


def test_an_error_that_has_nothing_to_do_with_the_way_stays_what_it_is(server: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="another"):
        ask_and_fail(kubeconfig(tmp_path, server))
