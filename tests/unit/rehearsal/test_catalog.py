"""What the catalogs offer, as `opm` and OLM will read it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import yaml

from rehearsal.catalog import fbc, gitops, hello


def carried(blob: dict) -> list[dict]:
    return [
        json.loads(base64.b64decode(item["value"]["data"]))
        for item in blob["properties"]
        if item["type"] == "olm.bundle.object"
    ]


def test_a_package_is_a_head_its_channels_and_its_bundles() -> None:
    kinds = [blob["schema"] for blob in fbc.blobs(hello.package())]
    assert kinds == ["olm.package", "olm.channel", "olm.bundle"]


def test_bundles_carry_their_manifests_and_no_image() -> None:
    bundle = fbc.blobs(hello.package())[-1]
    assert bundle["image"] == ""
    assert {obj["kind"] for obj in carried(bundle)} == {"ClusterServiceVersion", "CustomResourceDefinition"}
    assert {"group": "rehearsal.serving-demo.io", "version": "v1", "kind": "Greeting"} in [
        item["value"] for item in bundle["properties"]
    ]


def test_crds_lose_texts_named_description_but_keep_properties_of_that_name() -> None:
    schema = {"description": "a text", "properties": {"description": {"type": "string", "description": "another"}}}
    crd = {"kind": "CustomResourceDefinition", "spec": {"versions": [{"name": "v1", "schema": schema}]}}
    lean = fbc.lean(crd)["spec"]["versions"][0]["schema"]
    assert lean == {"properties": {"description": {"type": "string"}}}


def test_writing_a_catalog_removes_what_it_no_longer_offers(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    fbc.write([hello.package()], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["hello-operator.json"]


def test_gitops_serves_each_kind_in_its_storage_version_without_a_conversion_webhook(tmp_path: Path) -> None:
    versions = [{"name": "v1alpha1", "storage": False}, {"name": "v1beta1", "storage": True}]
    names = {"kind": "ArgoCD"}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "argocds.argoproj.io", "annotations": {"a": "b"}},
        "spec": {"names": names, "versions": versions, "conversion": {"strategy": "Webhook"}},
    }
    permissions = [{"rules": [{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]}]}]
    install = {"spec": {"clusterPermissions": permissions}}
    version = {"kind": "ClusterServiceVersion", "spec": {"install": install}}
    (tmp_path / "crd.yaml").write_text(yaml.safe_dump(crd))
    (tmp_path / "csv.yaml").write_text(yaml.safe_dump(version))
    package = gitops.package(tmp_path)
    served = next(obj for obj in package.bundles[gitops.NAME] if obj["metadata"]["name"] == "argocds.argoproj.io")
    assert served["spec"]["versions"] == [versions[1]]
    assert "conversion" not in served["spec"]
    assert set(package.channels) == {"latest", "gitops-1.21"}


def test_generators_inside_generators_of_an_application_set_are_not_described() -> None:
    generator = {"list": {"type": "object"}, "matrix": {"properties": {"generators": {"type": "array"}}}}
    spec = {"properties": {"generators": {"items": {"properties": generator}}}}
    version = {"name": "v1alpha1", "schema": {"openAPIV3Schema": {"properties": {"spec": spec}}}}
    found = gitops.shallow(version)["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["generators"]
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    assert found["items"]["properties"] == {"list": {"type": "object"}, "matrix": free}
    assert "properties" in generator["matrix"], "the original must stay as it is"
