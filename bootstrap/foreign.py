"""What is in a namespace that neither we nor the cluster itself put there: it keeps the namespace from going."""

from __future__ import annotations

import re
from dataclasses import replace

from bootstrap.errors import ApiError, GuardError
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, dig
from bootstrap.kube.parallel import each
from bootstrap.kube.record import NAMESPACE as SPACE
from bootstrap.kube.record import VIEWS, Record, same_object

# made by the cluster in every namespace, or shown in every namespace by an aggregated API
OF_THE_CLUSTER = {"Endpoints", "EndpointSlice", "Event", "Lease", "PackageManifest", "PodMetrics", "ControllerRevision"}
# a ServiceAccount's own Secrets, as Kubernetes and OpenShift name them
ACCOUNTS = "(builder|default|deployer|minio|modelmesh-serving-sa)"
TOKENS = "(dockercfg|token)-[a-z0-9]{5}"
# whole names, as patterns
NAMES = {
    "ConfigMap": (
        "kube-root-ca.crt",
        "openshift-service-ca.crt",
        "odh-trusted-ca-bundle",
        "odh-kserve-custom-ca-bundle",
        "config-trusted-cabundle",  # these two by OpenShift Pipelines
        "config-service-cabundle",
    ),
    "Secret": (f"{ACCOUNTS}-{TOKENS}", "storage-config", "model-serving-etcd"),
    "ServiceAccount": ("builder", "default", "deployer", "modelmesh-serving-sa"),
    "RoleBinding": ("system:(deployers|image-builders|image-pullers)", "prometheus-ns-access"),
    "Service": ("modelmesh-serving",),
    "ServiceMonitor": ("modelmesh-metrics-monitor",),
}


def foreign(client: Client, namespace: str, known: Record, *, whole: bool = True) -> list[Ref]:
    """Return the objects in a namespace that somebody else made; what is made in every namespace is in the record's.

    A kind that cannot be read is refused, because it may hold something, unless the list need not be `whole`.
    """
    spaced = [resource for resource in client.discovery.everything() if resource.namespaced]

    def others(kind: tuple[str, str]) -> list[Ref]:
        try:
            found = client.list(*kind, namespace)
        except ApiError as error:
            if error.status in {404, 405, 503}:  # an aggregated API that is down, or cannot list
                return []
            if error.status >= 500 and not whole:  # a CRD whose conversion webhook is gone
                return []
            raise GuardError(
                f"what others may have in namespace {namespace} could not be read, so nothing was deleted; run this "
                f"again: {error}"
            ) from error
        theirs = [Ref.of(obj) for obj in found if not expected(obj, known)]
        return [ref for ref in theirs if client.find(replace(ref, namespace=SPACE)) is None]

    kinds = sorted(
        {
            (resource.api_version, resource.kind)
            for resource in spaced
            if resource.kind not in OF_THE_CLUSTER and resource.group not in VIEWS
        }
    )
    return sorted(ref for refs in each(others, kinds) for ref in refs)


def expected(obj: Obj, known: Record) -> bool:
    """Say whether an object is ours, follows from one of ours, or is made by the cluster in every namespace."""
    ref = Ref.of(obj)
    if dig(obj, "metadata", "ownerReferences") or "olm.copiedFrom" in dig(obj, "metadata", "labels", default={}):
        return True
    # our labels say nothing here: whoever copies an object of ours copies them too
    if any(same_object(ref, made) for made in known.created):
        return True
    return any(re.fullmatch(pattern, ref.name) for pattern in NAMES.get(ref.kind, ()))
