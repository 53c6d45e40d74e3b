"""What a plain kubeconfig says about reaching its server, read without the `kubernetes` package and its long import."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bootstrap.kubeconfig import Chosen, chosen

# whoever uses these needs a program, a provider or a rule of kubectl's that the package knows
NOT_PLAIN = frozenset({"exec", "auth-provider", "tokenFile", "username", "password", "as", "as-groups", "as-uid"})
FILES = {
    "certificate-authority": "ssl_ca_cert",
    "client-certificate": "cert_file",
    "client-key": "key_file",
}


@dataclass(slots=True)
class Access:
    """How to reach a server: the fields of the `kubernetes` package's Configuration that we use."""

    host: str
    verify_ssl: bool = True
    proxy: str | None = None
    tls_server_name: str | None = None
    ssl_ca_cert: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    api_key: Mapping[str, str] = field(default_factory=dict, repr=False)
    refresh_api_key_hook: Callable[[Any], None] | None = None


def plain(kubeconfig: Path, directory: str | None) -> Access | None:
    """Return how to reach the server; None where only the package can say, or can say better what is wrong."""
    found = chosen(kubeconfig)
    if found.path is None or not found.server.startswith("https://") or NOT_PLAIN & set(found.user):
        return None
    cluster, user = found.cluster, found.user
    access = Access(found.server, not cluster.get("insecure-skip-tls-verify"), cluster.get("proxy-url"))
    access.tls_server_name = cluster.get("tls-server-name")
    if user.get("token"):
        access.api_key = {"BearerToken": f"Bearer {user['token']}"}
    for key, name in FILES.items():
        source = cluster if key in cluster or f"{key}-data" in cluster else user
        if not (source.get(key) or source.get(f"{key}-data")):
            continue
        path = _file(found, source, key, directory)
        if path is None:
            return None
        setattr(access, name, path)
    return access if access.api_key or (access.cert_file and access.key_file) else None


def _file(found: Chosen, source: Mapping[str, Any], key: str, directory: str | None) -> str | None:
    """Return the file with a certificate or key; what is given as data is written below the directory."""
    if data := source.get(f"{key}-data"):
        if directory is None:
            return None
        try:
            content = base64.b64decode("".join(str(data).split()), validate=True)
        except (binascii.Error, ValueError):
            return None
        path = Path(directory) / key
        path.touch(mode=0o600)
        path.write_bytes(content)
    else:
        path = (found.path or Path()).parent / Path(str(source[key]))
    return str(path) if path.is_file() else None
