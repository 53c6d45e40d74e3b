"""Services, DNS and Routes of a running cluster: follows the API server and tells the data plane."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from rehearsal.api import Api, Obj
from rehearsal.cluster import APPS_DOMAIN, DNS_IP, NODE_IP, Cluster
from rehearsal.fault_file import FaultFile
from rehearsal.pki import Authority, Pair
from rehearsal.platform import dns, routes
from rehearsal.platform.dataplane import Dataplane
from rehearsal.platform.login.part import LoginPart
from rehearsal.platform.names import Zone
from rehearsal.platform.ports import GIT_PORT
from rehearsal.platform.services import endpoints_by_service, listeners
from rehearsal.platform.watching import Cache, key, reconcile

ROUTES = "/apis/route.openshift.io/v1"


class Network:
    """The caches that the network follows, and what is made of them."""

    def __init__(self, api: Api, cluster: Cluster, faults: FaultFile, login: LoginPart) -> None:
        self.services = Cache(api, "/api/v1/services")
        self.slices = Cache(api, "/apis/discovery.k8s.io/v1/endpointslices")
        self.routes = Cache(api, f"{ROUTES}/routes")
        self.dataplane = Dataplane(cluster.run / "dataplane.sock")
        self._api, self._faults, self._login, self._zone = api, faults, login, Zone()
        self._service_ca = Authority.load(cluster.pki, "service-ca").pem.decode()
        self._certificate = _router_certificate(cluster)

    async def start(self) -> list[Awaitable[Any]]:
        """DNS listens; the returned work keeps everything up to date."""
        server = await dns.serve(self._zone, DNS_IP)
        caches = (self.services, self.slices, self.routes)
        return [
            server.serve_forever(),
            self.dataplane.follow(),
            *(cache.run() for cache in caches),
            reconcile("network", (*caches, self._login.authentication), self.publish),
            reconcile("routes", (self.routes, self._faults), self._settle_routes),
        ]

    async def publish(self) -> None:
        """DNS and the data plane know the present state."""
        if not (self.services.synced.is_set() and self.slices.synced.is_set()):
            return  # half a picture would close what is open
        endpoints = endpoints_by_service(self.slices.items())
        self._zone.services, self._zone.endpoints = self.services.objects, endpoints
        verdicts = self._verdicts()
        admitted = [one for one in self.routes.items() if key(one) in verdicts and verdicts[key(one)].admitted]
        served = [routes.served(one, endpoints, self.services.objects) for one in admitted]
        await self.dataplane.set(
            {
                "apps_domain": APPS_DOMAIN,
                **self._login.front_door(),
                "certificate": {
                    "certificate": self._certificate.certificate.decode(),
                    "key": self._certificate.key.decode(),
                },
                "service_ca": self._service_ca,
                "services": listeners(self.services.items(), endpoints),
                "routes": [*sorted(served, key=lambda one: str(one["name"])), _git()],
            }
        )

    def _verdicts(self) -> dict[tuple[str, str], routes.Verdict]:
        return routes.judge(self.routes.items(), self._faults.get("route-not-admitted"))

    async def _settle_routes(self) -> None:
        """Every Route has its defaults and the router's status."""
        verdicts = self._verdicts()
        await asyncio.gather(*(self._settle(route, verdicts.get(key(route))) for route in self.routes.items()))
        await self.publish()  # a fault changes what is admitted without an event

    async def _settle(self, route: Obj, verdict: routes.Verdict | None) -> None:
        namespace, name = key(route)
        path = f"{ROUTES}/namespaces/{namespace}/routes/{name}"
        if patch := routes.defaults(route):
            await self._api.patch(path, patch)
            return
        if verdict is None:
            return
        status = routes.status(route, verdict)
        if (route.get("status") or {}).get("ingress") != status.get("ingress"):
            await self._api.patch(f"{path}/status", {"status": {"ingress": status.get("ingress")}})


def _git() -> Obj:
    """The Git server, which is beyond a real cluster and so has no Route object."""
    backend = {"service": "git", "server_name": "", "weight": 1, "h2c": False, "endpoints": [f"{NODE_IP}:{GIT_PORT}"]}
    return {
        "name": "git",
        "host": f"git.{APPS_DOMAIN}",
        "termination": "edge",
        "insecure": "Redirect",
        "timeout": 120,
        "backends": [backend],
    }


def _router_certificate(cluster: Cluster) -> Pair:
    """The router's wildcard certificate, made at the first start."""
    if not (cluster.pki / "router.crt").exists():
        names = (f"*.{APPS_DOMAIN}",)
        Authority.load(cluster.pki, "ingress-ca").issue(names[0], sans=names, server=True).write(cluster.pki, "router")
    return Pair.read(cluster.pki, "router")
