"""What OpenShift's API server fills into a Route while it is stored, as an admission policy of our API server."""

from __future__ import annotations

from typing import Any

from rehearsal.api import Api, Obj
from rehearsal.cluster import APPS_DOMAIN
from rehearsal.platform.routes import GENERATED

NAME = "route-defaults.rehearsal.test"
MANAGER = "rehearsal-platform"
PATH = "/apis/admissionregistration.k8s.io/v1"
NO_HOST = '(!has(object.spec.host) || object.spec.host == "")'
KNOWN_HOST = 'request.operation == "UPDATE" && has(oldObject.spec.host)'
# a Route keeps its host when an update leaves it out; a new one gets <name>-<namespace>.<apps domain>
HOST = f'({KNOWN_HOST}) ? oldObject.spec.host : object.metadata.name + "-" + request.namespace + ".{APPS_DOMAIN}"'
MARK = f'JSONPatch{{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("{GENERATED}"), value: "true"}}'


def _add(condition: str, path: str, value: str) -> str:
    return f'({condition} ? [JSONPatch{{op: "add", path: "{path}", value: {value}}}] : [])'


def mutations() -> list[str]:
    """The patches, each an expression of the admission policy's language."""
    unset = f"{NO_HOST} && !({KNOWN_HOST})"
    return [
        f'({unset} && !has(object.metadata.annotations)) ? [JSONPatch{{op: "add", path: "/metadata/annotations", '
        f'value: {{"{GENERATED}": "true"}}}}] : ({unset} ? [{MARK}] : [])',
        _add(NO_HOST, "/spec/host", HOST),
        _add("!has(object.spec.wildcardPolicy)", "/spec/wildcardPolicy", '"None"'),
        _add("!has(object.spec.to.weight)", "/spec/to/weight", "100"),
    ]


def policy() -> list[Obj]:
    """The policy and the binding that puts it in force."""
    rule = {
        "apiGroups": ["route.openshift.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["routes"],
    }
    spec: dict[str, Any] = {
        "failurePolicy": "Ignore",  # the route controller fills in what was missed
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [rule]},
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": each}} for each in mutations()],
    }
    version, metadata = "admissionregistration.k8s.io/v1", {"name": NAME}
    return [
        {"apiVersion": version, "kind": "MutatingAdmissionPolicy", "metadata": metadata, "spec": spec},
        {
            "apiVersion": version,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": metadata,
            "spec": {"policyName": NAME},
        },
    ]


async def install(api: Api) -> None:
    """The policy is in force."""
    for obj, resource in zip(policy(), ("mutatingadmissionpolicies", "mutatingadmissionpolicybindings"), strict=True):
        await api.apply(f"{PATH}/{resource}/{NAME}", obj, MANAGER)
