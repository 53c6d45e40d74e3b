"""The answers of cluster DNS, as a function of Services and their endpoints."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearsal.api import Obj
from rehearsal.cluster import APPS_DOMAIN, CLUSTER_DOMAIN, NODE_IP, ROUTER_IP
from rehearsal.platform.services import Endpoint, cluster_ip
from rehearsal.platform.watching import Key, key

BASE_DOMAIN = APPS_DOMAIN.partition(".")[2]
API_NAMES = (f"api.{BASE_DOMAIN}", f"api-int.{BASE_DOMAIN}")
DASHED = re.compile(r"\d{1,3}(-\d{1,3}){3}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a name has; a name without anything that exists all the same is an answer without records."""

    addresses: tuple[str, ...] = ()
    alias: str = ""
    targets: tuple[tuple[str, int], ...] = ()  # host and port of SRV records


@dataclass(slots=True)
class Zone:
    """The names of the moment."""

    services: Mapping[Key, Obj] = field(default_factory=dict)
    endpoints: Mapping[Key, list[Endpoint]] = field(default_factory=dict)

    def resolve(self, name: str) -> Answer | None:
        """The answer for a name without its final dot; None where no such name exists."""
        name = name.lower()
        if name in API_NAMES:
            return Answer((NODE_IP,))
        if name.endswith(f".{APPS_DOMAIN}"):
            return Answer((ROUTER_IP,))
        if name in (BASE_DOMAIN, APPS_DOMAIN, CLUSTER_DOMAIN):
            return Answer()
        if not name.endswith(f".{CLUSTER_DOMAIN}"):
            return None
        labels = name.removesuffix(f".{CLUSTER_DOMAIN}").split(".")
        if labels[-1] == "svc":
            return self._in_services(labels[:-1])
        if labels[-1] == "pod":
            return _pod(labels[:-1])
        return None

    def _in_services(self, labels: list[str]) -> Answer | None:
        if len(labels) < 2:
            namespaces = {namespace for namespace, _ in self.services}
            return Answer() if not labels or labels[0] in namespaces else None
        *rest, own, namespace = labels
        service = self.services.get((namespace, own))
        if service is None:
            return None
        if service["spec"].get("type") == "ExternalName":
            return None if rest else Answer(alias=service["spec"]["externalName"])
        if not rest:
            return self._service(service)
        if len(rest) == 2 and all(part.startswith("_") for part in rest):
            return self._port(service, rest[0][1:], rest[1][1:])
        return self._endpoint(service, rest[0]) if len(rest) == 1 else None

    def _service(self, service: Obj) -> Answer | None:
        if address := cluster_ip(service):
            return Answer((address,))
        addresses = [endpoint.address for endpoint in self.endpoints.get(key(service), [])]
        random.shuffle(addresses)
        return Answer(tuple(addresses)) if addresses else None

    def _port(self, service: Obj, name: str, protocol: str) -> Answer | None:
        namespace, own = key(service)
        host = f"{own}.{namespace}.svc.{CLUSTER_DOMAIN}"
        for port in service["spec"].get("ports") or []:
            if port.get("name") == name and port.get("protocol", "TCP").lower() == protocol:
                if cluster_ip(service):
                    return Answer(targets=((host, port["port"]),))
                behind = [e for e in self.endpoints.get((namespace, own), []) if name in e.ports]
                return Answer(targets=tuple((f"{_label(e)}.{host}", e.ports[name]) for e in behind)) if behind else None
        return None

    def _endpoint(self, service: Obj, label: str) -> Answer | None:
        found = [e.address for e in self.endpoints.get(key(service), []) if label == _label(e)]
        return Answer(tuple(found)) if found else None


def _label(endpoint: Endpoint) -> str:
    """A pod under its Service: its hostname, or its dashed address where it has none."""
    return endpoint.hostname or endpoint.address.replace(".", "-")


def _pod(labels: list[str]) -> Answer | None:
    if len(labels) < 2:
        return Answer()
    if len(labels) == 2 and DASHED.fullmatch(labels[0]):
        return Answer((labels[0].replace("-", "."),))
    return None
