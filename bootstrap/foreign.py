"""What is in a namespace that neither we nor the cluster itself put there: it keeps the namespace from going."""

from __future__ import annotations

from bootstrap.errors import ApiError, GuardError
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, carries_our_labels, dig
from bootstrap.kube.parallel import each
from bootstrap.kube.record import Record

# made by the cluster in every namespace, or shown in every namespace by an aggregated API
OF_THE_CLUSTER = {"Endpoints", "EndpointSlice", "Event", "Lease", "PackageManifest", "PodMetrics", "ControllerRevision"}
NAMES = {
    "ConfigMap": (
        "kube-root-ca.crt",
        "openshift-service-ca.crt",
        "odh-trusted-ca-bundle",
        "odh-kserve-custom-ca-bundle",
        "config-trusted-cabundle",  # these two by OpenShift Pipelines
        "config-service-cabundle",
    ),
    "Secret": (
        "storage-config",
        "builder-",
        "default-",
        "deployer-",
        "minio-",
        "modelmesh-serving-sa-",
        "model-serving-etcd",
    ),
    "ServiceAccount": ("builder", "default", "deployer", "modelmesh-serving-sa"),
    "RoleBinding": ("system:", "prometheus-ns-access", "rhods-"),
    "Service": ("modelmesh-serving",),
    "ServiceMonitor": ("modelmesh-metrics-monitor",),
}


def foreign(client: Client, namespace: str, known: Record) -> list[Ref]:
    """Return the objects in a namespace that somebody else made."""
    spaced = [resource for resource in client.discovery.everything() if resource.namespaced]

    def others(kind: tuple[str, str]) -> list[Ref]:
        try:
            found = client.list(*kind, namespace)
        except ApiError as error:
            if error.status in {404, 405, 503}:  # an aggregated API that is down, or cannot list
                return []
            raise GuardError(
                f"what others may have in namespace {namespace} could not be read, so nothing was deleted; run this "
                f"again: {error}"
            ) from error
        return [Ref.of(obj) for obj in found if not expected(obj, known)]

    kinds = sorted(
        {(resource.api_version, resource.kind) for resource in spaced if resource.kind not in OF_THE_CLUSTER}
    )
    return sorted(ref for refs in each(others, kinds) for ref in refs)


def expected(obj: Obj, known: Record) -> bool:
    """Say whether an object is ours, follows from one of ours, or is made by the cluster in every namespace."""
    ref = Ref.of(obj)
    if dig(obj, "metadata", "ownerReferences") or "olm.copiedFrom" in dig(obj, "metadata", "labels", default={}):
        return True
    if carries_our_labels(obj) or any(ref == made for made in known.created):
        return True
    return ref.name.startswith(NAMES.get(ref.kind, ("\0",)))
