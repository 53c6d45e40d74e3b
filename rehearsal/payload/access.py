"""Who may do what on a fresh OpenShift cluster, as far as installers and projects rely on it."""

from __future__ import annotations

from rehearsal.api import Obj

READ = ["get", "list", "watch"]
WRITE = ["create", "delete", "deletecollection", "patch", "update"]
RBAC = "rbac.authorization.k8s.io"
# what OpenShift's own kinds add to the roles that projects hand out
PROJECT_KINDS = {
    "route.openshift.io": ["routes", "routes/custom-host", "routes/status"],
    "template.openshift.io": ["templates"],
}
SCC_NAMES = ("anyuid", "nonroot-v2", "privileged", "restricted-v2")


def objects() -> list[Obj]:
    """Roles, bindings and SecurityContextConstraints."""
    return [*_project_roles(), *_administrators(), *map(scc, SCC_NAMES), *map(scc_role, SCC_NAMES), _image_puller()]


def cluster_role(name: str, rules: list[Obj], labels: dict[str, str] | None = None) -> Obj:
    meta: Obj = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": meta, "rules": rules}


def _project_roles() -> list[Obj]:
    def rules(verbs: list[str]) -> list[Obj]:
        return [{"apiGroups": [group], "resources": names, "verbs": verbs} for group, names in PROJECT_KINDS.items()]

    def aggregate(role: str) -> dict[str, str]:
        return {f"{RBAC}/aggregate-to-{role}": "true"}

    return [
        cluster_role("system:openshift:aggregate-to-admin", rules(READ + WRITE), aggregate("admin")),
        cluster_role("system:openshift:aggregate-to-edit", rules(READ + WRITE), aggregate("edit")),
        cluster_role("system:openshift:aggregate-to-view", rules(READ), aggregate("view")),
    ]


def _administrators() -> list[Obj]:
    subjects = [
        {"kind": "Group", "apiGroup": RBAC, "name": "system:cluster-admins"},
        {"kind": "User", "apiGroup": RBAC, "name": "kube:admin"},
    ]
    role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    return [
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "cluster-admins"},
            "roleRef": role,
            "subjects": subjects,
        }
    ]


def scc(name: str) -> Obj:
    """A SecurityContextConstraints object; the rehearsal shows it and does not enforce it."""
    free = {"type": "RunAsAny"}
    ranged = {"type": "MustRunAs"}
    restricted = name == "restricted-v2"
    return {
        "apiVersion": "security.openshift.io/v1",
        "kind": "SecurityContextConstraints",
        "metadata": {"name": name},
        "allowHostDirVolumePlugin": name == "privileged",
        "allowHostIPC": name == "privileged",
        "allowHostNetwork": name == "privileged",
        "allowHostPID": name == "privileged",
        "allowHostPorts": name == "privileged",
        "allowPrivilegedContainer": name == "privileged",
        "allowedCapabilities": [],
        "defaultAddCapabilities": [],
        "fsGroup": ranged if restricted else free,
        "groups": ["system:authenticated"] if restricted else [],
        "priority": None,
        "readOnlyRootFilesystem": False,
        "requiredDropCapabilities": ["ALL"] if restricted else [],
        "runAsUser": {"type": "MustRunAsRange"} if restricted else free,
        "seLinuxContext": ranged,
        "supplementalGroups": free,
        "users": [],
        "volumes": ["configMap", "csi", "downwardAPI", "emptyDir", "persistentVolumeClaim", "projected", "secret"],
    }


def scc_role(name: str) -> Obj:
    """The ClusterRole through which a ServiceAccount is given an SCC."""
    rule = {
        "apiGroups": ["security.openshift.io"],
        "resources": ["securitycontextconstraints"],
        "resourceNames": [name],
        "verbs": ["use"],
    }
    return cluster_role(f"system:openshift:scc:{name}", [rule])


def _image_puller() -> Obj:
    rule = {"apiGroups": ["image.openshift.io"], "resources": ["imagestreams/layers"], "verbs": ["get"]}
    return cluster_role("system:image-puller", [rule])
