"""Kubeconfig files: the administrator's outside, one per part inside."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import yaml

from rehearsal.cluster import API_PORT, NODE_NAME, TOKEN_REVIEW_URL, Cluster
from rehearsal.pki import Authority, Pair, write_private

MASTERS = ("system:masters",)
INNER_SERVER = f"https://127.0.0.1:{API_PORT}"


@dataclass(frozen=True, slots=True)
class Identity:
    """A user name with its groups, as a client certificate states them."""

    user: str
    groups: tuple[str, ...] = ()


# the parts that have no counterpart on a real cluster act as masters, each under a name of its own in the audit log
INNER: dict[str, Identity] = {
    "admin": Identity("system:admin", MASTERS),
    "dataplane": Identity("system:rehearsal-dataplane", MASTERS),
    "kube-controller-manager": Identity("system:kube-controller-manager"),
    "kube-scheduler": Identity("system:kube-scheduler"),
    "node": Identity(f"system:node:{NODE_NAME}", ("system:nodes",)),
    "payload": Identity("system:rehearsal-payload", MASTERS),
    "platform": Identity("system:rehearsal-platform", MASTERS),
}


def write_all(cluster: Cluster) -> None:
    """The kubeconfig outside and those of the parts inside exist and fit the present ports and PKI."""
    authority = Authority.load(cluster.pki, "ca")
    ca = authority.pem
    admin = INNER["admin"]
    outside = authority.issue(admin.user, admin.groups, client=True)
    write_private(cluster.kubeconfig, render(cluster.api_url, ca, admin.user, outside, "rehearsal"))
    for name, identity in INNER.items():
        pair = authority.issue(identity.user, identity.groups, client=True)
        write_private(cluster.inner_kubeconfig(name), render(INNER_SERVER, ca, identity.user, pair))
    reviewer = authority.issue("kube-apiserver", client=True)
    write_private(cluster.inner_kubeconfig("token-review"), render(TOKEN_REVIEW_URL, ca, "kube-apiserver", reviewer))


def render(server: str, ca: bytes, user: str, pair: Pair, context: str = "rehearsal") -> bytes:
    """One cluster, one user, one context, everything as data."""
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "rehearsal", "cluster": {"server": server, "certificate-authority-data": _data(ca)}}],
        "users": [
            {
                "name": user,
                "user": {"client-certificate-data": _data(pair.certificate), "client-key-data": _data(pair.key)},
            }
        ],
        "contexts": [{"name": context, "context": {"cluster": "rehearsal", "user": user, "namespace": "default"}}],
        "current-context": context,
    }
    return yaml.safe_dump(config, sort_keys=False).encode()


def _data(content: bytes) -> str:
    return base64.b64encode(content).decode()
