"""HTTP to a rehearsal as a client outside sends it: Routes through the proxy, the API beside it, both by the CA."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cluster import Cluster

SECONDS = 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def ask(
    cluster: Cluster, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: str | None = None
) -> Answer:
    """One request without redirects; hosts other than the API's go through the proxy."""
    parts = urllib.parse.urlsplit(url)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    direct = parts.hostname == "127.0.0.1"
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        trust = ssl.create_default_context(cafile=str(cluster.ca_bundle))
        address = ("127.0.0.1", cluster.api_port if direct else cluster.proxy_port)
        connection = http.client.HTTPSConnection(*address, context=trust, timeout=SECONDS)
        if not direct:
            connection.set_tunnel(str(parts.hostname), parts.port or 443)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", cluster.proxy_port, timeout=SECONDS)
        target = url
    try:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
    finally:
        connection.close()
