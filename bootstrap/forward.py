"""A port of a pod on loopback, through the API server: for what no Route leads to."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from bootstrap.errors import DemoError
from bootstrap.kube.client import Client
from bootstrap.kube.connection import authorization, load, proxy_for, tls_context
from bootstrap.kube.objects import Ref, conditions, dig
from bootstrap.outside import Outside

CHUNK = 65536
PROTOCOL = "v4.channel.k8s.io"  # each frame begins with its channel: 0 data, 1 error; the first of each names the port


@contextmanager
def forwarded(outside: Outside, kubeconfig: Path, pod: Ref, port: int) -> Iterator[int]:
    """Listen on a free port of loopback as long as the block lasts; every connection reaches the pod's port."""
    with tempfile.TemporaryDirectory(prefix="serving-demo-") as folder:  # for certificates that are given as data
        config = load(kubeconfig, folder)
        context = tls_context(config, None)
        if outside.certificates.strip():
            context.load_verify_locations(cadata=outside.certificates)
    url = f"{config.host.rstrip('/')}/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/portforward?ports={port}"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        stop = threading.Event()
        dial = Dial(url, config, context, outside)
        thread = threading.Thread(target=accept, args=(server, dial, stop), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        except Exception as problem:
            if dial.failure:  # all that whoever connected saw is an end
                way = f"port {port} of {pod} cannot be reached through the API server"
                raise DemoError(f"{way}: {dial.failure}") from problem
            raise
        finally:
            stop.set()
            with suppress(OSError):  # a last caller, so that nobody has to wait until listening times out
                socket.create_connection(server.getsockname(), 1).close()
            thread.join()


class Dial:
    """Opens one stream to the pod for each connection."""

    def __init__(self, url: str, config: Any, context: Any, outside: Outside) -> None:
        self.url, self.config, self.context, self.outside = url, config, context, outside
        self.failure = ""  # why the last stream could not be opened, or the pod ended it

    def __call__(self) -> Any:
        """Return an open web socket."""
        import websocket  # not before it is needed

        host = urlsplit(self.url).hostname
        proxy = self.config.proxy or proxy_for(self.url, self.outside.proxy, self.outside.no_proxy)
        way: dict[str, Any] = {"http_no_proxy": [host]}  # else it would take one from the environment
        if proxy:
            parts = urlsplit(proxy)
            way = {"http_proxy_host": parts.hostname, "http_proxy_port": parts.port, "proxy_type": "http"}
            if parts.username:
                way["http_proxy_auth"] = (unquote(parts.username), unquote(parts.password or ""))
        tls = {"context": self.context}
        if self.config.tls_server_name:
            tls["server_hostname"] = self.config.tls_server_name
        headers = [f"{name}: {value}" for name, value in authorization(self.config)().items()]
        target = self.url.replace("http", "ws", 1)
        return websocket.create_connection(
            target, timeout=30, header=headers, subprotocols=[PROTOCOL], sslopt=tls, enable_multithread=True, **way
        )


def accept(server: socket.socket, dial: Dial, stop: threading.Event) -> None:
    """Carry every connection until told to stop."""
    while not stop.is_set():
        with suppress(TimeoutError):
            connection, _ = server.accept()
            if stop.is_set():
                connection.close()
                return
            threading.Thread(target=carry, args=(connection, dial), daemon=True).start()


def carry(connection: socket.socket, dial: Dial) -> None:
    """Copy both ways until either side ends; why a stream cannot be opened, or the pod ends it, is noted."""
    with connection, suppress(Exception):  # either side may go at any time
        try:
            stream = dial()
        except Exception as problem:
            dial.failure = str(problem).partition(" -+-+- ")[0]  # what follows are the headers of the answer
            return
        dial.failure = ""
        stream.settimeout(None)
        threading.Thread(target=send, args=(connection, stream), daemon=True).start()
        named = set()
        while frame := stream.recv():
            channel, data = frame[0], frame[1:]
            if channel not in named:
                named.add(channel)
            elif channel == 0:
                connection.sendall(data)
            else:
                dial.failure = data.decode(errors="replace").strip()
                break
        with suppress(OSError):  # closing alone would not end it: the other thread still reads from it
            connection.shutdown(socket.SHUT_RDWR)
        stream.close()


def send(connection: socket.socket, stream: Any) -> None:
    """Copy from the connection into the stream until the connection ends."""
    with suppress(Exception):
        while data := connection.recv(CHUNK):
            stream.send_binary(b"\0" + data)
        stream.close()


def ready_pod(client: Client, namespace: str, selector: str) -> Ref:
    """Return a ready pod that carries these labels."""
    for pod in client.list("v1", "Pod", namespace, selector):
        leaving = dig(pod, "metadata", "deletionTimestamp")
        if leaving is None and conditions(pod).get("Ready", {}).get("status") == "True":
            return Ref("v1", "Pod", namespace, dig(pod, "metadata", "name"))
    raise DemoError(f"namespace {namespace} has no ready pod with labels {selector}; `make status` says why")
