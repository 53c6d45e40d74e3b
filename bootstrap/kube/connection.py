"""From a kubeconfig in any of its forms to a Client: the `kubernetes` package reads it, urllib3 carries the requests."""

from __future__ import annotations

from pathlib import Path

from bootstrap.kube.client import Client

CONNECTIONS = 16


def connect(
    kubeconfig: Path,
    *,
    ca_file: Path | None = None,
    https_proxy: str | None = None,
    no_proxy: str | None = None,
    connections: int = CONNECTIONS,
) -> Client:
    """Return a client for the current context; the file is only read."""
    raise NotImplementedError
