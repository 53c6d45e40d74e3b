"""What a role must have left on the cluster, read with clients that are not ours: `openshift` and `minio`."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import config
from minio import Minio
from openshift.dynamic import DynamicClient

CLONE = Path(__file__).resolve().parents[3]
HOME = "serving-demo-gitops"
ROUTE = "route.openshift.io/v1"


class Cluster:
    """The cluster as the `openshift` client reads it."""

    def __init__(self) -> None:
        self._client = DynamicClient(config.new_client_from_config())

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = HOME) -> dict[str, Any]:
        """Return an object; the client raises where it is missing."""
        resource = self._client.resources.get(api_version=api_version, kind=kind)
        found: dict[str, Any] = resource.get(name=name, namespace=namespace).to_dict()
        return found

    def secret(self, name: str) -> dict[str, str]:
        """Return a Secret's values."""
        data = self.get("v1", "Secret", name)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def conditions(self, api_version: str, kind: str, name: str, namespace: str | None = HOME) -> dict[str, str]:
        """Return the statuses of an object's conditions by type."""
        found = self.get(api_version, kind, name, namespace)
        return {item["type"]: item["status"] for item in found["status"]["conditions"]}


def gitops(cluster: Cluster) -> None:
    """Argo CD is available and its server answers a Route."""
    instance = cluster.get("argoproj.io/v1beta1", "ArgoCD", "openshift-gitops", "openshift-gitops")
    assert instance["status"]["phase"] == "Available", instance["status"]
    assert cluster.get(ROUTE, "Route", "openshift-gitops-server", "openshift-gitops")["spec"]["host"]


def rhods(cluster: Cluster) -> None:
    """The DataScienceCluster is ready, and serves models."""
    ready = cluster.conditions("datasciencecluster.opendatahub.io/v2", "DataScienceCluster", "default-dsc", None)
    assert (ready["Ready"], ready["KserveReady"]) == ("True", "True"), ready


def storage(cluster: Cluster) -> None:
    """MinIO runs, and the connection's own values open its bucket."""
    assert cluster.get("apps/v1", "Deployment", "minio")["status"]["readyReplicas"] == 1
    labels = cluster.get("v1", "Secret", "aws-connection-minio")["metadata"]["labels"]
    assert labels["opendatahub.io/dashboard"] == "true", labels
    client, bucket = bucket_of(cluster)
    assert client.bucket_exists(bucket)


def model(cluster: Cluster) -> None:
    """What lies in the bucket is the committed model, byte for byte."""
    client, bucket = bucket_of(cluster)
    stored = client.get_object(bucket, "triton-repo/fraud/1/model.onnx").read()
    committed = (CLONE / "model" / "fraud" / "1" / "model.onnx").read_bytes()
    assert hashlib.sha256(stored).digest() == hashlib.sha256(committed).digest()


def serving(cluster: Cluster) -> None:
    """The runtime is there, and the InferenceService on it is ready."""
    assert cluster.get("serving.kserve.io/v1alpha1", "ServingRuntime", "triton")
    ready = cluster.conditions("serving.kserve.io/v1beta1", "InferenceService", "fraud")
    assert ready["Ready"] == "True", ready


def bucket_of(cluster: Cluster) -> tuple[Minio, str]:
    """Return the store behind its Route, opened with the connection's keys, and the bucket's name."""
    values = cluster.secret("aws-connection-minio")
    host = cluster.get(ROUTE, "Route", "minio-s3")["spec"]["host"]
    proxy, authorities = os.environ.get("HTTPS_PROXY"), os.environ.get("CA_FILE")
    pool = urllib3.ProxyManager(proxy, ca_certs=authorities) if proxy else urllib3.PoolManager(ca_certs=authorities)
    access, secret = values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]
    return Minio(host, access_key=access, secret_key=secret, http_client=pool), values["AWS_S3_BUCKET"]


OUTCOMES: dict[str, Callable[[Cluster], None]] = {
    "gitops": gitops,
    "rhods": rhods,
    "storage": storage,
    "model": model,
    "serving": serving,
}

if __name__ == "__main__":
    OUTCOMES[sys.argv[1]](Cluster())
