"""Where each kind lives on this server, asked per group and version, in parallel, once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bootstrap.errors import ApiError, NotFound, NotServed
from bootstrap.kube.objects import Obj, dig
from bootstrap.kube.parallel import each

# v2 came with Kubernetes 1.30; 1.27 to 1.29, which are OpenShift 4.14 to 4.16, say the same as v2beta1
AGGREGATED = ",".join(
    [f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")]
    + ["application/json"]
)
APISERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as the server serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]

    @property
    def group(self) -> str:
        """Return the API group; the core group is empty."""
        return self.api_version.rpartition("/")[0]

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL path of the collection, an object or its subresource."""
        parts = [root(self.api_version)]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts += [self.plural, *(quote(part, safe="") for part in (name, subresource) if part)]
        return "/".join(parts)


def root(api_version: str) -> str:
    """Return the URL path of a group and version.

    >>> root("v1"), root("apps/v1")
    ('/api/v1', '/apis/apps/v1')
    """
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


class Discovery:
    """Remembers what is served; what is not is asked for again, because it may come."""

    def __init__(self, get: Callable[..., Any]) -> None:
        self._get = get
        self._known: dict[str, dict[str, Resource]] = {}
        self._lock = threading.Lock()

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return where a kind lives; NotServed where this cluster does not know it."""
        found = self._known.get(api_version, {}).get(kind)
        found = found or self._ask(api_version).get(kind)
        if found is None:
            raise NotServed(f"this cluster does not serve {kind} ({api_version})")
        return found

    def prepare(self, api_versions: Iterable[str]) -> None:
        """Ask for all these groups and versions at once, so that later questions are answered from memory."""
        each(self._ask, sorted(set(api_versions) - set(self._known)))

    def everything(self) -> list[Resource]:
        """Return every kind that can be listed and deleted, each in one version."""
        core = self._groups("/api")
        named = self._groups("/apis")
        found: dict[tuple[str, str], Resource] = {}
        for resources in [*core, *named]:
            for resource in resources:
                if {"list", "delete"} <= resource.verbs:
                    found.setdefault((resource.group, resource.kind), resource)
        return list(found.values())

    def _ask(self, api_version: str) -> dict[str, Resource]:
        try:
            listing = self._get("GET", root(api_version))
        except NotFound:
            return {}
        found = {r.kind: r for r in map(_parser(api_version), listing["resources"]) if "/" not in r.plural}
        with self._lock:
            self._known[api_version] = found
        return found

    def _groups(self, path: str) -> list[list[Resource]]:
        """Return the kinds of every group and version, preferred first; old servers are asked group by group."""
        answer = self._get("GET", path, accept=AGGREGATED)
        if answer.get("kind") == "APIGroupDiscoveryList":
            return [_aggregated(item, version) for item in answer["items"] for version in item["versions"]]
        if path == "/api":
            return [list(self._ask(version).values()) for version in answer["versions"]]
        versions = [v["groupVersion"] for group in answer["groups"] for v in group["versions"]]
        return [list(found.values()) for found in each(self._offered, versions)]

    def _offered(self, api_version: str) -> dict[str, Resource]:
        """Return the kinds of a group and version; none where the Service behind it does not answer.

        A group that the API server serves itself is never taken for empty: teardown asks who else uses what goes.
        """
        try:
            return self._ask(api_version)
        except ApiError as error:
            if error.status == 503 and self._by_a_service(api_version):
                return {}
            raise

    def _by_a_service(self, api_version: str) -> bool:
        group, _, version = api_version.partition("/")
        try:
            found = self._get("GET", f"{APISERVICES}/{version}.{group}")
        except ApiError:
            return False
        return dig(found, "spec", "service") is not None


def _parser(api_version: str) -> Callable[[Obj], Resource]:
    def parse(entry: Obj) -> Resource:
        verbs = frozenset(entry.get("verbs") or ())
        return Resource(api_version, entry["kind"], entry["name"], bool(entry["namespaced"]), verbs)

    return parse


def _aggregated(item: Obj, version: Obj) -> list[Resource]:
    group = (item.get("metadata") or {}).get("name")
    api_version = f"{group}/{version['version']}" if group else str(version["version"])
    return [
        Resource(
            api_version,
            entry["responseKind"]["kind"],
            entry["resource"],
            entry["scope"] == "Namespaced",
            frozenset(entry.get("verbs") or ()),
        )
        for entry in version.get("resources") or ()
        if entry.get("responseKind")
    ]
