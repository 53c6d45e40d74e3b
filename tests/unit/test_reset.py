"""What a reset makes again, and what it only names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bootstrap import bucket
from bootstrap.connection import Keys
from bootstrap.errors import ApiError, DemoError
from bootstrap.kube.objects import LABELS, Ref
from bootstrap.kube.record import Record
from bootstrap.reset import renewal
from tests.unit.cluster import obj, visit
from tests.unit.test_teardown import Cluster

SPACE = "serving-demo-gitops"
DEPLOYMENT = Ref("apps/v1", "Deployment", SPACE, "minio")
VOLUME = Ref("v1", "PersistentVolumeClaim", SPACE, "minio")
TEMPLATE = Ref("template.openshift.io/v1", "Template", "redhat-ods-applications", "triton-inference-server")
STORAGE = Ref("argoproj.io/v1alpha1", "Application", "openshift-gitops", "serving-demo-storage")
OPERATOR = Ref("argoproj.io/v1alpha1", "Application", "openshift-gitops", "serving-demo-rhods")
PROJECT = Ref("v1", "Namespace", None, SPACE)


def test_the_demo_is_made_again_and_the_operators_are_not_touched(tmp_path: Path) -> None:
    cluster = Cluster(
        [obj("v1", "ConfigMap", "students", SPACE), obj("apps/v1", "Deployment", DEPLOYMENT.name, SPACE, labels=LABELS)]
    )
    known = Record("id", "1", "", created={DEPLOYMENT, VOLUME, TEMPLATE, STORAGE, OPERATOR, PROJECT})
    found = renewal(visit(cluster, tmp_path), known)
    assert found.applications == [STORAGE]
    assert set(found.objects) == {DEPLOYMENT, TEMPLATE}
    assert found.additions == [Ref("v1", "ConfigMap", SPACE, "students")]
    assert [ref.name for ref in found.derived] == ["storage-config"]


def test_a_kind_that_cannot_be_read_keeps_no_reset_and_what_can_be_is_listed(tmp_path: Path) -> None:
    class Dead(Cluster):
        def list(self, api_version: str, kind: str, *more: Any, **selectors: Any) -> list:
            if kind == "Broken":
                raise ApiError("conversion webhook for example.com/v1, Kind=Broken failed", status=500)
            return super().list(api_version, kind, *more, **selectors)

    cluster = Dead([obj("v1", "ConfigMap", "students", SPACE), obj("example.com/v1", "Broken", "x", SPACE)])
    found = renewal(visit(cluster, tmp_path), Record("id", "1", "", created={DEPLOYMENT}))
    assert found.additions == [Ref("v1", "ConfigMap", SPACE, "students")]


class Storage:
    """MinIO's two faces, with what was done to them."""

    def __init__(self, problems: list[Any] | None = None) -> None:
        self.users, self.removed, self.problems = {"demo1": {}, "demo2": {}, "student": {}}, [], problems or []

    def admin(self, keys: Keys) -> SimpleNamespace:
        import json

        return SimpleNamespace(user_list=lambda: json.dumps(self.users), user_remove=self.users.pop)

    def s3(self, keys: Keys) -> SimpleNamespace:
        versions = [SimpleNamespace(object_name="a", version_id=one) for one in ("1", "2")]

        def remove(name: str, targets: list[Any]) -> list[Any]:
            self.removed += [(one.name, one.version_id) for one in targets]
            return self.problems

        return SimpleNamespace(list_objects=lambda *_, **__: iter(versions), remove_objects=remove)


def test_the_bucket_loses_every_version_and_every_other_user() -> None:
    storage, root, keys = Storage(), Keys("admin", "x"), Keys("demo2", "x")
    assert bucket.empty(storage, root, keys, "models") == 2  # type: ignore[arg-type]
    assert list(storage.users) == ["demo2"]
    assert len(storage.removed) == 2


def test_what_cannot_be_removed_is_named() -> None:
    storage = Storage([SimpleNamespace(name="a", code="AccessDenied")])
    with pytest.raises(DemoError, match="bucket models: a cannot be removed: AccessDenied"):
        bucket.empty(storage, Keys("admin", "x"), Keys("demo2", "x"), "models")  # type: ignore[arg-type]
