"""From Services and EndpointSlices to what listens where and forwards to whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rehearsal.api import Obj
from rehearsal.platform.watching import Key, key

SERVICE_NAME = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One ready address behind a Service, with its ports by their names."""

    address: str
    ports: Mapping[str, int]
    hostname: str = ""


def endpoints_by_service(slices: Iterable[Obj]) -> dict[Key, list[Endpoint]]:
    """The ready IPv4 endpoints of every Service, in a stable order."""
    found: dict[Key, dict[str, Endpoint]] = defaultdict(dict)
    for piece in slices:
        owner = (piece["metadata"]["namespace"], piece["metadata"].get("labels", {}).get(SERVICE_NAME, ""))
        if piece.get("addressType") == "IPv4" and owner[1]:
            ports = {port.get("name") or "": port["port"] for port in piece.get("ports") or [] if port.get("port")}
            for endpoint in _ready(piece):
                address = endpoint["addresses"][0]
                known = found[owner].get(address, Endpoint(address, {}))  # named target ports come in several slices
                hostname = endpoint.get("hostname") or known.hostname
                found[owner][address] = Endpoint(address, {**known.ports, **ports}, hostname)
    return {owner: [by_address[address] for address in sorted(by_address)] for owner, by_address in found.items()}


def _ready(piece: Obj) -> Iterator[Obj]:
    for endpoint in piece.get("endpoints") or []:
        if (endpoint.get("conditions") or {}).get("ready") is not False:  # no value counts as ready
            yield endpoint


def cluster_ip(service: Obj) -> str:
    """The Service's address, empty for headless and external ones."""
    spec = service["spec"]
    address = spec.get("clusterIP", "")
    return "" if address == "None" or spec.get("type") == "ExternalName" else address


def listeners(services: Iterable[Obj], endpoints: Mapping[Key, list[Endpoint]]) -> list[Obj]:
    """What the data plane has to listen on: each TCP port of each cluster IP, with the endpoints behind it."""
    wanted = []
    for service in services:
        address = cluster_ip(service)
        for port in service["spec"].get("ports") or [] if address else []:
            if port.get("protocol", "TCP") != "TCP":
                continue
            name = port.get("name") or ""
            behind = [f"{e.address}:{e.ports[name]}" for e in endpoints.get(key(service), []) if name in e.ports]
            namespace, own = key(service)
            wanted.append(
                {
                    "name": f"{namespace}/{own}:{port['port']}",
                    "address": f"{address}:{port['port']}",
                    "endpoints": behind,
                }
            )
    return sorted(wanted, key=lambda one: one["address"])
