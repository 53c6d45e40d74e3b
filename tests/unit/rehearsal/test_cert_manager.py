"""The cert-manager stand-in: what it signs, by whom, and who asks for a bundle."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography import x509

from rehearsal.catalog import cert_manager as package
from rehearsal.operators import cert_manager

SPEC: dict[str, Any] = {"commonName": "a.b.svc", "dnsNames": ["a.b.svc"], "secretName": "serving"}


def certificate(data: dict[str, str], name: str = "tls.crt") -> x509.Certificate:
    return x509.load_pem_x509_certificate(base64.b64decode(data[name]))


@pytest.mark.parametrize("authority", [False, True])
def test_a_self_signed_certificate_is_verified_by_the_bundle_beside_it(authority: bool) -> None:
    data = cert_manager.self_signed({**SPEC, "isCA": authority}).data()
    certificate(data).verify_directly_issued_by(certificate(data, "ca.crt"))
    constraints = certificate(data).extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca is authority


def test_a_ca_issuer_signs_with_the_key_in_its_secret() -> None:
    root = cert_manager.self_signed({**SPEC, "isCA": True}).data()
    data = cert_manager.signed(SPEC, cert_manager.authority_of({"data": root})).data()
    assert data["ca.crt"] == root["tls.crt"]
    names = certificate(data).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.b.svc"]


def test_the_package_owns_the_kinds_that_it_brings() -> None:
    (objects,) = package.package().bundles.values()
    version, *crds = objects
    owned = {one["name"] for one in version["spec"]["customresourcedefinitions"]["owned"]}
    assert owned == {crd["metadata"]["name"] for crd in crds}
