"""A stand-in for cert-manager: self-signed and CA issuers, Certificates as Secrets, and injected CA bundles."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rehearsal.api import Api, Obj
from rehearsal.pki import Authority, Pair
from rehearsal.platform.ca_bundles import KINDS
from rehearsal.platform.watching import Cache, key, reconcile

GROUP = "/apis/cert-manager.io/v1"
SELF_SIGNED = "self-signed"
INJECT, BY = "cert-manager.io/inject-ca-from", "cert-manager.io/certificate-name"


@dataclass(frozen=True, slots=True)
class Issued:
    """A key with its certificate, and the authority that signed it."""

    pair: Pair
    authority: bytes

    def data(self) -> dict[str, str]:
        """As a TLS Secret holds it."""
        texts = {"tls.crt": self.pair.certificate, "tls.key": self.pair.key, "ca.crt": self.authority}
        return {name: base64.b64encode(text).decode() for name, text in texts.items()}


def self_signed(spec: Obj) -> Issued:
    """A certificate without an authority above it: it is one, or is signed by one that nobody keeps."""
    with TemporaryDirectory() as folder:
        authority = Authority.create(Path(folder), SELF_SIGNED)
        if spec.get("isCA"):
            return Issued(Pair.read(Path(folder), SELF_SIGNED), authority.pem)
    return signed(spec, authority)


def signed(spec: Obj, authority: Authority) -> Issued:
    """A certificate for the names that were asked for."""
    names = [*(spec.get("dnsNames") or []), *(spec.get("ipAddresses") or [])]
    pair = authority.issue(spec.get("commonName") or names[0], sans=names, client=True, server=True)
    return Issued(pair, authority.pem)


def authority_of(secret: Obj) -> Authority:
    """The authority whose certificate and key a CA issuer's Secret holds."""
    certificate, private = (base64.b64decode(secret["data"][name]) for name in ("tls.crt", "tls.key"))
    loaded = serialization.load_pem_private_key(private, None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise ValueError("the rehearsal's cert-manager signs with elliptic curve keys alone")
    return Authority(x509.load_pem_x509_certificate(certificate), loaded)


def ready(reason: str, message: str, status: str = "True") -> Obj:
    """The one condition that clients wait for."""
    return {"conditions": [{"type": "Ready", "status": status, "reason": reason, "message": message}]}


class Manager:
    """Keeps what Certificates and annotations ask for."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.certificates, self.issuers, self.cluster_issuers = (
            Cache(api, f"{GROUP}/{plural}") for plural in ("certificates", "issuers", "clusterissuers")
        )
        self.secrets = Cache(api, "/api/v1/secrets", fieldSelector="type=kubernetes.io/tls")
        self.targets = [(kind, Cache(api, kind.path, keep=asks)) for kind in KINDS]

    @property
    def caches(self) -> list[Cache]:
        own = [self.certificates, self.issuers, self.cluster_issuers, self.secrets]
        return [*own, *(cache for _, cache in self.targets)]

    async def settle(self) -> None:
        """Issuers are ready, Certificates have their Secrets, and whoever asks has the CA."""
        if not all(cache.synced.is_set() for cache in self.caches):
            return
        for issuer in self.issuers.items() + self.cluster_issuers.items():
            await self._report(issuer, ready("IsReady", "the issuer can sign"))
        for certificate in self.certificates.items():
            await self._certify(certificate)
        for kind, cache in self.targets:
            for obj in cache.items():
                await self._inject(kind.path, kind.patch, obj)

    async def _certify(self, certificate: Obj) -> None:
        (namespace, name), spec = key(certificate), certificate["spec"]
        path = f"/api/v1/namespaces/{namespace}/secrets"
        if self.secrets.get(namespace, spec["secretName"]) is None:
            issued = self._issue(namespace, spec)
            if issued is None:
                await self._report(certificate, ready("DoesNotExist", "the issuer is not there", "False"))
                return
            meta = {"name": spec["secretName"], "annotations": {BY: name}}
            secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": meta}
            await self._api.create(path, {**secret, "data": issued.data()})
        await self._report(certificate, ready("Ready", "Certificate is up to date and has not expired"))

    def _issue(self, namespace: str, spec: Obj) -> Issued | None:
        reference = spec["issuerRef"]
        of_cluster = reference.get("kind") == "ClusterIssuer"
        cache = self.cluster_issuers if of_cluster else self.issuers
        issuer = cache.get("" if of_cluster else namespace, reference["name"])
        if issuer is None:
            return None
        if "ca" not in issuer["spec"]:
            return self_signed(spec)
        home = "cert-manager" if of_cluster else namespace
        secret = self.secrets.get(home, issuer["spec"]["ca"]["secretName"])
        return signed(spec, authority_of(secret)) if secret else None

    async def _inject(self, path: str, patch: Any, obj: Obj) -> None:
        namespace, _, name = obj["metadata"]["annotations"][INJECT].partition("/")
        certificate = self.certificates.get(namespace, name)
        secret = certificate and self.secrets.get(namespace, certificate["spec"]["secretName"])
        change = patch(obj, secret["data"]["ca.crt"]) if secret else None
        if change:
            await self._api.patch(f"{path}/{obj['metadata']['name']}", change)

    async def _report(self, obj: Obj, status: Obj) -> None:
        present = (obj.get("status") or {}).get("conditions") or []
        if present != status["conditions"]:
            namespace, name = key(obj)
            plural = f"{obj['kind'].lower()}s"
            where = f"{GROUP}/namespaces/{namespace}" if namespace else GROUP
            await self._api.patch(f"{where}/{plural}/{name}/status", {"status": status})


def asks(obj: Obj) -> bool:
    """Whether the object wants the CA of a Certificate."""
    return INJECT in (obj["metadata"].get("annotations") or {})


async def run() -> None:
    """Work until stopped."""
    async with Api.in_cluster() as api:
        manager = Manager(api)
        Path("/tmp/ready").touch()  # noqa: S108 - the pod's own /tmp, asked by its readiness probe
        work = reconcile("cert-manager", manager.caches, manager.settle)
        await asyncio.gather(work, *(cache.run() for cache in manager.caches))


if __name__ == "__main__":
    asyncio.run(run())
