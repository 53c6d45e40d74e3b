"""CA bundles that OpenShift puts where an annotation or a label asks for them, and into every namespace."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from rehearsal import pki
from rehearsal.api import Api, Obj
from rehearsal.cluster import Cluster
from rehearsal.pki import Authority
from rehearsal.platform.watching import Cache, key

INJECT = "service.beta.openshift.io/inject-cabundle"
TRUSTED = "config.openshift.io/inject-trusted-cabundle"
SERVICE_CA_MAP = "openshift-service-ca.crt"
Patch = Callable[[Obj, str], Obj | None]


def asks(obj: Obj) -> bool:
    """Whether the object wants the service CA."""
    return str((obj["metadata"].get("annotations") or {}).get(INJECT, "")).lower() == "true"


def asks_for_trusted(config_map: Obj) -> bool:
    """Whether the ConfigMap wants the cluster's trusted CAs."""
    return str((config_map["metadata"].get("labels") or {}).get(TRUSTED, "")).lower() == "true"


def map_patch(config_map: Obj, service_ca: str, trusted: str) -> Obj | None:
    """What gives a ConfigMap its bundle: the service CA as its only content, the trusted CAs beside what it holds."""
    data = config_map.get("data") or {}
    wanted = {**dict.fromkeys(data), "service-ca.crt": service_ca} if asks(config_map) else {"ca-bundle.crt": trusted}
    return None if all(data.get(name) == text for name, text in wanted.items()) else {"data": wanted}


def webhooks_patch(configuration: Obj, bundle: str) -> Obj | None:
    """What gives every webhook of a configuration the bundle."""
    hooks = configuration.get("webhooks") or []
    if all(hook["clientConfig"].get("caBundle") == bundle for hook in hooks):
        return None
    changed = [{**hook, "clientConfig": {**hook["clientConfig"], "caBundle": bundle}} for hook in hooks]
    # a patch replaces the list whole: refused where somebody else changed it meanwhile
    return {"metadata": {"resourceVersion": configuration["metadata"]["resourceVersion"]}, "webhooks": changed}


def api_service_patch(service: Obj, bundle: str) -> Obj | None:
    return None if service["spec"].get("caBundle") == bundle else {"spec": {"caBundle": bundle}}


def conversion_patch(crd: Obj, bundle: str) -> Obj | None:
    """What gives a CRD's conversion webhook the bundle."""
    client = ((crd["spec"].get("conversion") or {}).get("webhook") or {}).get("clientConfig")
    if client is None or client.get("caBundle") == bundle:
        return None
    return {"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle}}}}}


@dataclass(frozen=True, slots=True)
class Kind:
    """A cluster-scoped kind that can hold a CA bundle."""

    path: str
    patch: Patch


KINDS = (
    Kind("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", webhooks_patch),
    Kind("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", webhooks_patch),
    Kind("/apis/apiregistration.k8s.io/v1/apiservices", api_service_patch),
    Kind("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", conversion_patch),
)


class Bundles:
    """Keeps CA bundles where they are asked for."""

    def __init__(self, api: Api, cluster: Cluster, namespaces: Cache) -> None:
        self._api, self._namespaces = api, namespaces
        self._service_ca = Authority.load(cluster.pki, "service-ca").pem.decode()
        self._trusted = pki.bundle(cluster.pki).decode()
        self.maps = Cache(api, "/api/v1/configmaps", keep=lambda one: asks(one) or asks_for_trusted(one))
        self.kinds = [(kind, Cache(api, kind.path, keep=asks)) for kind in KINDS]

    @property
    def caches(self) -> list[Cache]:
        return [self.maps, *(cache for _, cache in self.kinds)]

    async def settle(self) -> None:
        """Everything that asks for a bundle has it, and every namespace its own ConfigMap."""
        work: list[Awaitable[Any]] = [self._settle_map(one) for one in self.maps.items()]
        encoded = base64.b64encode(self._service_ca.encode()).decode()
        for kind, cache in self.kinds:
            for obj in cache.items():
                if patch := kind.patch(obj, encoded):
                    work.append(self._api.patch(f"{kind.path}/{obj['metadata']['name']}", patch))
        if self.maps.synced.is_set():
            work += [self._create_map(one["metadata"]["name"]) for one in self._namespaces.items() if self._lacks(one)]
        await asyncio.gather(*work)

    def _lacks(self, namespace: Obj) -> bool:
        name = namespace["metadata"]["name"]
        gone = namespace["metadata"].get("deletionTimestamp")
        return not gone and self.maps.get(name, SERVICE_CA_MAP) is None

    async def _settle_map(self, config_map: Obj) -> None:
        if patch := map_patch(config_map, self._service_ca, self._trusted):
            namespace, name = key(config_map)
            await self._api.patch(f"/api/v1/namespaces/{namespace}/configmaps/{name}", patch)

    async def _create_map(self, namespace: str) -> None:
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": SERVICE_CA_MAP, "annotations": {INJECT: "true"}},
            "data": {"service-ca.crt": self._service_ca},
        }
        await self._api.create(f"/api/v1/namespaces/{namespace}/configmaps", config_map)
