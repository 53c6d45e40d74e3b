"""An API server and an OAuth server at the socket's edge, over TLS with a private CA; each answer can be changed."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make_certificate(folder: Path, *, days: int = 1, address: str = "127.0.0.1") -> tuple[Path, Path]:
    """A self-signed certificate, its own CA, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stub")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "ca.crt", folder / "server.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, unencrypted))
    return paths


@dataclass
class World:
    """What the servers know and how they behave."""

    url: str = ""
    ca: Path = Path()
    users: dict[str, str] = field(default_factory=lambda: {"alice": "pa55 wörd", "kubeadmin": "k"})
    tokens: dict[str, str] = field(default_factory=dict)
    codes: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    behaviour: str = "normal"
    requests: list[tuple[str, str]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)


def basic(header: str) -> tuple[str, str]:
    user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return user, password


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world: World

    def log_message(self, *_: object) -> None: ...

    def handle_any(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        url = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.world.requests.append((self.command, url.path))
        routes = {
            "/.well-known/oauth-authorization-server": self.well_known,
            "/oauth/authorize": self.authorize,
            "/oauth/token": self.token,
            "/apis/authentication.k8s.io/v1/selfsubjectreviews": self.review,
        }
        if url.path in routes:
            return routes[url.path]()
        if "/useroauthaccesstokens/" in url.path:
            return self.revoke(url.path.rsplit("/", 1)[1])
        return self.answer(404, {"kind": "Status", "message": "not found", "reason": "NotFound"})

    do_GET = do_POST = do_DELETE = handle_any

    def answer(self, code: int, body: Any = None, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def well_known(self) -> None:
        behaviour, url = self.world.behaviour, self.world.url
        if behaviour == "oidc":
            return self.answer(404, b"404 page not found")
        if behaviour == "web-page":
            return self.answer(200, b"<html>welcome</html>")
        issuer = "https://127.0.0.1:1" if behaviour == "oauth-down" else url
        found = {"issuer": issuer, "code_challenge_methods_supported": ["plain", "S256"]}
        return self.answer(
            200,
            {**found, "authorization_endpoint": f"{issuer}/oauth/authorize", "token_endpoint": f"{issuer}/oauth/token"},
        )

    def authorize(self) -> None:
        behaviour = self.world.behaviour
        redirect = self.query["redirect_uri"]
        if behaviour == "no-challenge" or not self.headers.get("X-CSRF-Token"):
            return self.answer(401, b"", Link="<https://login>; rel=related")
        if behaviour == "to-login-page":
            return self.answer(302, b"", Location=f"{self.world.url}/login?then=/oauth/authorize")
        if behaviour == "denied":
            reason = urlencode({"error": "access_denied", "error_description": "the user is not in the right group"})
            return self.answer(302, b"", Location=f"{redirect}?{reason}")
        if behaviour == "broken":
            return self.answer(500, b"oops")
        user, password = basic(self.headers.get("Authorization", ""))
        if self.world.users.get(user) != password:
            return self.answer(401, b"", WWW_Authenticate='Basic realm="openshift"')
        code = f"code-{len(self.world.codes)}"
        self.world.codes[code] = (user, self.query)
        return self.answer(302, b"", Location=f"{redirect}?{urlencode({'code': code})}")

    def token(self) -> None:
        form = {key: values[0] for key, values in parse_qs(self.body).items()}
        user, asked = self.world.codes.pop(form["code"])
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        proven = digest == asked["code_challenge"] and asked["code_challenge_method"] == "S256"
        known = basic(self.headers["Authorization"]) == ("openshift-challenging-client", "")
        if (
            not (proven and known and form["redirect_uri"] == asked["redirect_uri"])
            or self.world.behaviour == "no-token"
        ):
            return self.answer(400, {"error": "invalid_grant"})
        token = f"sha256~token-{user}-{len(self.world.requests)}"
        self.world.tokens[token] = "kube:admin" if user == "kubeadmin" else user
        return self.answer(200, {"access_token": token})

    def bearer(self) -> str | None:
        return self.world.tokens.get(self.headers.get("Authorization", "").removeprefix("Bearer "))

    def review(self) -> None:
        if (user := self.bearer()) is None:
            return self.answer(401, {"kind": "Status", "message": "Unauthorized", "reason": "Unauthorized"})
        return self.answer(201, {"status": {"userInfo": {"username": user}}})

    def revoke(self, name: str) -> None:
        if self.bearer() is None:
            return self.answer(401, {"kind": "Status", "message": "Unauthorized"})
        token = self.headers["Authorization"].removeprefix("Bearer ")
        digest = hashlib.sha256(token.removeprefix("sha256~").encode()).digest()
        assert name == "sha256~" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        self.world.revoked.append(token)
        del self.world.tokens[token]
        return self.answer(200, {"status": "Success"})


@contextmanager
def cluster(folder: Path, **certificate: Any) -> Iterator[World]:
    """Run both servers behind one address."""
    world = World()
    world.ca, key = make_certificate(folder, **certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"world": world}))
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(world.ca, key)
    # the handshake belongs to the connection's own thread: one client that does not trust us must not stop the rest
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda request, address: None  # type: ignore[method-assign]
    world.url = f"https://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
