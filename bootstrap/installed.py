"""What operators that we installed have made: recognised by OLM's label, by their own labels, or by this table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from bootstrap.errors import ApiError
from bootstrap.extra_operators import extra_operators
from bootstrap.foreign import foreign
from bootstrap.hands import hands
from bootstrap.kube.client import Client
from bootstrap.kube.discovery import Resource
from bootstrap.kube.objects import Obj, Ref, carries_our_labels, dig
from bootstrap.kube.parallel import each
from bootstrap.kube.record import VIEWS, Record, same_object

OLM = "operators.coreos.com/v1alpha1"
CRD_API, CRD = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
NAMESPACE = "Namespace"
WEBHOOKS, RBAC_GROUP = "admissionregistration.k8s.io", "rbac.authorization.k8s.io"
RBAC = f"{RBAC_GROUP}/v1"
ONCE = "; once that is gone, run this again"


@dataclass(frozen=True, slots=True)
class Package:
    """What one operator leaves behind, beyond what OLM takes back, and who else may use it."""

    stage: str
    namespace: str
    instances: tuple[tuple[str, str], ...]  # group, kind: deleted while the operator runs; changed by people: kept
    users: tuple[tuple[str, str], ...]  # group, kind: somebody else's keeps the operator
    groups: tuple[str, ...]  # ends of the API groups whose CRDs came with it
    shared: tuple[str, ...] = ()  # ends of groups that others bring kinds of: its own say so by their labels
    namespaces: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()  # namespaces that it makes and puts nothing into
    generated: str | None = None  # label of namespaces that it made
    label: str | None = None  # label of what it made across the cluster
    everywhere: tuple[tuple[str, str, str], ...] = ()  # api version, kind, name: made in every namespace
    leftovers: tuple[tuple[str, str, str], ...] = ()  # group, kind, name
    stays: tuple[tuple[str, str], ...] = ()


PACKAGES = {
    "rhods-operator": Package(
        stage="rhods",
        namespace="redhat-ods-operator",
        instances=(
            ("datasciencecluster.opendatahub.io", "DataScienceCluster"),
            ("dscinitialization.opendatahub.io", "DSCInitialization"),
        ),
        users=(
            ("serving.kserve.io", "InferenceService"),
            ("serving.kserve.io", "ServingRuntime"),
            ("serving.kserve.io", "LLMInferenceService"),
            ("kubeflow.org", "Notebook"),
            ("datasciencecluster.opendatahub.io", "DataScienceCluster"),
        ),
        groups=("opendatahub.io", "serving.kserve.io"),
        empty=("istio-system",),  # 2.x, also where no service mesh is installed
        generated="opendatahub.io/generated-namespace=true",
        label="platform.opendatahub.io/part-of",
        everywhere=(("v1", "ConfigMap", "odh-trusted-ca-bundle"), ("v1", "ConfigMap", "odh-kserve-custom-ca-bundle")),
        shared=("inference.networking.k8s.io", "inference.networking.x-k8s.io"),
        leftovers=(
            (WEBHOOKS, "MutatingWebhookConfiguration", "mutating.odh-model-controller.opendatahub.io"),
            ("apiextensions.k8s.io", CRD, "odhquickstarts.console.openshift.io"),  # unlabelled before 2.25
            ("console.openshift.io", "ConsoleLink", "rhodslink"),
            ("oauth.openshift.io", "OAuthClient", "dashboard-oauth-client"),
            ("user.openshift.io", "Group", "rhods-admins"),
            (RBAC_GROUP, "ClusterRole", "admingroupcluster-role"),  # 2.x
            (RBAC_GROUP, "ClusterRoleBinding", "admingroupcluster-rolebinding"),
            (RBAC_GROUP, "ClusterRole", "data-science-admingroupcluster-role"),
            (RBAC_GROUP, "ClusterRole", "data-science-allowedgroupcluster-role"),
            (RBAC_GROUP, "ClusterRoleBinding", "data-science-admingroupcluster-rolebinding"),
            (RBAC_GROUP, "ClusterRoleBinding", "data-science-allowedgroupcluster-rolebinding"),
        ),
        stays=(
            ("Subscription openshift-operators/servicemeshoperator3", "the ingress operator installed it, and owns it"),
        ),
    ),
    "openshift-gitops-operator": Package(
        stage="gitops",
        namespace="openshift-gitops-operator",
        instances=(("pipelines.openshift.io", "GitopsService"),),
        users=(("argoproj.io", "Application"), ("argoproj.io", "ApplicationSet"), ("argoproj.io", "ArgoCD")),
        groups=(),
        shared=("argoproj.io", "pipelines.openshift.io"),
        namespaces=("openshift-gitops",),
        leftovers=(("console.openshift.io", "ConsoleLink", "argocd"),),
    ),
}


def every() -> tuple[str, ...]:
    """Return every package that a stage can install."""
    return (*PACKAGES, *(extra.package for extra in extra_operators()))


def row_of(package: str) -> Package:
    """Return what is known of a package: from the table, or from the manifests of an operator that was added."""
    if package in PACKAGES:
        return PACKAGES[package]
    extra = next(one for one in extra_operators() if one.package == package)
    return Package("rhods", extra.namespace, extra.kinds, extra.kinds, tuple(group for group, _ in extra.kinds))


@dataclass(slots=True)
class Remains:
    """What an installed operator has made, in the three steps in which it goes."""

    stage: str
    instance: list[Ref] = field(default_factory=list)
    operator: list[Ref] = field(default_factory=list)
    rest: list[Ref] = field(default_factory=list)
    users: list[Ref] = field(default_factory=list)  # somebody else's, so all of it stays
    kept: dict[str, str] = field(default_factory=dict)
    stays: dict[str, str] = field(default_factory=dict)


def remains(client: Client, package: str, known: Record) -> Remains | None:
    """Return what goes with an operator, or only what was made for one; None where we made neither."""
    row = row_of(package)
    found = Remains(row.stage)
    space = Ref("v1", NAMESPACE, None, row.namespace)
    found.operator = [ref for ref in known.created if row.namespace == ref.namespace or same_object(ref, space)]
    subscribed = any(ref.kind == "Subscription" and ref.name == package for ref in known.created)
    ours = subscribed or package in known.installed
    if not ours and not found.operator:
        return None
    others = others_operators(client, known, row.namespace)
    if others:
        found.operator = [ref for ref in found.operator if ref.kind not in ("OperatorGroup", NAMESPACE)]
        found.kept[str(space)] = f"it holds what is not ours: {others[0]}{ONCE}"
    if ours:
        kinds = client.discovery.everything()
        found.users = users(client, row, kinds, known)
        found.instance = of_kinds(client, kinds, row.instances) + made_namespaces(client, row)
        csvs = client.list(OLM, "ClusterServiceVersion", row.namespace)
        found.operator += [ref for ref in refs(csvs) if ref.name.startswith(f"{package}.")]
        found.rest = across(client, package, kinds, shared=bool(others))
        for empty in namespaces(client, row.empty):
            if theirs := foreign(client, empty.name, known):
                found.kept[str(empty)] = f"it holds what is not ours: {theirs[0]}{ONCE}"
            else:
                found.rest.append(empty)
        found.users += dependents(client, kinds, found.rest, known)
        found.stays = {name: why for name, why in row.stays if there(client, name)}
    adopted = {(ref.group, ref.kind, ref.namespace, ref.name) for ref in known.adopted}
    for step in (found.instance, found.operator, found.rest):
        step[:] = [r for r in dict.fromkeys(step) if (r.group, r.kind, r.namespace, r.name) not in adopted]
    return found


def across(client: Client, package: str, kinds: list[Resource], *, shared: bool = False) -> list[Ref]:
    """Return what an operator makes across the cluster, and OLM does not take back with it.

    In a namespace that is shared with other operators the rights of the OperatorGroup are theirs too.
    """
    row = row_of(package)
    found = [ref for ref in refs(client.list(CRD_API, CRD)) if its_crd(ref, row.groups)]
    label = f"operators.coreos.com/{package}.{row.namespace}"
    found += refs(client.list(CRD_API, CRD, label_selector=label))
    if row.label:
        wide = [one for one in kinds if not one.namespaced and one.kind != NAMESPACE and one.group not in VIEWS]
        lists = each(partial(labelled, client, row.label), wide)
        found += [Ref.of(obj) for objs in lists for obj in objs if not dig(obj, "metadata", "ownerReferences")]
    for version, kind, name in row.everywhere:
        found += refs(client.list(version, kind, field_selector=f"metadata.name={name}"))
    served = {(one.group, one.kind): one.api_version for one in kinds}
    left = [Ref(served[g, k], k, None, name) for g, k, name in row.leftovers if (g, k) in served]
    left.append(Ref("operators.coreos.com/v1", "Operator", None, f"{package}.{row.namespace}"))  # OLM's own summary
    found += [ref for ref in left if client.find(ref)]
    return list(dict.fromkeys(found + rights_of_olm(client, package, row, shared)))


def labelled(client: Client, label: str, one: Resource) -> list[Obj]:
    """Return a kind's objects that carry a label; none of a kind that cannot be read now, so that none is deleted.

    A CRD answers so whose conversion webhook is gone: anybody's, which must not keep the demo from coming or going.
    """
    try:
        return client.list(one.api_version, one.kind, label_selector=label)
    except ApiError as error:
        if error.status < 500:
            raise
        return []


def rights_of_olm(client: Client, package: str, row: Package, shared: bool) -> list[Ref]:
    """Return the rights that OLM gave, and sometimes forgets to take back."""

    def its(obj: Obj) -> bool:
        labels = dig(obj, "metadata", "labels", default={})
        group = labels.get("olm.owner.kind") == "OperatorGroup" and labels.get("olm.owner.namespace") == row.namespace
        return bool((group and not shared) or labels.get("olm.owner", "").startswith(f"{package}."))

    kinds = ("ClusterRole", "ClusterRoleBinding")
    found = [obj for kind in kinds for obj in client.list(RBAC, kind, label_selector="olm.managed=true") if its(obj)]
    # for the webhooks of the operator; it carries no owner, but the operator's ServiceAccount is its only subject
    readers = client.list(RBAC, "RoleBinding", "kube-system", label_selector="olm.managed=true")
    found += [obj for obj in readers if {one.get("namespace") for one in obj.get("subjects") or []} == {row.namespace}]
    return refs(found)


def its_crd(ref: Ref, ends: Iterable[str]) -> bool:
    """Say whether a CRD is of one of these groups, or of one below."""
    group = ref.name.partition(".")[2]
    return any(group == end or group.endswith(f".{end}") for end in ends)


def before(client: Client, package: str) -> list[Ref]:
    """Return what an operator not yet installed would make, and is there already: it is not ours later either."""
    row = row_of(package)
    found = across(client, package, client.discovery.everything())
    found += [ref for ref in refs(client.list(CRD_API, CRD)) if its_crd(ref, row.shared)]
    return found + made_namespaces(client, row) + namespaces(client, (row.namespace, *row.empty))


def made_namespaces(client: Client, row: Package) -> list[Ref]:
    """Return the namespaces that the operator makes."""
    found = namespaces(client, row.namespaces)
    return found + (refs(client.list("v1", NAMESPACE, label_selector=row.generated)) if row.generated else [])


def namespaces(client: Client, names: Iterable[str]) -> list[Ref]:
    """Return those of these namespaces that are there."""
    named = [Ref("v1", NAMESPACE, None, name) for name in names]
    return [ref for ref in named if client.find(ref)]


def others(client: Client, package: str, known: Record) -> list[Ref]:
    """Return what somebody else made that needs an operator."""
    return users(client, row_of(package), client.discovery.everything(), known)


def users(client: Client, row: Package, kinds: list[Resource], known: Record) -> list[Ref]:
    """Return what somebody else made that needs the operator."""
    lists = [client.list(*one) for one in versions(kinds, row.users)]
    return sorted(Ref.of(obj) for objs in lists for obj in objs if not its_own(obj, row, known))


def dependents(client: Client, kinds: list[Resource], going: list[Ref], known: Record) -> list[Ref]:
    """Return objects of the kinds that would go, in namespaces that no operator of ours made: they would go along."""
    crds = {ref.name for ref in going if ref.kind == CRD} - {ref.name for ref in known.adopted if ref.kind == CRD}
    rows = [row_of(package) for package in every()]
    places = {row.namespace for row in rows} | {ref.name for row in rows for ref in made_namespaces(client, row)}

    def others(one: Resource) -> list[Ref]:
        found = client.list(one.api_version, one.kind)
        free = (obj for obj in found if not (carries_our_labels(obj) or dig(obj, "metadata", "ownerReferences")))
        spaced = (ref for ref in refs(free) if ref.namespace not in places)
        return [ref for ref in spaced if not any(same_object(ref, made) for made in known.created)]

    lists = each(others, [one for one in kinds if one.namespaced and f"{one.plural}.{one.group}" in crds])
    return sorted({ref for found in lists for ref in found})


def its_own(obj: Obj, row: Package, known: Record) -> bool:
    """Say whether an object is ours, or the operator's own; an instance that people have changed is theirs too."""
    if any(obj["kind"] == kind for _, kind in row.instances) and hands(obj):
        return False
    owned = bool(dig(obj, "metadata", "ownerReferences"))
    generated = Ref.of(obj).namespace in row.namespaces and obj["kind"] == "ArgoCD"
    return owned or generated or carries_our_labels(obj) or any(same_object(Ref.of(obj), r) for r in known.created)


def others_operators(client: Client, known: Record, namespace: str) -> list[Ref]:
    """Return the Subscriptions of others in an operator's namespace."""
    found = refs(client.list(OLM, "Subscription", namespace))
    return sorted(ref for ref in found if not any(same_object(ref, made) for made in known.created))


def of_kinds(client: Client, kinds: list[Resource], wanted: Iterable[tuple[str, str]]) -> list[Ref]:
    """Return every object of these kinds, each in one version."""
    return [ref for one in versions(kinds, wanted) for ref in refs(client.list(*one))]


def versions(kinds: list[Resource], wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return API version and kind of those kinds that are served."""
    served = {(one.group, one.kind): one.api_version for one in kinds}
    return [(served[group, kind], kind) for group, kind in wanted if (group, kind) in served]


def refs(objects: Iterable[Obj]) -> list[Ref]:
    """Return the references of objects."""
    return [Ref.of(obj) for obj in objects]


def there(client: Client, name: str) -> bool:
    """Say whether what stays on purpose is there at all."""
    kind, _, path = name.partition(" ")
    namespace, _, short = path.rpartition("/")
    return any(dig(obj, "metadata", "name") == short for obj in client.list(OLM, kind, namespace or None))
