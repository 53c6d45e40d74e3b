"""Routes as OpenShift's router sees them: default host, who owns a host, status, and what the data plane serves."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rehearsal.api import Obj
from rehearsal.cluster import APPS_DOMAIN
from rehearsal.platform.services import Endpoint
from rehearsal.platform.watching import Key, key

ROUTER = "default"
CANONICAL = f"router-default.{APPS_DOMAIN}"
GENERATED = "openshift.io/host.generated"
ANNOTATION = "haproxy.router.openshift.io/"
DEFAULT_TIMEOUT = 30.0
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the router takes a Route."""

    admitted: bool
    reason: str = ""
    message: str = ""
    silent: bool = False  # as if no router had looked at it


def defaults(route: Obj) -> Obj | None:
    """The merge patch that gives a Route what OpenShift's API server fills in, or None."""
    spec = route["spec"]
    patch: Obj = {}
    annotations = {}
    if not spec.get("host"):
        namespace, name = key(route)
        patch["host"] = f"{name}-{namespace}.{APPS_DOMAIN}"
        annotations[GENERATED] = "true"
    if not spec.get("wildcardPolicy"):
        patch["wildcardPolicy"] = "None"
    if spec["to"].get("weight") is None or not spec["to"].get("kind"):
        patch["to"] = {"kind": spec["to"].get("kind") or "Service", "weight": spec["to"].get("weight", 100)}
    if not patch:
        return None
    return {"spec": patch} | ({"metadata": {"annotations": annotations}} if annotations else {})


def judge(routes: Iterable[Obj], fault: Mapping[str, str] | None = None) -> dict[Key, Verdict]:
    """Which Routes are admitted: of two that want the same host and path, or one host in two namespaces, the older."""
    verdicts: dict[Key, Verdict] = {}
    owners: dict[str, Obj] = {}
    taken: dict[tuple[str, str], Obj] = {}
    for route in sorted(routes, key=_age):
        host, path = route["spec"].get("host", "").lower(), route["spec"].get("path", "")
        namespace, name = key(route)
        if not host:
            continue  # its host comes with its next event
        owner, twin = owners.get(host), taken.get((host, path))
        if fault is not None and fault.get("name", name) == name:
            verdicts[namespace, name] = _refused(fault)
        elif owner is not None and owner["metadata"]["namespace"] != namespace:
            message = f"a route in another namespace holds host {host}"
            verdicts[namespace, name] = Verdict(False, "HostAlreadyClaimed", message)
        elif twin is not None:
            message = f"route {twin['metadata']['name']} already exposes {host} and is older"
            verdicts[namespace, name] = Verdict(False, "HostAlreadyClaimed", message)
        else:
            owners.setdefault(host, route)
            taken[host, path] = route
            verdicts[namespace, name] = Verdict(True)
    return verdicts


def _age(route: Obj) -> tuple[str, str]:
    return route["metadata"].get("creationTimestamp", ""), route["metadata"].get("uid", "")


def _refused(fault: Mapping[str, str]) -> Verdict:
    if fault.get("how") == "absent":
        return Verdict(False, silent=True)
    return Verdict(False, "RouteNotAdmitted", "the rehearsal's fault route-not-admitted is on")


def status(route: Obj, verdict: Verdict) -> Obj:
    """The Route's status as the router writes it; unchanged when it says this already."""
    if verdict.silent:
        return {}
    condition = {"type": "Admitted", "status": str(verdict.admitted)}
    condition |= {"reason": verdict.reason, "message": verdict.message} if verdict.reason else {}
    ingress = {
        "host": route["spec"]["host"],
        "routerName": ROUTER,
        "routerCanonicalHostname": CANONICAL,
        "wildcardPolicy": route["spec"].get("wildcardPolicy", "None"),
    }
    for present in (route.get("status") or {}).get("ingress") or []:
        same = {name: value for name, value in present.items() if name != "conditions"} == ingress
        conditions = present.get("conditions") or [{}]
        if same and {k: v for k, v in conditions[0].items() if k != "lastTransitionTime"} == condition:
            return {"ingress": [present]}
    condition["lastTransitionTime"] = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"ingress": [{"conditions": [condition], **ingress}]}


def served(route: Obj, endpoints: Mapping[Key, list[Endpoint]], services: Mapping[Key, Obj]) -> Obj:
    """The Route as the data plane wants it."""
    namespace, name = key(route)
    spec, annotations = route["spec"], route["metadata"].get("annotations") or {}
    tls = spec.get("tls") or {}
    backends = [spec["to"], *(spec.get("alternateBackends") or [])]
    return {
        "name": f"{namespace}/{name}",
        "host": spec["host"],
        "path": spec.get("path", ""),
        "termination": tls.get("termination", ""),
        "insecure": tls.get("insecureEdgeTerminationPolicy", ""),
        "certificate": {"certificate": _chain(tls), "key": tls.get("key", "")},
        "destination_ca": tls.get("destinationCACertificate", ""),
        "timeout": seconds(annotations.get(f"{ANNOTATION}timeout", "")),
        "hsts": annotations.get(f"{ANNOTATION}hsts_header", ""),
        "rewrite": annotations.get(f"{ANNOTATION}rewrite-target", ""),
        "backends": [_backend(route, one, endpoints, services) for one in backends],
    }


def _chain(tls: Mapping[str, str]) -> str:
    parts = [tls.get("certificate", ""), tls.get("caCertificate", "")]
    return "\n".join(part.strip() for part in parts if part.strip())


def _backend(
    route: Obj, to: Mapping[str, object], endpoints: Mapping[Key, list[Endpoint]], services: Mapping[Key, Obj]
) -> Obj:
    namespace, name = route["metadata"]["namespace"], str(to["name"])
    wanted = (route["spec"].get("port") or {}).get("targetPort")
    service = services.get((namespace, name), {"spec": {}})
    weight = to.get("weight")
    return {
        "service": f"{namespace}/{name}",
        "server_name": f"{name}.{namespace}.svc",
        "weight": 100 if weight is None else weight,
        "h2c": _protocol(service, wanted) in ("h2c", "kubernetes.io/h2c"),
        "endpoints": [
            f"{endpoint.address}:{port}"
            for endpoint in endpoints.get((namespace, name), [])
            if (port := target_port(endpoint, wanted, service)) is not None
        ],
    }


def target_port(endpoint: Endpoint, wanted: str | int | None, service: Obj) -> int | None:
    """The endpoint's port that a Route means: by the port's name, by the number on the pod, or the Service's first."""
    if wanted is None or wanted == "":
        first = next((port.get("name") or "" for port in service["spec"].get("ports") or []), "")
        return endpoint.ports.get(first)
    for name, port in endpoint.ports.items():
        if str(wanted) in (name, str(port)):
            return port
    return None


def _protocol(service: Obj, wanted: str | int | None) -> str:
    for port in service["spec"].get("ports") or []:
        if wanted in (None, "", port.get("name"), port.get("targetPort")):
            return str(port.get("appProtocol", ""))
    return ""


def seconds(text: str) -> float:
    """HAProxy's way of writing a time, as seconds; the router's default where it is not one.

    >>> seconds("5m"), seconds("1500"), seconds("soon")
    (300.0, 1.5, 30.0)
    """
    found = re.fullmatch(r"(\d+)(us|ms|s|m|h|d)?", text.strip())
    return int(found[1]) * UNITS[found[2] or "ms"] if found else DEFAULT_TIMEOUT
