"""Faults of operators and catalogs, acted out by the API server's own admission policies."""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]
OLM = "operators.coreos.com"
VERSION = "admissionregistration.k8s.io/v1"
GATE = "rehearsal.test/never"  # a readiness gate that nobody ever opens
GONE = "registry.redhat.io/redhat/gone:v0"  # an image that no row answers to
PACKAGES = {
    "openshift-gitops-operator": "openshift-gitops-operator-controller-manager"
}  # where pods are named otherwise
# what an answer of the API server shows while a policy is in force
MARKS = {
    "catalog-down": GONE,
    "installplan-fails": "the rehearsal refuses",
    "installplan-manual": '"Manual"',
    "operator-never-ready": GATE,
}


def name_of(fault: str) -> str:
    return f"fault-{fault}.rehearsal.test"


def pods_of(package: str) -> str:
    """What the names of an operator's pods begin with.

    >>> pods_of("rhods-operator")
    'rhods-operator-'
    """
    return f"{PACKAGES.get(package, package)}-"


def policies(fault: str, package: str) -> list[Obj]:
    """The policy of a fault and the binding that puts it in force, for one package or catalog."""
    if fault == "installplan-fails":
        return _denied(fault, package)
    if fault == "installplan-manual":
        return _unapproved(fault, package)
    pods = [_rule("", "v1", "pods")]
    if fault == "operator-never-ready":
        named = f'has(object.metadata.generateName) && object.metadata.generateName.startsWith("{pods_of(package)}")'
        gate = f'JSONPatch{{op: "add", path: "/spec/readinessGates", value: [{{"conditionType": "{GATE}"}}]}}'
        return _mutated(fault, pods, named, f"[{gate}]")
    label = "olm.catalogSource"
    of_catalog = (
        f'has(object.metadata.labels) && "{label}" in object.metadata.labels '
        f'&& object.metadata.labels["{label}"] == "{package}"'
    )
    image = _replace("/spec/containers/0/image", f'"{GONE}"')
    return _mutated("catalog-down", pods, of_catalog, f"[{image}]")


def sample(fault: str, package: str) -> Obj:
    """An object that the fault concerns, to be asked about and never kept."""
    if fault == "installplan-fails":
        spec: Obj = {"displayName": package, "install": {"strategy": "deployment"}}
        return {
            "apiVersion": f"{OLM}/v1alpha1",
            "kind": "ClusterServiceVersion",
            "metadata": {"name": package},
            "spec": spec,
        }
    if fault == "installplan-manual":
        spec = {"approval": "Automatic", "approved": True, "clusterServiceVersionNames": [package]}
        return {"apiVersion": f"{OLM}/v1alpha1", "kind": "InstallPlan", "metadata": {"name": package}, "spec": spec}
    meta = {"generateName": pods_of(package), "labels": {"olm.catalogSource": package}}
    spec = {"containers": [{"name": "main", "image": "busybox"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def _unapproved(fault: str, package: str) -> list[Obj]:
    planned = f'object.spec.clusterServiceVersionNames.exists(each, each.startsWith("{package}"))'
    plans = [_rule(OLM, "v1alpha1", "installplans"), _rule(OLM, "v1alpha1", "installplans/status", "UPDATE")]
    manual = ", ".join((_replace("/spec/approval", '"Manual"'), _replace("/spec/approved", "false")))
    # OLM takes the plan that it made for approved, whatever is stored: its first status would start the work
    begun = '!object.spec.approved && has(object.status) && object.status.phase == "Installing"'
    waits = _replace("/status/phase", '"RequiresApproval"')
    of_status = 'has(request.subResource) && request.subResource == "status"'
    return _mutated(fault, plans, planned, f"{of_status} ? ({begun} ? [{waits}] : []) : [{manual}]")


def _rule(group: str, version: str, resource: str, operation: str = "CREATE") -> Obj:
    return {"apiGroups": [group], "apiVersions": [version], "operations": [operation], "resources": [resource]}


def _replace(path: str, value: str) -> str:
    return f'JSONPatch{{op: "replace", path: "{path}", value: {value}}}'


def _mutated(fault: str, rules: list[Obj], condition: str, patches: str) -> list[Obj]:
    mutations = [{"patchType": "JSONPatch", "jsonPatch": {"expression": patches}}]
    spec: Obj = {
        "failurePolicy": "Ignore",
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": rules},
        "matchConditions": [{"name": "concerned", "expression": condition}],
        "mutations": mutations,
    }
    return _in_force(fault, "Mutating", spec, {})


def _denied(fault: str, package: str) -> list[Obj]:
    message = f"the rehearsal refuses ClusterServiceVersions of {package} while its fault {fault} is on"
    spec: Obj = {
        "failurePolicy": "Ignore",
        "matchConstraints": {
            "resourceRules": [_rule(OLM, "v1alpha1", "clusterserviceversions")],
        },
        "validations": [{"expression": f'!object.metadata.name.startsWith("{package}")', "message": message}],
    }
    return _in_force(fault, "Validating", spec, {"validationActions": ["Deny"]})


def _in_force(fault: str, how: str, spec: Obj, binding: Obj) -> list[Obj]:
    meta = {"name": name_of(fault)}
    kind = f"{how}AdmissionPolicy"
    return [
        {"apiVersion": VERSION, "kind": kind, "metadata": meta, "spec": spec},
        {
            "apiVersion": VERSION,
            "kind": f"{kind}Binding",
            "metadata": meta,
            "spec": {"policyName": name_of(fault), **binding},
        },
    ]
