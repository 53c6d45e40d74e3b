"""What these credentials may do, and for how long: asked from the API server itself."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import yaml

from bootstrap import oauth
from bootstrap.errors import ClusterError
from bootstrap.kube import record
from bootstrap.kube.client import Client
from bootstrap.kube.objects import dig
from bootstrap.kube.parallel import each
from bootstrap.kubeconfig import paths
from bootstrap.login import Session
from bootstrap.secret import Secret

if TYPE_CHECKING:
    from bootstrap.doctor.sight import Sight

API = "authorization.k8s.io/v1"
TOKENS = "/apis/oauth.openshift.io/v1/useroauthaccesstokens"


@dataclass(frozen=True, slots=True)
class Right:
    """One thing to be allowed."""

    verb: str
    group: str
    resource: str
    namespace: str | None = None

    def __str__(self) -> str:
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {kind}{f' in {self.namespace}' if self.namespace else ''}"


EVERYTHING = Right("*", "*", "*")


def allowed(client: Client, right: Right) -> bool:
    """Say whether these credentials may do something."""
    attributes = {"verb": right.verb, "group": right.group, "resource": right.resource, "namespace": right.namespace}
    spec = {"resourceAttributes": {key: value for key, value in attributes.items() if value is not None}}
    body = {"apiVersion": API, "kind": "SelfSubjectAccessReview", "spec": spec}
    review = client.request("POST", f"/apis/{API}/selfsubjectaccessreviews", body=body)
    return bool(dig(review, "status", "allowed", default=False))


def denied(client: Client, rights: list[Right]) -> list[str]:
    """Return those of these rights that these credentials do not have."""
    answers = each(lambda right: allowed(client, right), rights)
    return [str(right) for right, answer in zip(rights, answers, strict=True) if not answer]


def needed(sight: Sight) -> list[Right]:
    """Return what a run without cluster-admin needs on this cluster, as it is."""
    space = sight.settings.namespace
    rights = [Right("create", "", "namespaces"), Right("delete", "", "namespaces")]
    rights += [Right("create", "", "configmaps", record.NAMESPACE)]
    rights += [Right("create", "coordination.k8s.io", "leases", record.NAMESPACE)]
    own = [("", "secrets"), ("", "services"), ("", "persistentvolumeclaims"), ("apps", "deployments")]
    own += [("route.openshift.io", "routes"), ("serving.kserve.io", "inferenceservices")]
    own += [("serving.kserve.io", "servingruntimes")]
    rights += [Right("create", *kind, space) for kind in own]
    rights += [Right("create", "template.openshift.io", "templates", "redhat-ods-applications")]
    for operator, _ in sight.installing:
        from bootstrap.installed import row_of

        home = row_of(operator.package).namespace
        rights += [Right("create", "operators.coreos.com", kind, home) for kind in ("operatorgroups", "subscriptions")]
    if sight.facts and not sight.facts.datascienceclusters and not sight.need_rhods:
        rights += [Right("create", "datasciencecluster.opendatahub.io", "datascienceclusters")]
    if sight.delivery == "gitops":
        argocd = sight.facts.argocd.namespace if sight.facts else "openshift-gitops"
        rights += [Right("create", "argoproj.io", kind, argocd) for kind in ("appprojects", "applications")]
        names = ("clusterroles", "clusterrolebindings")
        rights += [Right("create", "rbac.authorization.k8s.io", name) for name in names]
        rights += [Right("escalate", "rbac.authorization.k8s.io", "clusterroles")]
    return rights


def seconds_left(client: Client, session: Session) -> float | None:
    """Return how long the token of a kubeconfig is still good; None where it does not say."""
    token = token_of(session)
    if token is None:
        return None
    if token.startswith(oauth.TOKEN_PREFIX):
        try:
            found = client.request("GET", f"{TOKENS}/{oauth.token_name(Secret(token))}")
        except ClusterError:
            return None  # only a warning would depend on it
        made, lasts = dig(found, "metadata", "creationTimestamp"), dig(found, "expiresIn")
        return datetime.fromisoformat(made).timestamp() + lasts - time.time() if made and lasts else None
    return seconds_of_jwt(token)


def seconds_of_jwt(token: str) -> float | None:
    """Return how long a service account's or OIDC token is still good."""
    try:
        middle = token.split(".")[1]
        ends = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["exp"]
        return float(ends) - time.time()
    except (LookupError, ValueError, TypeError):
        return None


def token_of(session: Session) -> str | None:
    """Return the token in the current context of a kubeconfig, where it has one."""
    for path in paths(session.kubeconfig):
        try:
            document = yaml.safe_load(path.read_text())
            current = document["current-context"]
            user = next(one["context"]["user"] for one in document["contexts"] if one["name"] == current)
            return str(next(one["user"]["token"] for one in document["users"] if one["name"] == user))
        except (OSError, yaml.YAMLError, LookupError, TypeError, StopIteration):
            continue
    return None
