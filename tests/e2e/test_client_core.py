"""The client core against a real API server: what a stub could only agree with itself about."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap.errors import ApplyFailed, ConflictError, DeleteStuck, Forbidden, GuardError
from bootstrap.kube.apply import Applied, apply
from bootstrap.kube.client import Client
from bootstrap.kube.connection import connect
from bootstrap.kube.delete import delete
from bootstrap.kube.objects import LABELS, Obj, Ref
from bootstrap.kube.record import Keeper, exclusive, leftovers, read
from bootstrap.kube.wait import Target, wait
from rehearsal.toolchain import tool
from tests.e2e.control_plane import control_plane
from tests.e2e.journey import written

pytestmark = pytest.mark.e2e
BINARIES = ("etcd", "kube-apiserver", "kube-controller-manager")


def meta(name: str, namespace: str | None = "demo") -> Obj:
    return {"name": name, "labels": LABELS, **({"namespace": namespace} if namespace else {})}


def demo() -> list[Obj]:
    """One of each kind whose defaults and list types make comparing hard."""
    container = {
        "name": "minio",
        "image": "example.com/minio:1",
        "command": ["minio", "server"],
        "env": [
            {"name": "A", "value": "1000m"},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
        "ports": [{"containerPort": 9000, "name": "s3"}, {"containerPort": 9090, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "1000m", "memory": "1024Mi"}, "limits": {"cpu": 2}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "s3"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "tmp", "emptyDir": {}}],
        "securityContext": {"runAsNonRoot": True},
    }
    labels = {"app": "minio"}
    template = {"metadata": {"labels": labels}, "spec": pod}
    crd = {
        "group": "demo.example",
        "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    }
    rbac = "rbac.authorization.k8s.io"
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}
    subjects = [
        {"kind": "User", "name": "u", "apiGroup": rbac},
        {"kind": "ServiceAccount", "name": "s", "namespace": "demo"},
    ]
    return [
        {
            "apiVersion": "demo.example/v1",
            "kind": "Thing",
            "metadata": meta("t"),
            "spec": {"list": [{"a": 1}, {}], "n": 1.5},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta("minio"),
            "spec": {
                "replicas": 1,
                "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": labels},
                "template": template,
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta("minio"),
            "spec": {
                "selector": labels,
                "ports": [{"name": "s3", "port": 9000, "targetPort": "s3"}, {"name": "ui", "port": 9090}],
            },
        },
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("data"), "spec": claim},
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta("s"), "stringData": {"k": "v"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("c"), "data": {"a": "1"}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("sa")},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "Role",
            "metadata": meta("r"),
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}],
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": meta("r"),
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "r"},
            "subjects": subjects,
        },
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": meta("q"),
            "spec": {"hard": {"requests.cpu": "8000m", "pods": 10}},
        },
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": meta("things.demo.example", None),
            "spec": crd,
        },
        {"apiVersion": "v1", "kind": "Namespace", "metadata": meta("demo", None)},
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("control-plane")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    with control_plane(folder, {name: tool(name) for name in BINARIES}) as running:
        yield running


def run(client: Client, objs: list[Obj], **options: Any) -> Applied:
    return apply(client, objs, deadline=time.monotonic() + 60, **options)


def find(objs: list[Obj], kind: str) -> Obj:
    return next(obj for obj in objs if obj["kind"] == kind)


def writes(folder: Path) -> int:
    """How many writes of ours the audit log holds, dry runs not counted."""
    return len(list(written(folder / "audit.log")))


def test_a_plan_an_apply_and_a_second_apply_without_a_write(client: Client, folder: Path) -> None:
    objs = demo()
    before = writes(folder)
    assert len(run(client, objs, dry_run=True).created) == len(objs)
    assert writes(folder) == before
    assert len(run(client, objs).created) == len(objs)
    after = writes(folder)
    assert after - before == len(objs)
    again = run(client, objs)
    assert (len(again.unchanged), again.changed) == (len(objs), False)
    assert writes(folder) == after
    assert not run(client, objs, dry_run=True).changed


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("Deployment", {"spec": {"replicas": 0}}),
        ("ConfigMap", {"data": {"a": None}}),
        ("Role", {"rules": []}),
        ("Thing", {"spec": {"list": [{"a": 1}, {}, {"b": 2}]}}),
        ("Namespace", {"metadata": {"labels": {"app.kubernetes.io/part-of": None}}}),
    ],
)
def test_drift_of_every_shape_is_put_right(client: Client, kind: str, patch: Obj) -> None:
    objs = demo()
    ref = Ref.of(find(objs, kind))
    run(client, objs, force=True)
    client.patch(ref, patch)
    try:
        assert run(client, objs).configured == [ref]
    except ConflictError:  # who changed a value owns it; who takes a field away owns nothing
        assert run(client, objs, force=True).configured == [ref]
    assert not run(client, objs).changed


def test_what_others_add_is_theirs(client: Client) -> None:
    objs = demo()
    run(client, objs, force=True)
    client.patch(Ref.of(find(objs, "ConfigMap")), {"data": {"theirs": "1"}, "metadata": {"annotations": {"x": "y"}}})
    assert not run(client, objs).changed


def test_a_conflict_names_the_manager_and_force_needs_our_labels(client: Client) -> None:
    objs = demo()
    run(client, objs, force=True)
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "demo"},
        "data": {"a": "2"},
    }
    client.apply(config, manager="kubectl-edit", force=True)
    with pytest.raises(
        ConflictError, match=r"ConfigMap demo/c: somebody else manages .data.a \(managed by kubectl-edit\)"
    ):
        run(client, objs)
    assert run(client, objs, force=True).configured == [Ref.of(config)]


def test_every_refusal_of_the_server_is_told(client: Client) -> None:
    wrong = find(demo(), "Deployment")
    wrong["spec"]["replicass"] = 1
    homeless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("c", "nowhere")}
    with pytest.raises(ApplyFailed) as caught:
        run(client, [wrong, homeless, {"apiVersion": "no.example/v1", "kind": "Such", "metadata": {"name": "x"}}])
    said = str(caught.value)
    assert "Such x: this cluster does not serve Such (no.example/v1)" in said
    assert "field not declared in schema" in said
    assert 'ConfigMap nowhere/c: namespaces "nowhere" not found' in said


def test_who_may_not_is_told_by_the_server(client: Client, folder: Path) -> None:
    port = int(client.server.rpartition(":")[2])
    from tests.e2e.control_plane import write_kubeconfig

    viewer = connect(write_kubeconfig(folder, port, "viewer"))
    with pytest.raises(Forbidden, match='configmaps "c" is forbidden: User "viewer" cannot get resource'):
        viewer.get(Ref("v1", "ConfigMap", "demo", "c"))
    viewer.close()


def test_record_lease_and_leftovers(client: Client) -> None:
    objs = demo()
    keeper = Keeper(client, version="1", settings={})
    with exclusive(client, holder="one"):
        with pytest.raises(GuardError, match="another run is at work"), exclusive(client, holder="two"):
            pass
        run(client, objs, before_create=keeper.intend)
    keeper.intend(map(Ref.of, objs))
    record = read(client)
    assert record
    assert all(record.owns(client.get(Ref.of(obj))) is None for obj in objs)
    assert {Ref.of(obj) for obj in objs} <= set(leftovers(client))


def test_a_stuck_object_is_explained_and_then_all_of_it_goes(client: Client) -> None:
    objs = demo()
    run(client, objs, force=True)
    thing = Ref.of(find(objs, "Thing"))
    client.patch(thing, {"metadata": {"finalizers": ["inferenceservice.finalizers/x"]}})
    space = Ref("v1", "Namespace", None, "demo")
    with pytest.raises(DeleteStuck) as caught:
        delete(client, [space], timeout=8, is_ours=lambda obj: None)
    assert "left in it: Thing demo/t, finalizer inferenceservice.finalizers/x" in str(caught.value)
    client.patch(thing, {"metadata": {"finalizers": None}})
    done = delete(client, map(Ref.of, objs), timeout=60, is_ours=lambda obj: None)
    assert space in done.gone
    wait(client, [Target(space, absent=True)], timeout=30, why="the namespace to be gone")
    assert all(client.find(Ref.of(obj)) is None for obj in objs)
    assert len(run(client, objs).created) == len(objs)  # and it can all come back at once
