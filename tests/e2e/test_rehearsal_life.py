"""A rehearsal comes, goes on, heals and leaves nothing: processes, sockets, mounts and files are counted."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import processes
from rehearsal.cluster import CLONE, Cluster
from rehearsal.faults import DEFAULT_CLASS
from tests.e2e.rehearsing import Kubectl, eventually, fault, kubectl_command, kubectl_for, rehearsal

pytestmark = pytest.mark.e2e
LISTEN = "0A"
KEEPER = [
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "keeper"},
        "spec": {
            "selector": {"matchLabels": {"app": "keeper"}},
            "template": {
                "metadata": {"labels": {"app": "keeper"}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
                    "containers": [
                        {
                            "name": "main",
                            "image": "busybox:1.36",
                            # written once, in the first life of the volume
                            "command": ["sh", "-c", "[ -e /data/word ] || date +%s%N > /data/word; sleep 86400"],
                            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                            "readinessProbe": {"exec": {"command": ["test", "-s", "/data/word"]}},
                        }
                    ],
                },
            },
        },
    },
]


@pytest.fixture
def name(request: pytest.FixtureRequest, state_root: Path) -> Iterator[str]:
    """A rehearsal of the test's own, gone afterwards in any case."""
    chosen = "life"
    yield chosen
    rehearsal("down", "--name", chosen, root=state_root)


def listening() -> dict[str, int]:
    """Inode → port of every TCP socket that listens on this machine, outside of any rehearsal."""
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == LISTEN:
                found[words[9]] = int(words[1].rpartition(":")[2], 16)
    return found


def held_sockets(pids: list[int]) -> set[str]:
    """Inodes of the sockets that these processes have open."""
    found = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target = str(descriptor.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                found.add(target[8:-1])
    return found


def members(root: Path) -> list[int]:
    (outer,) = processes.find(root)
    return [outer.unshare, *processes.inside(outer)]


def living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if processes.is_alive(pid)]


def mounts(root: Path) -> list[str]:
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(root) in line]


def shared_memory(pid: int) -> int:
    """The device that is /dev/shm to a process."""
    return Path("/proc", str(pid), "root", "dev", "shm").stat().st_dev


def nothing_left(root: Path, pids: list[int], cluster: Cluster) -> None:
    """The folder, the processes, the ports and the mounts of a rehearsal are gone."""
    assert not root.exists()
    assert living(pids) == []
    assert processes.find(root) == []
    assert not {cluster.api_port, cluster.proxy_port} & set(listening().values())
    assert mounts(root) == []


def parts(root: Path, name: str) -> dict[str, dict[str, object]]:
    said = rehearsal("status", "--json", "--name", name, root=root, check=False)
    return {row["name"]: row for row in json.loads(said.stdout)}


def test_it_lives_and_leaves_nothing(state_root: Path, name: str) -> None:
    rehearsal("up", "--name", name, root=state_root)
    cluster = Cluster.load(state_root / name)
    kubectl = kubectl_for(cluster)
    assert " Ready " in kubectl("get", "nodes", "--no-headers")
    assert rehearsal("status", "--name", name, root=state_root).returncode == 0

    pids = members(cluster.root)
    assert len(pids) > 5
    assert shared_memory(os.getpid()) not in map(shared_memory, pids[:2]), "its /dev/shm is the machine's"
    outside = {port for inode, port in listening().items() if inode in held_sockets(pids)}
    assert outside == {cluster.api_port, cluster.proxy_port}

    kubectl("create", "configmap", "kept", "-n", "default")
    again = rehearsal("up", "--name", name, root=state_root)
    assert "is running already" in again.stderr
    assert members(cluster.root)[:2] == pids[:2]

    kubectl("annotate", "storageclass", "rehearsal-local", f"{DEFAULT_CLASS}=false", "--overwrite")
    with fault(cluster, "catalog-down", "catalog=community-operators"):
        rehearsal("stop", "--name", name, root=state_root)
        assert living(pids) == []
        assert rehearsal("status", "--name", name, root=state_root, check=False).returncode == 1
        rehearsal("start", "--name", name, root=state_root)
    assert Cluster.load(state_root / name) == cluster, "ports and identity stay over stop and start"
    kubectl("get", "configmap", "kept", "-n", "default")
    assert "(default)" not in kubectl("get", "storageclass"), "what somebody has set stays too"

    pids = members(cluster.root)
    rehearsal("down", "--name", name, root=state_root)
    nothing_left(cluster.root, pids, cluster)


def test_after_kill_of_everything_up_heals_and_down_leaves_nothing(state_root: Path, name: str) -> None:
    rehearsal("up", "--name", name, root=state_root)
    cluster = Cluster.load(state_root / name)
    kubectl = kubectl_for(cluster)
    kubectl("create", "configmap", "kept", "-n", "default")
    pids = members(cluster.root)
    kill(pids)
    assert eventually(lambda: not living(pids), 30)
    rehearsal("up", "--name", name, root=state_root)
    kubectl("get", "configmap", "kept", "-n", "default")
    pids = members(cluster.root)
    kill(pids)
    rehearsal("down", "--name", name, root=state_root)
    nothing_left(cluster.root, pids, cluster)


def test_an_up_killed_at_any_moment_is_healed_by_the_next(state_root: Path, name: str) -> None:
    seed = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    root = state_root / name
    for _ in range(2):
        moment = chance.uniform(0.05, 6)
        print(f"SEED={seed}: `up` is killed after {moment:.2f} s")
        command = [sys.executable, "-m", "rehearsal", "up", "--name", name]
        begun = subprocess.Popen(
            command, cwd=CLONE, env={**os.environ, "REHEARSAL_ROOT": str(state_root)}, stderr=subprocess.DEVNULL
        )
        time.sleep(moment)
        begun.kill()
        begun.wait()
        for outer in processes.find(root):
            kill([outer.unshare])
    rehearsal("up", "--name", name, root=state_root)
    assert " Ready " in kubectl_for(Cluster.load(root))("get", "nodes", "--no-headers")


@pytest.mark.soak  # the copy of a snapshot, below, runs beside its original as well
def test_two_at_once_do_not_see_each_other(cluster: Cluster, kubectl: Kubectl, state_root: Path, name: str) -> None:
    rehearsal("up", "--name", name, root=state_root)
    second = Cluster.load(state_root / name)
    kubectl_for(second)("create", "configmap", "only-here", "-n", "default")
    assert "NotFound" in refused(cluster, "get", "configmap", "only-here", "-n", "default")
    assert len({cluster.api_port, cluster.proxy_port, second.api_port, second.proxy_port}) == 4
    assert " Ready " in kubectl("get", "nodes", "--no-headers")
    pids = members(second.root)
    rehearsal("down", "--name", name, root=state_root)
    nothing_left(second.root, pids, second)
    assert " Ready " in kubectl("get", "nodes", "--no-headers")


@pytest.mark.parametrize("part", ["etcd", "kube-apiserver", "dataplane", "platform", "node"])
def test_a_part_that_dies_is_restarted_and_reported(cluster: Cluster, kubectl: Kubectl, part: str) -> None:
    root, name = cluster.root.parent, cluster.name
    eventually(lambda: parts(root, name)[part]["state"] == "ready")  # else its pid is none to kill
    before = parts(root, name)[part]
    assert int(str(before["pid"])) > 1
    os.kill(int(str(before["pid"])), signal.SIGKILL)

    def back() -> bool:
        row = parts(root, name)[part]
        return row["state"] == "ready" and row["restarts"] == int(str(before["restarts"])) + 1

    eventually(back)
    assert "killed by SIGKILL" in str(parts(root, name)[part]["last"])
    eventually(lambda: " Ready " in kubectl("get", "nodes", "--no-headers", check=False))


def test_a_snapshot_is_the_same_cluster_again(cluster: Cluster, kubectl: Kubectl, name: str, namespace: str) -> None:
    if cluster.root.parent == CLONE / ".rehearsal":
        pytest.skip("a person's own rehearsals get no snapshot from a test")
    root, data = cluster.root.parent, ("exec", "-n", namespace, "deploy/keeper", "--", "cat", "/data/word")
    kubectl("apply", "-n", namespace, "-f", "-", stdin="---\n".join(json.dumps(one) + "\n" for one in KEEPER))
    kubectl("rollout", "status", "deploy/keeper", "-n", namespace, "--timeout=180s")
    word = kubectl(*data)
    kubectl("create", "configmap", "marked", "-n", namespace, "--from-literal=a=1")
    rehearsal("snapshot", "--name", cluster.name, "of-a-test", root=root)
    kubectl("delete", "configmap", "marked", "-n", namespace)
    rehearsal("up", "--name", name, "--from", "of-a-test", root=root)
    copy = Cluster.load(root / name)
    assert copy.cluster_id == cluster.cluster_id
    assert kubectl_for(copy)("get", "configmap", "marked", "-n", namespace, "-o", "jsonpath={.data.a}") == "1"
    assert "NotFound" in refused(cluster, "get", "configmap", "marked", "-n", namespace)
    assert eventually(lambda: kubectl_for(copy)(*data, check=False)) == word, "its pods run again, on their volumes"
    assert kubectl(*data) == word
    operators = ("get", "pods", "-n", "openshift-operator-lifecycle-manager", "--no-headers")
    eventually(lambda: kubectl_for(copy)(*operators).count("1/1 ") == kubectl(*operators).count("1/1 "))


def refused(cluster: Cluster, *arguments: str) -> str:
    """What kubectl says when it fails; empty when it does not."""
    ended = subprocess.run(kubectl_command(cluster, *arguments), capture_output=True, text=True, timeout=60)
    return ended.stderr if ended.returncode else ""


def kill(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it died with another one
