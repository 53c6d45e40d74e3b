"""What the doctor says about room: nodes, quotas, volumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.doctor import room
from bootstrap.kube.objects import Obj, Ref, dig
from tests.unit.cluster import obj
from tests.unit.doctor.cases import SPACE, node, storage_class

MANIFESTS = Path(__file__).parents[3] / "manifests"
CLAIM = Ref("v1", "PersistentVolumeClaim", SPACE, "minio")
EVERYTHING = {
    CLAIM,
    Ref("apps/v1", "Deployment", SPACE, "minio"),
    Ref("serving.kserve.io/v1beta1", "InferenceService", SPACE, "fraud"),
}
SMALL = {"nodes": [node(cpu="2", memory="4Gi")]}
SCALER = obj("autoscaling.openshift.io/v1", "ClusterAutoscaler", "default")


def pod(cpu: str, name: str = "n1") -> Obj:
    requests = {"resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}
    return obj("v1", "Pod", "p", "x", spec={"nodeName": name, "containers": [requests]})


def quota(hard: dict[str, str], used: dict[str, str]) -> Obj:
    return obj("v1", "ResourceQuota", "q", SPACE, spec={"hard": hard}, status={"used": used})


BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "nodes",
        SMALL,
        "x nodes: 2.0 CPU and 4.0 GiB are free on 1 nodes, 6.8 CPU and 9.6 GiB are needed; "
        "gitops, rhods, storage, serving ask for that much; add a node, or remove what nobody uses",
    ),
    ("nodes", {"pods": [pod("15")]}, "x nodes: 1.0 CPU and 63.0 GiB are free on 1 nodes, 6.8 CPU and 9.6 GiB are nee"),
    ("nodes", {**SMALL, "autoscalers": [SCALER]}, "! nodes: 2.0 CPU"),
    (
        "nodes",
        {"nodes": [node(unschedulable=True), node("m", taints=[{"effect": "NoSchedule"}])]},
        "x nodes: none of 2 takes pods: each is not Ready, cordoned or tainted; ",
    ),
    (
        "nodes",
        {"nodes": [node(f"n{i}", cpu="400m") for i in range(3)], "stages": ("storage", "serving")},
        "x nodes: no single node has 0.5 CPU and 1.0 GiB free; one pod of stage serving asks for that much; ",
    ),
    (
        "quotas",
        {"quotas": [quota({"requests.cpu": "1"}, {"requests.cpu": "900m"})]},
        f"x ResourceQuota {SPACE}/q: allows requests.cpu 1, of which 900m is used; storage and serving ask "
        "for 0.6 CPU and 1.2 GiB, and would be refused; "
        "raise requests.cpu in it, or delete the quota",
    ),
    (
        "StorageClass",
        {"classes": []},
        "x StorageClass: none is the default (there: none); MinIO keeps the model on a volume of it; "
        "install a storage driver (a CSI operator) first",
    ),
    (
        "StorageClass",
        {"classes": [storage_class("nfs", default=False)]},
        "x StorageClass: none is the default (there: nfs); MinIO keeps the model on a volume of it; "
        "set STORAGE_CLASS to one of them",
    ),
    (
        "StorageClass",
        {"classes": [storage_class("old"), storage_class("new", made="2026-02-01T00:00:00Z")]},
        "! StorageClass: 2 are the default: new, old; the newest is taken, new; set STORAGE_CLASS to be sure",
    ),
    (
        "StorageClass",
        {"settings": {"storage_class": "fast"}},
        "x StorageClass fast: does not exist (there: gp3); ",
    ),
]
FINE: list[tuple[str, dict[str, Any]]] = [
    ("nodes", {"pods": [pod("15", "another"), pod("8")]}),
    ("nodes", {**SMALL, "there": EVERYTHING, "stages": ("storage", "serving")}),
    ("quotas", {"quotas": [quota({"requests.cpu": "2", "pods": "1"}, {})]}),
    ("StorageClass", {"classes": [], "there": {CLAIM}}),
    ("StorageClass", {"classes": [], "stages": ("serving",)}),
    ("StorageClass", {"classes": [storage_class("nfs", default=False)], "settings": {"storage_class": "nfs"}}),
]


def test_a_pod_asks_for_its_largest_init_container_or_all_that_runs_together() -> None:
    def container(cpu: str, **more: str) -> Obj:
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    first = [container("3"), container("1", restartPolicy="Always")]
    assert room.requested({"spec": {"containers": [container("1")], "initContainers": first}}).cpu == 3
    assert (
        room.requested({"spec": {"containers": [container("2500m")], "initContainers": first}}).cpu
        == room.need("3500m", "0").cpu
    )


def requests_in(path: str) -> room.Need:
    """Return the largest sum of requests that a manifest names."""
    document = yaml.safe_load((MANIFESTS / path).read_text())
    pods = [dig(document, "spec", "template", "spec"), dig(document, "spec"), dig(document, "template", "spec")]
    if isinstance(document, list):
        pods = [{"containers": [{"resources": one["value"]}]} for one in document if "resources" in one["path"]]
    return max((room.requested({"spec": pod}) for pod in pods if pod), key=lambda need: need.cpu)


@pytest.mark.parametrize(
    ("stage", "path"),
    [
        ("storage", "storage/base/deployment.yaml"),
        ("serving", "serving/components/runtime-kserve/patch-serving-runtime.yaml"),
        ("serving", "serving/components/runtime-modelmesh/patch-serving-runtime.yaml"),
    ],
)
def test_the_table_agrees_with_the_manifests(stage: str, path: str) -> None:
    assert requests_in(path) == room.LARGEST[stage]
