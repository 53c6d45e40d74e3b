"""An etcd, a kube-apiserver and a kube-controller-manager on loopback: what the client core is checked against."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from bootstrap.errors import DemoError
from bootstrap.kube.client import Client
from bootstrap.kube.connection import connect

START_SECONDS = 90  # a few when idle; this bounds a machine under load


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_kubeconfig(folder: Path, port: int, token: str) -> Path:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(folder / "certs/apiserver.crt")}
    path = folder / f"{token}.kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "c",
                "clusters": [{"name": "k", "cluster": cluster}],
                "users": [{"name": token, "user": {"token": token}}],
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": token}}],
            }
        )
    )
    return path


def api_server(binary: Path, folder: Path, port: int, etcd: str) -> list[str]:
    key = folder / "service-account.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text('admin,admin,admin,"system:masters"\nviewer,viewer,viewer,"nobody"\n')
    return [
        str(binary),
        f"--etcd-servers={etcd}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        f"--audit-log-path={folder / 'audit.log'}",
        f"--audit-policy-file={folder / 'audit.yaml'}",
    ]


@contextmanager
def control_plane(folder: Path, binaries: dict[str, Path]) -> Iterator[Client]:
    """Run the three and yield a client for an administrator."""
    client_port, peer_port, port = free_port(), free_port(), free_port()
    etcd = f"http://127.0.0.1:{client_port}"
    peer = f"http://127.0.0.1:{peer_port}"
    (folder / "audit.yaml").write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
    with ExitStack() as stack:
        etcd_command = [str(binaries["etcd"]), f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync"]
        etcd_command += [
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls={peer}",
        ]
        etcd_command += [f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}"]
        stack.enter_context(running(etcd_command, folder / "etcd.log"))
        command = api_server(binaries["kube-apiserver"], folder, port, etcd)
        stack.enter_context(running(command, folder / "kube-apiserver.log"))
        client = wait_until_ready(folder, port)
        manager = [str(binaries["kube-controller-manager"]), f"--kubeconfig={folder / 'admin.kubeconfig'}"]
        manager += ["--leader-elect=false", "--secure-port=0", "--controllers=*,-serviceaccount-token-controller"]
        stack.enter_context(running(manager, folder / "kube-controller-manager.log"))
        stack.callback(client.close)
        yield client


def wait_until_ready(folder: Path, port: int) -> Client:
    """Return a client once the API server says that it is ready; its own certificate appears while it starts."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                client = connect(write_kubeconfig(folder, port, "admin"))
                answer = client._transport.send("GET", "/readyz", read_seconds=5)
                if answer.status == 200:
                    return client
                client.close()
        except (OSError, DemoError):
            pass
        said = (folder / "kube-apiserver.log").read_text()
        if time.monotonic() > end or "command failed" in said:
            raise RuntimeError(said[-2000:])
        time.sleep(0.2)
