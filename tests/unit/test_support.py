"""The archive of `make support`: what is in it, and what is not."""

from __future__ import annotations

import base64
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bootstrap.errors import Forbidden
from bootstrap.kube.discovery import Resource
from bootstrap.secret import Secret
from bootstrap.settings import Settings
from bootstrap.support import support
from tests.unit.cluster import Objects, obj

CANARY, SPACE = "canary-in-a-mine", "serving-demo-gitops"
LISTED = frozenset({"list"})


class Cluster(Objects):
    """A cluster that also tells its kinds, its version and its pods' logs."""

    closed = ""

    @property
    def discovery(self) -> SimpleNamespace:
        kinds = [Resource("v1", kind, kind.lower(), True, LISTED) for kind in ("ConfigMap", "Secret", "Pod")]
        return SimpleNamespace(everything=lambda: kinds)

    def list(self, api_version: str, kind: str, namespace: str | None = None, label_selector: str | None = None) -> Any:
        if kind == "Secret" and namespace == self.closed:
            raise Forbidden("secrets is forbidden", status=403)
        return super().list(api_version, kind, namespace, label_selector)

    def request(self, method: str, path: str) -> dict[str, str]:
        return {"gitVersion": "v1.34.0"}

    def path(self, ref: object, subresource: str) -> str:
        return f"/{ref}/{subresource}"

    def text(self, path: str, query: dict[str, str]) -> str:
        return f"{path}: started with {CANARY}, previous {query['previous']}\n"


def cluster() -> Cluster:
    data = {"password": base64.b64encode(CANARY.encode()).decode()}
    status = {"containerStatuses": [{"name": "minio", "state": {"running": {}}, "restartCount": 1}]}
    return Cluster(
        [
            obj("v1", "Secret", "minio-root", SPACE, data=data),
            obj("v1", "ConfigMap", "note", SPACE, data={"text": f"it is {CANARY}"}),
            obj("v1", "Pod", "minio-1", SPACE, status=status),
            obj("v1", "Event", "e", SPACE, type="Warning", reason="BackOff", message=f"bad {CANARY}"),
            obj("apps/v1", "Deployment", "server", "openshift-gitops"),
        ]
    )


def files(client: Cluster, folder: Path) -> dict[str, str]:
    settings = Settings(state_dir=folder, password=Secret("the-password"))
    (folder / "log.jsonl").write_text('{"message": "signed in with the-password"}\n')
    path = support(settings, client, lambda: "all is well\n")  # type: ignore[arg-type]
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        members = {m.name.partition("/")[2]: archive.extractfile(m) for m in archive.getmembers()}
        return {name: file.read().decode() for name, file in members.items() if file}


def test_the_archive_holds_log_objects_events_container_logs_and_versions(tmp_path: Path) -> None:
    found = files(cluster(), tmp_path)
    assert found["doctor.txt"] == "all is well\n"
    assert '"kubernetes": "v1.34.0"' in found["versions.json"]
    assert "Warning x1 None None: BackOff: bad" in found[f"{SPACE}/events.txt"]
    assert found[f"{SPACE}/logs/minio-1/minio.previous.log"].endswith("previous true\n")
    assert "name: note" in found[f"{SPACE}/ConfigMap.core.yaml"]
    assert "name: server" in found["openshift-gitops/Deployment.apps.yaml"]
    assert "log.jsonl" in found


def test_no_secret_is_in_it(tmp_path: Path) -> None:
    found = files(cluster(), tmp_path)
    everything = "\n".join(found.values())
    assert CANARY not in everything
    assert base64.b64encode(CANARY.encode()).decode() not in everything
    assert "the-password" not in everything
    assert everything.count("<redacted>") >= 5  # it was there to be found


def test_a_namespace_whose_secrets_are_not_known_is_left_out_and_named(tmp_path: Path) -> None:
    client = cluster()
    client.closed = SPACE
    found = files(client, tmp_path)
    assert not [name for name in found if name.startswith(f"{SPACE}/")]
    assert found["unread.txt"] == f"namespace {SPACE} was left out: secrets is forbidden\n"
