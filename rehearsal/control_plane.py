"""The command lines and configuration files of etcd, the API server, the controller manager and the scheduler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from rehearsal.cluster import API_PORT, ETCD_PORT, NODE_IP, SERVICE_NETWORK, Cluster

Tool = Callable[[str], Path]
ETCD_URL = f"http://127.0.0.1:{ETCD_PORT}"
PEER_URL = "http://127.0.0.1:2380"
ISSUER = "https://kubernetes.default.svc.cluster.local"


def etcd(cluster: Cluster, tool: Tool) -> tuple[str, ...]:
    """etcd on loopback; without fsync, as a rehearsal may lose its data with the machine but not with its processes."""
    return (
        str(tool("etcd")),
        f"--data-dir={cluster.etcd}",
        f"--listen-client-urls={ETCD_URL}",
        f"--advertise-client-urls={ETCD_URL}",
        f"--listen-peer-urls={PEER_URL}",
        f"--initial-advertise-peer-urls={PEER_URL}",
        f"--initial-cluster=default={PEER_URL}",
        "--unsafe-no-fsync",
        "--snapshot-count=10000",
        "--auto-compaction-retention=1h",
        "--quota-backend-bytes=2147483648",
        "--log-level=warn",
    )


def apiserver(cluster: Cluster, tool: Tool) -> tuple[str, ...]:
    """The API server with RBAC, Node authorization, aggregation, audit and token review by the platform."""
    pki = cluster.pki
    return (
        str(tool("kube-apiserver")),
        f"--etcd-servers={ETCD_URL}",
        "--bind-address=0.0.0.0",
        f"--secure-port={API_PORT}",
        f"--advertise-address={NODE_IP}",  # the `kubernetes` Service gets a real endpoint on the bridge
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--event-ttl=3h",
        "--profiling=false",
        *_service_accounts(pki),
        *_kubelet(pki),
        *_aggregation(pki),
        *_audit(cluster),
        f"--authentication-token-webhook-config-file={cluster.inner_kubeconfig('token-review')}",
        "--authentication-token-webhook-version=v1",
        "--authentication-token-webhook-cache-ttl=10s",  # a withdrawn token stops working soon enough to be seen
    )


def controller_manager(cluster: Cluster, tool: Tool) -> tuple[str, ...]:
    """All controllers but those of clouds and pod networks; client limits wide, as one machine has one client."""
    pki = cluster.pki
    return (
        str(tool("kube-controller-manager")),
        *_client(cluster, "kube-controller-manager"),
        *_own_endpoint(pki),
        f"--service-account-private-key-file={pki / 'sa.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--controllers=*,-nodeipam,-route,-service,-ttl",
        "--kube-api-qps=300",
        "--kube-api-burst=500",
        "--node-monitor-period=1s",  # the new node loses its taint in 4 s instead of 8
        "--profiling=false",
    )


def scheduler(cluster: Cluster, tool: Tool) -> tuple[str, ...]:
    """The scheduler; client limits come from its configuration file."""
    return (
        str(tool("kube-scheduler")),
        f"--config={cluster.run / 'scheduler.yaml'}",
        *_client(cluster, "kube-scheduler")[1:],
        *_own_endpoint(cluster.pki),
    )


def write_configuration(cluster: Cluster) -> None:
    """The files that the command lines above name exist."""
    (cluster.run / "audit-policy.yaml").write_text(yaml.safe_dump(audit_policy()))
    (cluster.run / "scheduler.yaml").write_text(yaml.safe_dump(scheduler_configuration(cluster)))


def scheduler_configuration(cluster: Cluster) -> dict[str, Any]:
    """No leader election, and client limits that do not hold pods back."""
    kubeconfig = str(cluster.inner_kubeconfig("kube-scheduler"))
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": kubeconfig, "qps": 300, "burst": 500},
        "leaderElection": {"leaderElect": False},
        "enableProfiling": False,
    }


def audit_policy() -> dict[str, Any]:
    """Who wrote what: metadata only, so that no secret is in the log; without the machinery's reads and heartbeats."""
    machinery = ["system:nodes", "system:serviceaccounts"]
    users = ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler"]
    parts = ["system:rehearsal-platform", "system:rehearsal-dataplane"]
    heartbeat = [
        {"group": "coordination.k8s.io", "resources": ["leases"]},
        {"group": "", "resources": ["nodes/status"]},
    ]
    reads = ["get", "list", "watch"]
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "users": users + parts, "verbs": reads},
            {"level": "None", "userGroups": machinery, "verbs": reads},
            {"level": "None", "userGroups": machinery, "resources": heartbeat},
            {"level": "None", "users": users, "resources": heartbeat},
            {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/version"]},
            {"level": "Metadata"},
        ],
    }


def _client(cluster: Cluster, identity: str) -> tuple[str, ...]:
    kubeconfig = cluster.inner_kubeconfig(identity)
    return (
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
    )


def _own_endpoint(pki: Path) -> tuple[str, ...]:
    return (
        "--bind-address=127.0.0.1",
        f"--tls-cert-file={pki / 'component.crt'}",
        f"--tls-private-key-file={pki / 'component.key'}",
    )


def _service_accounts(pki: Path) -> tuple[str, ...]:
    return (
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={pki / 'sa.pub'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
    )


def _kubelet(pki: Path) -> tuple[str, ...]:
    return (
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet-client.key'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
    )


def _aggregation(pki: Path) -> tuple[str, ...]:
    return (
        f"--requestheader-client-ca-file={pki / 'front-proxy.crt'}",
        "--requestheader-allowed-names=front-proxy-client,api-front",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki / 'front-proxy-client.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy-client.key'}",
    )


def _audit(cluster: Cluster) -> tuple[str, ...]:
    return (
        f"--audit-log-path={cluster.audit_log}",
        f"--audit-policy-file={cluster.run / 'audit-policy.yaml'}",
        "--audit-log-maxsize=200",
        "--audit-log-maxbackup=2",
    )
