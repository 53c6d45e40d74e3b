"""A port of a pod on loopback, through the API server: for what no Route leads to."""

from __future__ import annotations

import select
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bootstrap.errors import DemoError
from bootstrap.kube.client import Client
from bootstrap.kube.connection import load
from bootstrap.kube.objects import Ref, conditions, dig

CHUNK = 65536


@contextmanager
def forwarded(kubeconfig: Path, pod: Ref, port: int) -> Iterator[int]:
    """Listen on a free port of loopback as long as the block lasts; every connection reaches the pod's port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()
        threading.Thread(target=accept, args=(server, kubeconfig, pod, port, stop), daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()


def accept(server: socket.socket, kubeconfig: Path, pod: Ref, port: int, stop: threading.Event) -> None:
    """Carry every connection until told to stop."""
    server.settimeout(0.5)
    while not stop.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        except OSError:
            return
        threading.Thread(target=carry, args=(connection, kubeconfig, pod, port, stop), daemon=True).start()


def open_stream(kubeconfig: Path, pod: Ref, port: int) -> Any:
    """Return the socket of one port-forward request."""
    from kubernetes import client
    from kubernetes.stream import portforward

    with tempfile.TemporaryDirectory(prefix="serving-demo-") as folder:  # for certificates that are given as data
        api = client.CoreV1Api(client.ApiClient(load(kubeconfig, folder)))
        call = api.connect_get_namespaced_pod_portforward
        return portforward(call, pod.name, pod.namespace, ports=str(port)).socket(port)


def carry(connection: socket.socket, kubeconfig: Path, pod: Ref, port: int, stop: threading.Event) -> None:
    """Copy both ways until either side ends."""
    with connection, suppress(OSError):
        remote = open_stream(kubeconfig, pod, port)
        remote.setblocking(True)
        with suppress(OSError):
            while not stop.is_set():
                readable, _, _ = select.select([connection, remote], [], [], 0.5)
                if any(not copy(source, connection, remote) for source in readable):
                    break
        remote.close()


def copy(source: Any, one: Any, other: Any) -> bool:
    """Copy what is there to the other side; False at the end."""
    data = source.recv(CHUNK)
    if data:
        (other if source is one else one).sendall(data)
    return bool(data)


def ready_pod(client: Client, namespace: str, selector: str) -> Ref:
    """Return a ready pod that carries these labels."""
    for pod in client.list("v1", "Pod", namespace, selector):
        if (
            dig(pod, "metadata", "deletionTimestamp") is None
            and conditions(pod).get("Ready", {}).get("status") == "True"
        ):
            return Ref("v1", "Pod", namespace, dig(pod, "metadata", "name"))
    raise DemoError(f"namespace {namespace} has no ready pod with labels {selector}; `make status` says why")
