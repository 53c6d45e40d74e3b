"""The way from this machine to Routes: proxy and certificate authorities for everything that is not the API."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3

from bootstrap.errors import DemoError
from bootstrap.kube.client import Client
from bootstrap.kube.connection import make_pool, proxy_for
from bootstrap.kube.objects import Obj, Ref, dig

INGRESS_CA = Ref("v1", "ConfigMap", "openshift-config-managed", "default-ingress-cert")


@dataclass(frozen=True, slots=True)
class Outside:
    """How requests to Routes travel."""

    proxy: str | None = None
    no_proxy: str | None = None
    certificates: str = ""  # PEM, beside what the machine trusts

    def proxy_for(self, url: str) -> str | None:
        """Return the proxy to use for a URL, or None."""
        return proxy_for(url, self.proxy, self.no_proxy)

    def context(self) -> ssl.SSLContext:
        """Return a TLS context that trusts the machine's authorities and the cluster's."""
        context = ssl.create_default_context()
        # an ingress CA may lack key identifiers, and a bundle may hold the certificate itself
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if self.certificates:
            context.load_verify_locations(cadata=self.certificates)
        return context

    def pool(self, url: str, *, connections: int = 4) -> urllib3.PoolManager:
        """Return a connection pool for a URL; its requests do not retry by themselves."""
        pool = make_pool(self.context(), proxy=self.proxy_for(url), connections=connections)
        pool.connection_pool_kw |= {"timeout": urllib3.Timeout(connect=10, read=60), "retries": False}
        return pool

    def to_vars(self, ca_file: Path) -> dict[str, str]:
        """Return this as plain data, the certificates kept in `ca_file`."""
        found = {"https_proxy": self.proxy, "no_proxy": self.no_proxy, "route_ca_file": str(ca_file)}
        return {key: value for key, value in found.items() if value}

    @classmethod
    def from_vars(cls, data: Mapping[str, str]) -> Outside:
        """Return what `to_vars` wrote."""
        path = data.get("route_ca_file")
        certificates = Path(path).read_text() if path and Path(path).is_file() else ""
        return cls(data.get("https_proxy"), data.get("no_proxy"), certificates)


def way_out(client: Client, *, proxy: str | None, no_proxy: str | None, ca_file: Path | None) -> Outside:
    """Return the way to this cluster's Routes: the settings' proxy and CA, and the CA that the cluster publishes."""
    published = dig(client.find(INGRESS_CA), "data", "ca-bundle.crt", default="")
    given = ca_file.read_text() if ca_file else ""
    return Outside(proxy, no_proxy, "".join(f"{part.strip()}\n" for part in (given, published) if part.strip()))


def route_host(route: Obj) -> str:
    """Return the host at which a Route is admitted."""
    for ingress in dig(route, "status", "ingress", default=[]):
        for condition in ingress.get("conditions", []):
            if condition.get("type") == "Admitted" and condition.get("status") == "True" and ingress.get("host"):
                return str(ingress["host"])
    ref = Ref.of(route)
    raise DemoError(
        f"{ref} is not admitted by any router; look at the status of that Route, and at the ingress operator"
    )


def route_url(client: Client, namespace: str, name: str) -> str:
    """Return the public URL of a Route."""
    route = client.get(Ref("route.openshift.io/v1", "Route", namespace, name))
    scheme = "https" if dig(route, "spec", "tls") else "http"
    return f"{scheme}://{route_host(route)}{dig(route, 'spec', 'path', default='')}"
