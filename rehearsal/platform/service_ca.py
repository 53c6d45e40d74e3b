"""OpenShift's service CA: serving certificates for Services, and its CA bundle where an annotation asks for it."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from cryptography import x509

from rehearsal.api import Api, Obj
from rehearsal.cluster import CLUSTER_DOMAIN, Cluster
from rehearsal.pki import Authority
from rehearsal.platform.watching import Cache, key

PREFIX = "service.beta.openshift.io/"
SECRET_NAME = f"{PREFIX}serving-cert-secret-name"
OLD_SECRET_NAME = "service.alpha.openshift.io/serving-cert-secret-name"  # noqa: S105 - an annotation
SIGNED_BY = f"{PREFIX}serving-cert-signed-by"
SERVICE_NAME, SERVICE_UID, EXPIRY = (
    f"{PREFIX}originating-service-name",
    f"{PREFIX}originating-service-uid",
    f"{PREFIX}expiry",
)
GENERATION_ERROR = f"{PREFIX}serving-cert-generation-error"


def secret_name(service: Obj) -> str:
    """The Secret that a Service asks for, or nothing."""
    annotations = service["metadata"].get("annotations") or {}
    return str(annotations.get(SECRET_NAME) or annotations.get(OLD_SECRET_NAME) or "")


def host_names(service: Obj) -> tuple[str, ...]:
    """The names that the Service's certificate is good for; of a headless Service also its pods."""
    namespace, name = key(service)
    names = (f"{name}.{namespace}.svc", f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}")
    if service["spec"].get("clusterIP") == "None":
        return (*names, *(f"*.{each}" for each in names))
    return names


def serves(secret: Obj, service: Obj) -> bool:
    """Whether the Secret holds a certificate for this Service."""
    annotations = secret["metadata"].get("annotations") or {}
    if annotations.get(SERVICE_UID) != service["metadata"]["uid"]:
        return False
    try:
        certificate = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))
    except (KeyError, TypeError, ValueError):
        return False
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(host_names(service)) == set(names.get_values_for_type(x509.DNSName)) and bool(
        secret["data"].get("tls.key")
    )


def foreign(secret: Obj) -> bool:
    """Whether the Secret is somebody else's: OpenShift leaves such a one alone."""
    return SERVICE_UID not in (secret["metadata"].get("annotations") or {})


def serving_secret(service: Obj, authority: Authority) -> Obj:
    """A new Secret with key and certificate, which goes when the Service goes."""
    names = host_names(service)
    pair = authority.issue(names[0], sans=names, server=True)
    expiry = x509.load_pem_x509_certificate(pair.certificate).not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    namespace, name = key(service)
    uid = service["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "Service", "name": name, "uid": uid}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {
            "name": secret_name(service),
            "namespace": namespace,
            "annotations": {SERVICE_NAME: name, SERVICE_UID: uid, EXPIRY: expiry},
            "ownerReferences": [owner],
        },
        "data": {
            "tls.crt": base64.b64encode(pair.certificate + authority.pem).decode(),
            "tls.key": base64.b64encode(pair.key).decode(),
        },
    }


class ServingCertificates:
    """Keeps the Secrets of all Services that ask for one."""

    def __init__(self, api: Api, cluster: Cluster, services: Cache) -> None:
        self._api, self._services = api, services
        self.secrets = Cache(api, "/api/v1/secrets", fieldSelector="type=kubernetes.io/tls")
        self._authority = Authority.load(cluster.pki, "service-ca")
        signer = self._authority.certificate.subject.rfc4514_string().removeprefix("CN=")
        self._signer = f"{signer}@{int(self._authority.certificate.not_valid_before_utc.timestamp())}"

    async def settle(self) -> None:
        """Every Service has the Secret that it asks for."""
        if not self.secrets.synced.is_set():
            return
        wanted = [service for service in self._services.items() if secret_name(service)]
        await asyncio.gather(*(self._settle(service) for service in wanted))

    async def _settle(self, service: Obj) -> None:
        namespace, _ = key(service)
        present = self.secrets.get(namespace, secret_name(service))
        if present is not None and serves(present, service):
            await self._annotate(service, {SIGNED_BY: self._signer, GENERATION_ERROR: None})
            return
        path = f"/api/v1/namespaces/{namespace}/secrets"
        secret = serving_secret(service, self._authority)
        present = present or await self._api.find(f"{path}/{secret_name(service)}")
        if present is None:
            await self._api.create(path, secret)
        elif foreign(present):
            error = f"secret {namespace}/{secret_name(service)} does not have corresponding service UID"
            await self._annotate(service, {GENERATION_ERROR: error})
        else:
            await self._api.replace(f"{path}/{secret_name(service)}", secret)

    async def _annotate(self, service: Obj, annotations: dict[str, Any]) -> None:
        namespace, name = key(service)
        present = service["metadata"].get("annotations") or {}
        if any(present.get(each) != value for each, value in annotations.items()):
            patch = {"metadata": {"annotations": annotations}}
            await self._api.patch(f"/api/v1/namespaces/{namespace}/services/{name}", patch)
