"""Which cluster this is."""

from __future__ import annotations

from bootstrap.kube.client import Client
from bootstrap.kube.objects import Ref, dig

CLUSTER_VERSION = Ref("config.openshift.io/v1", "ClusterVersion", None, "version")
SYSTEM = Ref("v1", "Namespace", None, "kube-system")


def cluster_id(client: Client) -> str:
    """Return what identifies this cluster: ClusterVersion's ID, else the uid of kube-system."""
    version = client.find(CLUSTER_VERSION)
    found = dig(version, "spec", "clusterID") if version else None
    return str(found or dig(client.get(SYSTEM), "metadata", "uid"))
