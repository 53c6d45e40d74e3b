"""The rows of the client core: apply against kubectl, near and far, and how soon a wait sees that it is over."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import yaml

from bootstrap.kube.apply import apply
from bootstrap.kube.connection import connect
from bootstrap.kube.objects import Ref
from bootstrap.kube.readiness.verdict import READY, not_ready
from bootstrap.kube.wait import Target, wait
from rehearsal.cluster import Cluster
from rehearsal.toolchain import tool
from tests.bench.delay import delayed
from tests.bench.measure import Line, against, alone, percentile, seconds, timed
from tests.bench.objects import NAMESPACE, Obj, fifty
from tests.e2e.rehearsing import kubectl_for

FAR = 0.030  # seconds of round trip
ROUNDS = 3
SIGNALS = 40


def rows(cluster: Cluster, folder: Path) -> list[Line]:
    """Apply near and far, and the wait."""
    found = [*_applies(cluster, folder, 0.0), *_applies(cluster, folder, FAR)]
    return [*found, _noticed(cluster)]


def _applies(cluster: Cluster, folder: Path, round_trip: float) -> list[Line]:
    objects = fifty()
    file = folder / "objects.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    with ExitStack() as line:
        kubeconfig = cluster.kubeconfig
        if round_trip:
            port = line.enter_context(delayed(cluster.api_port, round_trip))
            kubeconfig = _through(cluster.kubeconfig, port, folder)
        first, again = [], []
        for _ in range(ROUNDS):
            ours, ours_again = _twice(cluster, lambda: _ours(kubeconfig, objects))
            peer, peer_again = _twice(cluster, lambda: _peer(kubeconfig, file))
            first.append((ours, peer))
            again.append((ours_again, peer_again))
        kubectl_for(cluster)("delete", "namespace", NAMESPACE)
    where = f"at {round_trip * 1000:.0f} ms round trip"
    return [
        against(f"50 objects applied {where}, against `kubectl apply --server-side`", *_medians(first), "0.5"),
        against(f"the same again, nothing changed, {where}", *_medians(again), "0.5"),
    ]


def _medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    middle = len(pairs) // 2
    return sorted(one for one, _ in pairs)[middle], sorted(other for _, other in pairs)[middle]


def _twice(cluster: Cluster, action: Callable[[], None]) -> tuple[float, float]:
    """The seconds that it takes in an empty namespace, and again at once, when there is nothing left to change."""
    kubectl = kubectl_for(cluster)
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
    kubectl("create", "namespace", NAMESPACE)
    return timed(action), timed(action)


def _ours(kubeconfig: Path, objects: list[Obj]) -> None:
    client = connect(kubeconfig)
    try:
        apply(client, objects, deadline=time.monotonic() + 120)
    finally:
        client.close()


def _peer(kubeconfig: Path, file: Path) -> None:
    command = [
        str(tool("kubectl")),
        "--kubeconfig",
        str(kubeconfig),
        "apply",
        "--server-side",
        "--force-conflicts",
        "-f",
        str(file),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def _through(kubeconfig: Path, port: int, folder: Path) -> Path:
    content = yaml.safe_load(kubeconfig.read_text())
    for item in content["clusters"]:
        item["cluster"]["server"] = f"https://127.0.0.1:{port}"
    target = folder / "far.kubeconfig"
    target.touch(mode=0o600)
    target.write_text(yaml.safe_dump(content))
    return target


def _noticed(cluster: Cluster) -> Line:
    """From the moment a condition is true on the server to the return of the wait."""
    kubectl = kubectl_for(cluster)
    kubectl("create", "configmap", "signal", "-n", "default", "--from-literal=round=none")
    client = connect(cluster.kubeconfig)
    ref = Ref("v1", "ConfigMap", "default", "signal")
    lags = []
    try:
        for number in range(SIGNALS):
            lags.append(_lag(client, ref, str(number)))
    finally:
        client.close()
        kubectl("delete", "configmap", "signal", "-n", "default")
    return alone("condition true → next step starts, 95 of 100", seconds(percentile(lags, 0.95)), "150 ms")


def _lag(client: object, ref: Ref, number: str) -> float:
    def judged(obj: Obj) -> object:
        return READY if obj["data"]["round"] == number else not_ready("not yet")

    ended: list[float] = []

    def waiting() -> None:
        wait(client, [Target(ref, check=judged)], timeout=30, why="the signal")  # type: ignore[arg-type]
        ended.append(time.monotonic())

    thread = threading.Thread(target=waiting)
    thread.start()
    time.sleep(0.2)  # the wait has listed and watches
    true = time.monotonic()
    client.patch(ref, {"data": {"round": number}})  # type: ignore[attr-defined]
    thread.join(30)
    return max(0.0, ended[0] - true)
