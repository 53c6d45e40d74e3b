"""Authorities and certificates, checked by the library that TLS clients use."""

from __future__ import annotations

import datetime as dt
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal import pki
from rehearsal.pki import Authority, Pair


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki")
    pki.ensure(made)
    return made


def handshake(server: Pair, ca: bytes, name: str, folder: Path) -> None:
    """A TLS handshake in memory, as a client that trusts only this CA does it."""
    server.write(folder, "server")
    accepting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    accepting.load_cert_chain(folder / "server.crt", folder / "server.key")
    asking = ssl.create_default_context(cadata=ca.decode())
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        asking.wrap_bio(to_client, to_server, server_hostname=name),
        accepting.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "10.128.0.1", "172.30.0.1", "kubernetes.default.svc"])
def test_the_api_server_is_trusted_by_every_name_it_has(folder: Path, name: str, tmp_path: Path) -> None:
    handshake(Pair.read(folder, "apiserver"), (folder / "ca.crt").read_bytes(), name, tmp_path)


def test_another_name_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(Pair.read(folder, "apiserver"), (folder / "ca.crt").read_bytes(), "example.test", tmp_path)


def test_another_authority_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(Pair.read(folder, "apiserver"), (folder / "ingress-ca.crt").read_bytes(), "localhost", tmp_path)


def test_a_client_certificate_states_user_and_groups(folder: Path) -> None:
    pair = Authority.load(folder, "ca").issue("someone", ["one", "two"], client=True)
    certificate = x509.load_pem_x509_certificate(pair.certificate)
    subject = certificate.subject
    assert [item.value for item in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["someone"]
    assert [item.value for item in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["one", "two"]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_everything_is_valid_for_two_years_at_least(folder: Path) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=2 * 365)
    certificates = list(folder.glob("*.crt"))
    assert len(certificates) >= 10
    for file in certificates:
        assert x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc > later, file.name


def test_private_keys_are_readable_by_their_owner_only(folder: Path) -> None:
    keys = list(folder.glob("*.key"))
    assert {"ca.key", "sa.key", "apiserver.key"} <= {key.name for key in keys}
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_what_is_there_stays(folder: Path) -> None:
    before = (folder / "ca.crt").read_bytes()
    pki.ensure(folder)
    assert (folder / "ca.crt").read_bytes() == before


def test_half_a_pki_is_made_anew(tmp_path: Path) -> None:
    pki.ensure(tmp_path)
    (tmp_path / "complete").unlink()
    (tmp_path / "sa.key").unlink()
    pki.ensure(tmp_path)
    authority = (tmp_path / "ca.crt").read_bytes()
    handshake(Pair.read(tmp_path, "apiserver"), authority, "localhost", tmp_path)
    assert (tmp_path / "sa.key").exists()


def test_the_bundle_has_the_three_authorities(folder: Path) -> None:
    subjects = {certificate.subject for certificate in x509.load_pem_x509_certificates(pki.bundle(folder))}
    names = {subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value for subject in subjects}
    assert names == {"rehearsal-ca", "ingress-operator", "openshift-service-serving-signer"}


def test_a_long_host_name_is_in_the_alternatives(folder: Path, tmp_path: Path) -> None:
    name = f"{'a' * 60}.{'b' * 60}.apps.rehearsal.test"
    pair = Authority.load(folder, "ingress-ca").issue(name, sans=[name], server=True)
    handshake(pair, (folder / "ingress-ca.crt").read_bytes(), name, tmp_path)


def test_openssl_accepts_the_chain(folder: Path) -> None:
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(folder / "ca.crt"), str(folder / "apiserver.crt")]
    assert subprocess.run(command, capture_output=True, text=True).returncode == 0


def test_a_pair_does_not_show_its_key(folder: Path) -> None:
    assert "PRIVATE" not in repr(Pair.read(folder, "ca"))
