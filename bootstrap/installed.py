"""What operators that we installed have made: recognised by OLM's label, by owner, or by this table of names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, dig
from bootstrap.kube.record import Record

CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
OLM = "operators.coreos.com/v1alpha1"
WEBHOOKS = "admissionregistration.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Package:
    """What one operator leaves behind, beyond what OLM labels."""

    stage: str
    namespace: str
    instances: tuple[tuple[str, str, str | None], ...]  # group, kind, namespace: deleted while the operator runs
    namespaces: tuple[str, ...] = ()
    generated: str | None = None  # label of namespaces that it made
    leftovers: tuple[tuple[str, str, str], ...] = ()  # api version, kind, name
    stays: tuple[tuple[str, str], ...] = ()


PACKAGES = {
    "rhods-operator": Package(
        stage="rhods",
        namespace="redhat-ods-operator",
        instances=(
            ("datasciencecluster.opendatahub.io", "DataScienceCluster", None),
            ("dscinitialization.opendatahub.io", "DSCInitialization", None),
        ),
        generated="opendatahub.io/generated-namespace=true",
        leftovers=(
            (WEBHOOKS, "MutatingWebhookConfiguration", "mutating.odh-model-controller.opendatahub.io"),
            ("console.openshift.io/v1", "ConsoleLink", "rhodslink"),
            ("oauth.openshift.io/v1", "OAuthClient", "dashboard-oauth-client"),
            ("user.openshift.io/v1", "Group", "rhods-admins"),
        ),
        stays=(
            ("Subscription openshift-operators/servicemeshoperator3", "the ingress operator installed it, and owns it"),
        ),
    ),
    "openshift-gitops-operator": Package(
        stage="gitops",
        namespace="openshift-gitops-operator",
        instances=(("pipelines.openshift.io", "GitopsService", None),),
        namespaces=("openshift-gitops",),
        leftovers=(("console.openshift.io/v1", "ConsoleLink", "argocd"),),
    ),
}


@dataclass(slots=True)
class Remains:
    """What an installed operator has made, in the two steps in which it goes."""

    stage: str
    instance: list[Ref] = field(default_factory=list)
    operator: list[Ref] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)


def remains(client: Client, package: str, known: Record) -> Remains | None:
    """Return what goes with an operator, or None where we did not install it."""
    subscription = next((r for r in known.created if r.kind == "Subscription" and r.name == package), None)
    if subscription is None and package not in known.installed:
        return None
    row = PACKAGES[package]
    found = Remains(row.stage)
    resources = client.discovery.everything()
    for group, kind, namespace in row.instances:
        for version in {
            one.api_version for one in resources if one.kind == kind and one.api_version.startswith(f"{group}/")
        }:
            found.instance += refs(client.list(version, kind, namespace))
    found.operator += [ref for ref in known.created if ref.namespace == row.namespace or ref.name == row.namespace]
    csvs = client.list(OLM, "ClusterServiceVersion", row.namespace)
    found.operator += [ref for ref in refs(csvs) if ref.name.startswith(f"{package}.")]
    label = f"operators.coreos.com/{package}.{row.namespace}"
    found.operator += refs(client.list(*CRD, label_selector=label))
    found.operator += [Ref("v1", "Namespace", None, name) for name in row.namespaces]
    if row.generated:
        found.operator += refs(client.list("v1", "Namespace", label_selector=row.generated))
    found.operator += [Ref(version, kind, None, name) for version, kind, name in row.leftovers]
    found.stays = {name: why for name, why in row.stays if there(client, name)}
    return found


def refs(objects: Iterable[Obj]) -> list[Ref]:
    """Return the references of objects."""
    return [Ref.of(obj) for obj in objects]


def there(client: Client, name: str) -> bool:
    """Say whether what stays on purpose is there at all."""
    kind, _, path = name.partition(" ")
    namespace, _, short = path.rpartition("/")
    return any(dig(obj, "metadata", "name") == short for obj in client.list(OLM, kind, namespace or None))
