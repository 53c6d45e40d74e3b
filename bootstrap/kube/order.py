"""In which order kinds come into a cluster; they leave it the other way round."""

from __future__ import annotations

from bootstrap.kube.objects import Ref

NAMESPACES, DEFINITIONS, GROUND, BODY, CONSUMERS, GATES = range(6)

WAVES = {
    ("", "Namespace"): NAMESPACES,
    ("operators.coreos.com", "Operator"): NAMESPACES,  # OLM makes it again as long as anything of the operator is left
    ("apiextensions.k8s.io", "CustomResourceDefinition"): DEFINITIONS,
    ("", "ServiceAccount"): GROUND,
    ("", "Secret"): GROUND,
    ("", "ConfigMap"): GROUND,
    ("", "PersistentVolumeClaim"): GROUND,
    ("", "ResourceQuota"): GROUND,
    ("", "LimitRange"): GROUND,
    ("storage.k8s.io", "StorageClass"): GROUND,
    ("rbac.authorization.k8s.io", "ClusterRole"): GROUND,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): GROUND,
    ("rbac.authorization.k8s.io", "Role"): GROUND,
    ("rbac.authorization.k8s.io", "RoleBinding"): GROUND,
    ("operators.coreos.com", "CatalogSource"): GROUND,
    ("operators.coreos.com", "OperatorGroup"): GROUND,
    ("argoproj.io", "AppProject"): GROUND,
    ("serving.kserve.io", "ServingRuntime"): GROUND,
    ("operators.coreos.com", "Subscription"): CONSUMERS,
    # their operators re-create what lies in the next kind of the same product as long as these are there
    ("datasciencecluster.opendatahub.io", "DataScienceCluster"): CONSUMERS,
    ("pipelines.openshift.io", "GitopsService"): CONSUMERS,
    ("argoproj.io", "Application"): CONSUMERS,
    ("serving.kserve.io", "InferenceService"): CONSUMERS,
    # these intercept or answer other requests, so they come when what they call is there
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): GATES,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): GATES,
    ("apiregistration.k8s.io", "APIService"): GATES,
}


def wave(ref: Ref) -> int:
    """Return the wave in which an object is applied.

    >>> wave(Ref("v1", "Namespace", None, "a")) < wave(Ref("apps/v1", "Deployment", "a", "b"))
    True
    """
    return WAVES.get((ref.group, ref.kind), BODY)


def waves(refs: list[Ref]) -> list[list[Ref]]:
    """Return the references in waves, first things first."""
    numbers = sorted({wave(ref) for ref in refs})
    return [[ref for ref in refs if wave(ref) == number] for number in numbers]
