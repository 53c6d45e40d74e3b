"""Pods on the rehearsal's node agent, seen through kubectl and the Python client, behave as on a cluster."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config
from kubernetes.stream import portforward

from rehearsal.cluster import Cluster
from tests.e2e.rehearsing import KUBECTL_SECONDS, Kubectl, eventually, kubectl_command

pytestmark = pytest.mark.e2e
SHARES_CLUSTER = True
Obj = dict[str, Any]


def pod(name: str, script: str, **spec: Any) -> Obj:
    """A pod with one container `main` that runs a shell script; keys of the container go into `container`."""
    container = {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", script], **spec.pop("container", {})}
    metadata = {"name": name, "labels": {"app": name}}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


class Space:
    """kubectl in the test's own namespace."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self._kubectl, self.namespace = kubectl, namespace

    def __call__(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        return self._kubectl("-n", self.namespace, *arguments, stdin=stdin, check=check)

    def apply(self, *objects: Obj) -> None:
        self("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def get(self, what: str) -> Obj:
        found: Obj = json.loads(self("get", what, "-o", "json", check=False) or "{}")
        return found

    def phase(self, name: str) -> str:
        return str(self.get(f"pod/{name}").get("status", {}).get("phase", ""))

    def until_phase(self, name: str, phase: str) -> None:
        eventually(lambda: self.phase(name) == phase)

    def container(self, name: str) -> Obj:
        status = self.get(f"pod/{name}").get("status", {}).get("containerStatuses") or [{}]
        return dict(status[0])

    def waiting(self, name: str) -> str:
        return str(self.container(name).get("state", {}).get("waiting", {}).get("reason", ""))

    def ready(self, name: str) -> bool:
        return bool(self.container(name).get("ready"))

    def events(self, name: str) -> list[tuple[str, str]]:
        items = self.get("events")["items"]
        return [(item["reason"], item["message"]) for item in items if item["involvedObject"]["name"] == name]


@contextmanager
def followed(space: Space, cluster: Cluster, name: str, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`kubectl logs -f` of a pod writes into the file, and has written the pod's first words."""
    with file.open("wb") as output:
        process = subprocess.Popen(
            kubectl_command(cluster, "-n", space.namespace, "logs", "-f", name), stdout=output, stderr=output
        )
    try:
        eventually(file.read_text)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def space(kubectl: Kubectl, namespace: str) -> Space:
    # a pod needs its namespace's ServiceAccount, which the controller manager makes
    eventually(lambda: kubectl("-n", namespace, "get", "serviceaccount", "default", check=False))
    return Space(kubectl, namespace)


def test_a_job_completes_and_its_log_is_kept(space: Space) -> None:
    space("create", "job", "greet", "--image=busybox", "--", "sh", "-c", "echo hello; echo again >&2")
    space("wait", "--for=condition=complete", "job/greet", "--timeout=120s")
    assert sorted(space("logs", "job/greet").split()) == ["again", "hello"]
    status = space.get("pods")["items"][0]["status"]
    assert status["phase"] == "Succeeded"
    assert status["containerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"
    assert {item["reason"] for item in status["conditions"] if item["type"] == "Ready"} == {"PodCompleted"}


def test_a_failing_job_reports_its_exit_code_and_last_words(space: Space) -> None:
    container = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    space.apply(pod("fails", "echo the disk is full; exit 42", restartPolicy="Never", container=container))
    space.until_phase("fails", "Failed")
    ended = space.container("fails")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (42, "Error", "the disk is full\n")


def test_a_deployment_rolls_out_and_is_scaled(space: Space) -> None:
    space("create", "deployment", "sleeper", "--image=registry.k8s.io/pause:3.10", "--replicas=2")
    space("rollout", "status", "deployment/sleeper", "--timeout=120s")
    addresses = {item["status"]["podIP"] for item in space.get("pods")["items"]}
    assert len(addresses) == 2
    space("scale", "deployment/sleeper", "--replicas=0")
    eventually(lambda: not space.get("pods")["items"])


def test_a_crashing_container_backs_off_and_shows_its_previous_log(space: Space) -> None:
    space.apply(pod("crash", "echo run $(date +%N); exit 3"))
    eventually(lambda: space.waiting("crash") == "CrashLoopBackOff")
    eventually(lambda: space.container("crash")["restartCount"] == 2)
    status = space.container("crash")
    assert status["lastState"]["terminated"]["exitCode"] == 3
    current, previous = space("logs", "crash"), space("logs", "crash", "--previous")
    assert previous.startswith("run ")
    assert current != previous
    assert any(reason == "BackOff" for reason, _ in space.events("crash"))


def test_an_unknown_image_cannot_be_pulled_and_says_why(space: Space) -> None:
    space.apply(pod("unknown", "true", container={"image": "quay.io/nobody/nothing:1"}))
    eventually(lambda: space.waiting("unknown") == "ImagePullBackOff")
    message = space.container("unknown")["state"]["waiting"]["message"]
    assert "no row of the rehearsal's image table answers to quay.io/nobody/nothing" in message
    assert space.phase("unknown") == "Pending"


def test_a_claim_is_bound_keeps_data_over_pods_and_goes_with_its_folder(space: Space, cluster: Cluster) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    where = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    space.apply(claim)
    for name, script in (("writes", "echo kept > /data/file"), ("reads", "cat /data/file")):
        space.apply(pod(name, script, volumes=[volume], restartPolicy="Never", container=where))
        space.until_phase(name, "Succeeded")
    assert space("logs", "reads") == "kept\n"
    folder = cluster.volumes / space.get("pvc/data")["spec"]["volumeName"]
    assert (folder / "file").read_text() == "kept\n"
    space("delete", "pod/writes", "pod/reads", "pvc/data")
    eventually(lambda: not folder.exists())


def test_logs_follow_a_running_container_to_its_end(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    script = "echo line 1; until [ -e /tmp/go ]; do sleep 0.1; done; for i in 2 3 4; do echo line $i; sleep 1; done"
    space.apply(pod("counts", script, restartPolicy="Never"))
    space.until_phase("counts", "Running")
    with followed(space, cluster, "counts", said := tmp_path / "said") as process:
        space("exec", "counts", "--", "touch", "/tmp/go")
        assert process.wait(KUBECTL_SECONDS) == 0
    assert said.read_text().splitlines() == [f"line {number}" for number in (1, 2, 3, 4)]
    assert space("logs", "counts", "--tail=1") == "line 4\n"
    assert space("logs", "counts", "--timestamps").splitlines()[0].split()[0].endswith("Z")


def test_exec_runs_in_the_container_with_its_streams_and_exit_code(space: Space, cluster: Cluster) -> None:
    env = [{"name": "WHO", "value": "me"}]
    space.apply(pod("host", "sleep 100", container={"env": env}))
    eventually(lambda: space.ready("host"))
    assert space("exec", "host", "--", "sh", "-c", "echo $WHO $(cat /proc/1/comm)").split() == ["me", "sh"]
    assert space("exec", "-i", "host", "--", "tr", "a-z", "A-Z", stdin="shout") == "SHOUT"
    command = kubectl_command(cluster, "-n", space.namespace, "exec", "host", "--", "sh", "-c", "echo no >&2; exit 7")
    ended = subprocess.run(command, capture_output=True, timeout=KUBECTL_SECONDS)
    assert ended.returncode == 7
    assert b"no" in ended.stderr


def test_port_forward_by_the_python_client(space: Space, cluster: Cluster) -> None:
    script = "cd /tmp; echo served > page; exec python3 -m http.server 8000"
    probe = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}
    container = {"image": "registry.redhat.io/ubi9/python-311", "readinessProbe": probe}
    space.apply(pod("web", script, container=container))
    eventually(lambda: space.ready("web"))
    api = client.CoreV1Api(config.new_client_from_config(str(cluster.kubeconfig)))  # type: ignore[no-untyped-call]
    forward = portforward(api.connect_get_namespaced_pod_portforward, "web", space.namespace, ports="8000")
    stream = forward.socket(8000)
    stream.settimeout(60)
    stream.sendall(b"GET /page HTTP/1.0\r\n\r\n")
    answer = b""
    while chunk := stream.recv(4096):
        answer += chunk
    stream.close()
    forward.websocket.shutdown()  # the client leaves it to the garbage collector
    api.api_client.close()
    assert answer.endswith(b"served\n")
    assert forward.error(8000) is None


def test_init_containers_run_in_order_before_the_containers(space: Space) -> None:
    share = {"volumeMounts": [{"name": "work", "mountPath": "/share"}]}
    inits = [
        {"name": name, "image": "busybox", "command": ["sh", "-c", f"echo {name} >> /share/order"], **share}
        for name in ("first", "second")
    ]
    space.apply(pod("staged", "cat /share/order", initContainers=inits, volumes=[{"name": "work", "emptyDir": {}}],
                    restartPolicy="Never", container=share))  # fmt: skip
    space.until_phase("staged", "Succeeded")
    assert space("logs", "staged").split() == ["first", "second"]


def test_a_sidecar_starts_first_and_does_not_keep_the_pod_from_ending(space: Space) -> None:
    side = {"name": "side", "image": "busybox", "restartPolicy": "Always",
            "command": ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"]}  # fmt: skip
    space.apply(pod("pair", "sleep 1", initContainers=[side], restartPolicy="Never"))
    space.until_phase("pair", "Succeeded")


def test_readiness_follows_its_probe_and_liveness_restarts(space: Space) -> None:
    probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}
    alive = {"exec": {"command": ["test", "!", "-e", "/tmp/dead"]}, "periodSeconds": 1, "failureThreshold": 1}
    space.apply(pod("probed", "sleep 1000", container={"readinessProbe": probe, "livenessProbe": alive}))
    space.until_phase("probed", "Running")
    assert not space.ready("probed")
    space("exec", "probed", "--", "touch", "/tmp/ready")
    eventually(lambda: space.ready("probed"))
    space("exec", "probed", "--", "touch", "/tmp/dead")
    eventually(lambda: space.container("probed")["restartCount"] == 1)
    assert any(reason == "Unhealthy" for reason, _ in space.events("probed"))


def test_http_and_tcp_probes_reach_the_pod(space: Space) -> None:
    http = {"httpGet": {"path": "/", "port": "web"}, "periodSeconds": 1}
    tcp = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}
    container = {
        "image": "python:3.12",
        "ports": [{"name": "web", "containerPort": 8000}],
        "startupProbe": http,
        "readinessProbe": tcp,
    }
    space.apply(pod("web", "cd /tmp; exec python3 -m http.server 8000", container=container))
    eventually(lambda: space.ready("web"))


def test_a_config_map_reaches_environment_and_files_and_files_follow_it(space: Space) -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "red"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"},
              "data": {"token": base64.b64encode(b"s3cret").decode()}}  # fmt: skip
    container = {
        "env": [
            {"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "BOTH", "value": "$(COLOUR)-$(NODE)"},
        ],
        "volumeMounts": [{"name": "all", "mountPath": "/etc/all"}],
    }
    sources = [{"configMap": {"name": "settings"}}, {"secret": {"name": "key"}}]
    volume = {"name": "all", "projected": {"sources": sources}}
    script = "echo $BOTH $(cat /etc/all/token); sleep 1000"
    space.apply(secret, pod("configured", script, volumes=[volume], container=container))
    time.sleep(1)
    assert space.phase("configured") == "Pending"
    space.apply(settings)
    eventually(lambda: space.ready("configured"))
    eventually(lambda: space("logs", "configured").split() == ["red-rehearsal", "s3cret"])
    space.apply({**settings, "data": {"colour": "blue"}})
    eventually(lambda: space("exec", "configured", "--", "cat", "/etc/all/colour") == "blue")


def test_a_pod_uses_its_service_account_and_is_denied_what_it_may_not(space: Space) -> None:
    script = """
    import json, ssl, urllib.request
    folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
    tls = ssl.create_default_context(cafile=folder + "ca.crt")
    ask = urllib.request.Request("https://kubernetes.default.svc/api/v1/secrets",
                                 headers={"Authorization": "Bearer " + open(folder + "token").read()})
    try:
        urllib.request.urlopen(ask, context=tls)
    except urllib.error.HTTPError as error:
        print(json.load(error)["message"])
    """
    lines = "\n".join(line[4:] for line in script.splitlines())
    container = {"image": "python", "command": ["python3", "-c", lines]}
    space.apply(pod("asks", "", restartPolicy="Never", container=container))
    space.until_phase("asks", "Succeeded")
    assert f'"system:serviceaccount:{space.namespace}:default" cannot list resource "secrets"' in space("logs", "asks")


def test_deleting_a_pod_gives_it_its_grace(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    script = "trap 'echo leaving; sleep 3; echo left; exit 0' TERM; echo trapped; while :; do sleep 0.1; done"
    space.apply(pod("polite", script, terminationGracePeriodSeconds=10))
    space.until_phase("polite", "Running")
    with followed(space, cluster, "polite", said := tmp_path / "said") as process:
        assert "deleted" in space("delete", "pod/polite", "--wait=false")
        assert process.wait(KUBECTL_SECONDS) == 0
    assert said.read_text().split() == ["trapped", "leaving", "left"]
    eventually(lambda: not space.get("pod/polite"))
