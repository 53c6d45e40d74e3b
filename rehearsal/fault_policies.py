"""Faults of operators and catalogs, acted out by the API server's own admission policies."""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]
VERSION = "admissionregistration.k8s.io/v1"
GATE = "rehearsal.test/never"  # a readiness gate that nobody ever opens
GONE = "registry.redhat.io/redhat/gone:v0"  # an image that no row answers to
PACKAGES = {
    "openshift-gitops-operator": "openshift-gitops-operator-controller-manager"
}  # where pods are named otherwise


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
        planned = f'object.spec.clusterServiceVersionNames.exists(each, each.startsWith("{package}"))'
        change = [_replace("/spec/approval", '"Manual"'), _replace("/spec/approved", "false")]
        return _mutated(fault, _rule("operators.coreos.com", "v1alpha1", "installplans"), planned, change)
    pods = _rule("", "v1", "pods")
    if fault == "operator-never-ready":
        named = f'has(object.metadata.generateName) && object.metadata.generateName.startsWith("{pods_of(package)}")'
        gate = f'JSONPatch{{op: "add", path: "/spec/readinessGates", value: [{{"conditionType": "{GATE}"}}]}}'
        return _mutated(fault, pods, named, [gate])
    label = "olm.catalogSource"
    of_catalog = (
        f'has(object.metadata.labels) && "{label}" in object.metadata.labels '
        f'&& object.metadata.labels["{label}"] == "{package}"'
    )
    return _mutated("catalog-down", pods, of_catalog, [_replace("/spec/containers/0/image", f'"{GONE}"')])


def _rule(group: str, version: str, resource: str) -> Obj:
    return {"apiGroups": [group], "apiVersions": [version], "operations": ["CREATE"], "resources": [resource]}


def _replace(path: str, value: str) -> str:
    return f'JSONPatch{{op: "replace", path: "{path}", value: {value}}}'


def _mutated(fault: str, rule: Obj, condition: str, patches: list[str]) -> list[Obj]:
    mutations = [{"patchType": "JSONPatch", "jsonPatch": {"expression": f"[{', '.join(patches)}]"}}]
    spec: Obj = {
        "failurePolicy": "Ignore",
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [{"name": "concerned", "expression": condition}],
        "mutations": mutations,
    }
    return _in_force(fault, "Mutating", spec, {})


def _denied(fault: str, package: str) -> list[Obj]:
    message = f"the rehearsal refuses ClusterServiceVersions of {package} while its fault {fault} is on"
    spec: Obj = {
        "failurePolicy": "Ignore",
        "matchConstraints": {
            "resourceRules": [_rule("operators.coreos.com", "v1alpha1", "clusterserviceversions")],
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
