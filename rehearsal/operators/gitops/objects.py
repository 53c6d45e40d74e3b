"""What OpenShift GitOps 1.21 makes at its start, as plain objects."""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]
NAMESPACE = "openshift-gitops"
INSTANCE = "openshift-gitops"


def resources(cpu: str, memory: str, cpu_limit: str, memory_limit: str) -> Obj:
    """A resources block as the operator fills it in."""
    return {
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu_limit, "memory": memory_limit}}
    }


SMALL = resources("250m", "128Mi", "500m", "256Mi")
COMPONENTS: dict[str, Obj] = {
    "applicationSet": resources("250m", "512Mi", "2", "1Gi"),
    "controller": resources("250m", "1Gi", "2", "2Gi"),
    "ha": {"enabled": False, **SMALL},
    "redis": SMALL,
    "repo": resources("250m", "256Mi", "1", "1Gi"),
    "server": {"route": {"enabled": True}, **resources("125m", "128Mi", "500m", "256Mi")},
    "sso": {"provider": "dex", "dex": {"openShiftOAuth": True, **SMALL}},
}
EXCLUDED = (
    (("", "discovery.k8s.io"), ("Endpoints", "EndpointSlice")),
    (("apiregistration.k8s.io",), ("APIService",)),
    (("coordination.k8s.io",), ("Lease",)),
    (
        ("authentication.k8s.io", "authorization.k8s.io"),
        (
            "SelfSubjectReview",
            "TokenReview",
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ),
    ),
    (("certificates.k8s.io",), ("CertificateSigningRequest",)),
)


def exclusions() -> str:
    """The kinds that Argo CD shall not look at, as the YAML text that the instance holds."""
    lines = []
    for groups, kinds in EXCLUDED:
        lines += ["- apiGroups:", *(f"  - {group or repr('')}" for group in groups), "  clusters:", "  - '*'"]
        lines += ["  kinds:", *(f"  - {kind}" for kind in kinds)]
    return "\n".join(lines) + "\n"


def gitops_service() -> Obj:
    """The one GitopsService."""
    return {
        "apiVersion": "pipelines.openshift.io/v1alpha1",
        "kind": "GitopsService",
        "metadata": {"name": "cluster"},
        "spec": {},
    }


def namespace() -> Obj:
    """The namespace of the default instance."""
    labels = {"openshift.io/cluster-monitoring": "true", "security.openshift.io/scc.podSecurityLabelSync": "true"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def owned_by(service: Obj) -> list[Obj]:
    """Owner references that let everything go with the GitopsService."""
    meta = service["metadata"]
    return [
        {
            "apiVersion": "pipelines.openshift.io/v1alpha1",
            "kind": "GitopsService",
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def argocd(service: Obj) -> Obj:
    """The default Argo CD instance."""
    rbac = {
        "defaultPolicy": "",
        "policy": "g, system:cluster-admins, role:admin\ng, cluster-admins, role:admin\n",
        "scopes": "[groups]",
    }
    return {
        "apiVersion": "argoproj.io/v1beta1",
        "kind": "ArgoCD",
        "metadata": {"name": INSTANCE, "namespace": NAMESPACE, "ownerReferences": owned_by(service)},
        "spec": {**COMPONENTS, "rbac": rbac, "resourceExclusions": exclusions()},
    }


def backend(service: Obj, image: str) -> list[Obj]:
    """The backend `cluster`: Deployment and Service (an idle stand-in answers its probe)."""
    return _idle(service, "cluster", image, 8080)


def plugin(service: Obj, image: str) -> list[Obj]:
    """The console plugin: Deployment and Service (an idle stand-in answers its probe)."""
    return _idle(service, "gitops-plugin", image, 9001)


def _idle(service: Obj, name: str, image: str, port: int) -> list[Obj]:
    meta = {"name": name, "namespace": NAMESPACE, "ownerReferences": owned_by(service)}
    labels = {"app.kubernetes.io/name": name}
    container = {
        "name": name,
        "image": image,
        "args": [str(port)],
        "ports": [{"containerPort": port}],
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "250m", "memory": "128Mi"}},
    }
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**meta, "annotations": {"service.beta.openshift.io/serving-cert-secret-name": name}},
            "spec": {"ports": [{"name": "main", "port": port}], "selector": labels},
        },
    ]


def console_link(host: str) -> Obj:
    """The link to Argo CD in the console's application menu."""
    return {
        "apiVersion": "console.openshift.io/v1",
        "kind": "ConsoleLink",
        "metadata": {"name": "argocd"},
        "spec": {
            "applicationMenu": {"section": "OpenShift GitOps", "imageURL": ""},
            "href": f"https://{host}",
            "location": "ApplicationMenu",
            "text": "Cluster Argo CD",
        },
    }
