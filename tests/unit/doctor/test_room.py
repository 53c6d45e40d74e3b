"""What the doctor says about room: nodes, quotas, volumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.doctor import room
from bootstrap.facts import RHODS, Operator
from bootstrap.kube.objects import Obj, Ref, dig
from rehearsal.operators.openshift_ai import bundle
from rehearsal.operators.openshift_ai.versions import VERSIONS, Version
from tests.unit.cluster import facts, obj
from tests.unit.doctor.cases import SPACE, node, sight, storage_class

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


def control_plane(topology: str) -> Obj:
    status = {"controlPlaneTopology": topology}
    return obj("config.openshift.io/v1", "Infrastructure", "cluster", status=status)


def quota(hard: dict[str, str], used: dict[str, str]) -> Obj:
    return obj("v1", "ResourceQuota", "q", SPACE, spec={"hard": hard}, status={"used": used})


BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "nodes",
        SMALL,
        "x nodes: 2.0 CPU and 4.0 GiB are free on 1 nodes, 10.2 CPU and 15.7 GiB are needed; "
        "gitops, rhods, storage, serving ask for that much; add a node, or remove what nobody uses",
    ),
    ("nodes", {"pods": [pod("15")]}, "x nodes: 1.0 CPU and 63.0 GiB are free on 1 nodes, 10.2 CPU and 15.7 GiB are "),
    ("nodes", {**SMALL, "autoscalers": [SCALER]}, "! nodes: 2.0 CPU"),
    ("nodes", {**SMALL, "infrastructures": [control_plane("External")]}, "! nodes: 2.0 CPU"),
    ("nodes", {**SMALL, "infrastructures": [control_plane("HighlyAvailable")]}, "x nodes: 2.0 CPU"),
    (
        "nodes",
        {**SMALL, "settings": {"rhods_channel": "stable"}},
        "x nodes: 2.0 CPU and 4.0 GiB are free on 1 nodes, 7.4",
    ),
    (
        "nodes",
        {"nodes": [node(f"n{i}", cpu="3") for i in range(5)]},
        "x nodes: no single node has 3.1 CPU and 5.5 GiB free; one pod of stage rhods asks for that much; ",
    ),
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
    ("nodes", {"pods": [pod("15", "another"), pod("5")]}),
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


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
def test_the_table_agrees_with_what_openshift_ai_asks_for(version: Version) -> None:
    channel = {"stable": version.csv}
    found = sight(facts=facts(openshift=(4, 18, 0), rhods=Operator(RHODS, channels=channel)))
    largest, whole = room.asked(found, "rhods")
    dashboard = sum((room.need(one.cpu, one.memory) for one in version.dashboard), room.Need())
    assert largest == dashboard
    operator = room.requested(bundle.deployment(version)["spec"]["template"])
    pods = [operator] * version.replicas + [dashboard] * version.dashboard_replicas
    surely = sum(pods, room.Need())
    assert surely.fits(whole)
    assert (whole - surely).fits(room.need("1", "1Gi")), "controllers are small beside these"


def test_an_openshift_ai_that_no_channel_tells_of_needs_no_more_than_any() -> None:
    unknown = sight(facts=facts(openshift=(4, 99)))
    assert room.asked(unknown, "rhods")[1].cpu == min(whole.cpu for _, whole in room.OPENSHIFT_AI.values())
