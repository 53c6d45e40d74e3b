"""Certificate authorities and the certificates that a rehearsal's parts use."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal.cluster import API_SERVICE_IP, CLUSTER_DOMAIN, NODE_IP, NODE_NAME

DAYS = 3 * 365
AUTHORITIES: Mapping[str, str] = {
    "ca": "rehearsal-ca",
    "front-proxy": "rehearsal-front-proxy",
    "service-ca": "openshift-service-serving-signer",
    "ingress-ca": "ingress-operator",
}
API_NAMES = (
    "127.0.0.1",
    "localhost",
    NODE_IP,
    API_SERVICE_IP,
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    f"kubernetes.default.svc.{CLUSTER_DOMAIN}",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Pair(…)"  # the key must not reach a log

    def write(self, folder: Path, name: str) -> None:
        """The pair is in folder/name.crt and folder/name.key, the key readable by its owner only."""
        (folder / f"{name}.crt").write_bytes(self.certificate)
        write_private(folder / f"{name}.key", self.key)

    @classmethod
    def read(cls, folder: Path, name: str) -> Pair:
        return cls((folder / f"{name}.crt").read_bytes(), (folder / f"{name}.key").read_bytes())


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that signs for this rehearsal alone."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, folder: Path, name: str) -> Authority:
        """A new authority, kept in folder/name.crt and folder/name.key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITIES.get(name, name))])
        certificate = (
            _builder(subject, subject, key.public_key(), DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        Pair(_pem(certificate), _key_pem(key)).write(folder, name)
        return cls(certificate, key)

    @classmethod
    def load(cls, folder: Path, name: str) -> Authority:
        """The authority that `create` left in this folder."""
        pair = Pair.read(folder, name)
        key = serialization.load_pem_private_key(pair.key, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(x509.load_pem_x509_certificate(pair.certificate), key)

    @property
    def pem(self) -> bytes:
        return _pem(self.certificate)

    def issue(
        self,
        common_name: str,
        organizations: Iterable[str] = (),
        sans: Iterable[str] = (),
        days: int = DAYS,
        client: bool = False,
        server: bool = False,
    ) -> Pair:
        """A certificate for a user (client), for names and addresses (server), or for both."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization) for organization in organizations]
        # a common name holds 64 characters at most; long host names are in the SANs
        names.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]))
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH] * client + [ExtendedKeyUsageOID.SERVER_AUTH] * server
        builder = (
            _builder(x509.Name(names), self.certificate.subject, key.public_key(), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        alternatives = [_general_name(name) for name in sans]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return Pair(_pem(builder.sign(self.key, hashes.SHA256())), _key_pem(key))


def ensure(folder: Path) -> None:
    """The folder holds every authority and certificate that the control plane needs; what is there stays."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / "complete").exists():
        return
    authorities = {name: Authority.create(folder, name) for name in AUTHORITIES}
    ca, front = authorities["ca"], authorities["front-proxy"]
    loopback = ("127.0.0.1", "localhost", NODE_IP)
    ca.issue("kube-apiserver", sans=API_NAMES, server=True).write(folder, "apiserver")
    ca.issue("kube-apiserver-kubelet-client", ["system:masters"], client=True).write(folder, "apiserver-kubelet-client")
    ca.issue("api-front", sans=API_NAMES, server=True).write(folder, "api-front-server")
    ca.issue("component", sans=loopback, server=True).write(folder, "component")
    ca.issue("rehearsal-platform", sans=loopback, server=True).write(folder, "platform")
    ca.issue(NODE_NAME, sans=(*loopback, NODE_NAME), server=True).write(folder, "node")
    front.issue("front-proxy-client", client=True).write(folder, "front-proxy-client")
    front.issue("api-front", client=True).write(folder, "api-front")
    _service_account_keys(folder)
    (folder / "complete").touch()  # a killed `up` leaves no half of a PKI in use


def bundle(folder: Path) -> bytes:
    """The CAs that a client outside has to trust: API, ingress and service CA."""
    return b"".join((folder / f"{name}.crt").read_bytes() for name in ("ca", "ingress-ca", "service-ca"))


def write_private(file: Path, content: bytes) -> None:
    """The file holds this content, in one step, and only its owner may read it."""
    draft = file.with_name(file.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(file)


def _service_account_keys(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_private(folder / "sa.key", _key_pem(key))
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "sa.pub").write_bytes(public)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))  # clocks of virtual machines jump back at times
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
