"""Serving certificates, CA bundles, ranges of namespaces, and what the Git server lets through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.pki import Authority
from rehearsal.platform import ca_bundles, git_http, namespaces, service_ca

ASKING = {"metadata": {"name": "x", "annotations": {ca_bundles.INJECT: "true"}, "resourceVersion": "7"}}


def service(cluster_ip: str = "172.30.1.2", uid: str = "u1") -> dict[str, Any]:
    annotations = {service_ca.SECRET_NAME: "web-tls"}
    meta = {"name": "web", "namespace": "a", "uid": uid, "annotations": annotations}
    return {"metadata": meta, "spec": {"clusterIP": cluster_ip}}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("pki")
    return Authority.create(folder, "service-ca")


def test_a_serving_secret_serves_its_service_and_no_other(authority: Authority) -> None:
    secret = service_ca.serving_secret(service(), authority)
    assert secret["metadata"]["ownerReferences"][0]["uid"] == "u1"
    assert service_ca.serves(secret, service())
    assert not service_ca.serves(secret, service(uid="u2"))
    assert not service_ca.serves(secret, service("None"))  # a headless one needs the names of its pods too
    assert not service_ca.serves({**secret, "data": {}}, service())
    assert not service_ca.foreign(secret)
    assert service_ca.foreign({"metadata": {"name": "somebody's"}})


def test_a_headless_service_is_certified_for_its_pods() -> None:
    assert service_ca.host_names(service("None")) == (
        "web.a.svc",
        "web.a.svc.cluster.local",
        "*.web.a.svc",
        "*.web.a.svc.cluster.local",
    )


def test_the_service_ca_is_a_maps_only_content_the_trusted_cas_are_not() -> None:
    asking = {**ASKING, "data": {"old": "x"}}
    assert ca_bundles.map_patch(asking, "CA", "ALL") == {"data": {"old": None, "service-ca.crt": "CA"}}
    trusted = {"metadata": {"labels": {ca_bundles.TRUSTED: "true"}}, "data": {"own": "x"}}
    assert ca_bundles.asks_for_trusted(trusted)
    assert ca_bundles.map_patch(trusted, "CA", "ALL") == {"data": {"ca-bundle.crt": "ALL"}}
    assert ca_bundles.map_patch({**ASKING, "data": {"service-ca.crt": "CA"}}, "CA", "ALL") is None


def test_every_webhook_gets_the_bundle_once() -> None:
    hooks = [{"name": "a", "clientConfig": {"service": {}}}, {"name": "b", "clientConfig": {"caBundle": "CA"}}]
    patch = ca_bundles.webhooks_patch({**ASKING, "webhooks": hooks}, "CA")
    assert patch is not None
    assert [hook["clientConfig"]["caBundle"] for hook in patch["webhooks"]] == ["CA", "CA"]
    assert patch["metadata"]["resourceVersion"] == "7"
    assert ca_bundles.webhooks_patch({**ASKING, "webhooks": patch["webhooks"]}, "CA") is None


def test_a_crd_without_a_conversion_webhook_is_left_alone() -> None:
    assert ca_bundles.conversion_patch({**ASKING, "spec": {"conversion": {"strategy": "None"}}}, "CA") is None
    webhook: dict[str, Any] = {"conversion": {"webhook": {"clientConfig": {"service": {}}}}}
    assert ca_bundles.conversion_patch({**ASKING, "spec": webhook}, "CA") == {
        "spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": "CA"}}}}
    }


def test_new_namespaces_get_free_ranges_in_the_order_of_their_age() -> None:
    def namespace(name: str, created: str, **annotations: str) -> dict[str, Any]:
        return {"metadata": {"name": name, "creationTimestamp": created, "annotations": annotations}}

    taken = {namespaces.UID_RANGE: "1000000000/10000"}
    found = namespaces.assignments([namespace("b", "2"), namespace("a", "3"), namespace("old", "1", **taken)])
    assert {name: texts[namespaces.UID_RANGE] for name, texts in found.items()} == {
        "b": "1000010000/10000",
        "a": "1000020000/10000",
    }
    assert len({namespaces.ranges(block)[namespaces.LABELS] for block in range(500)}) == 500


@pytest.mark.parametrize(
    ("method", "path", "service", "expected"),
    [
        ("GET", "/demo.git/info/refs", "git-upload-pack", True),
        ("GET", "/demo.git/info/refs", "", True),
        ("POST", "/demo.git/git-upload-pack", "", True),
        ("GET", "/demo.git/info/refs", "git-receive-pack", False),
        ("POST", "/demo.git/git-receive-pack", "", False),
        ("GET", "/demo.git/config", "", False),
    ],
)
def test_the_git_server_only_reads(method: str, path: str, service: str, expected: bool) -> None:
    assert git_http.permitted(method, path, service) is expected


def test_the_git_server_passes_on_status_and_headers() -> None:
    raw = b"Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\n"
    assert git_http.headers(raw) == (404, {"Content-Type": "text/plain"})
    assert git_http.environment(Path("/g"), {}, {"PATH": "/bin", "SECRET": "x"}).get("SECRET") is None
