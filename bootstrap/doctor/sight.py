"""What the cluster's checks need to know: read in parallel; what cannot be read is noted and stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bootstrap import desired
from bootstrap.doctor import access
from bootstrap.errors import ClusterError, DemoError, Forbidden
from bootstrap.extra_operators import extra_operators
from bootstrap.facts import GITOPS, MARKETPLACE, RHODS, Facts, Operator, Version, rhods_version
from bootstrap.installed import row_of
from bootstrap.kube import record
from bootstrap.kube.client import Client
from bootstrap.kube.objects import LABELS, Obj, Ref, dig
from bootstrap.kube.parallel import each
from bootstrap.kube.record import Record, leftovers
from bootstrap.login import Session
from bootstrap.settings import Settings

OLM = "operators.coreos.com/v1alpha1"
WEBHOOKS = "admissionregistration.k8s.io/v1"
CLUSTERS = "argocd.argoproj.io/secret-type=cluster"
CRD = "apiextensions.k8s.io/v1"
KINDS = {
    "catalogs": (OLM, "CatalogSource"),
    "groups": ("operators.coreos.com/v1", "OperatorGroup"),
    "mutating": (WEBHOOKS, "MutatingWebhookConfiguration"),
    "namespaces": ("v1", "Namespace"),
    "subscriptions": (OLM, "Subscription"),
    "validating": (WEBHOOKS, "ValidatingWebhookConfiguration"),
    "versions": ("config.openshift.io/v1", "ClusterVersion"),
}
# no matter to a run that adds nothing, which is to be fast
WHERE_ADDED = {
    "api_services": ("apiregistration.k8s.io/v1", "APIService"),
    "autoscalers": ("autoscaling.openshift.io/v1", "ClusterAutoscaler"),
    "classes": ("storage.k8s.io/v1", "StorageClass"),
    "images": ("config.openshift.io/v1", "Image"),
    "infrastructures": ("config.openshift.io/v1", "Infrastructure"),
    "mirrors": ("config.openshift.io/v1", "ImageDigestMirrorSet"),
    "nodes": ("v1", "Node"),
}
CONVERTED = (
    "datascienceclusters.datasciencecluster.opendatahub.io",
    "dscinitializations.dscinitialization.opendatahub.io",
    "inferenceservices.serving.kserve.io",
)


@dataclass(slots=True)
class Sight:
    """A cluster as the doctor sees it."""

    settings: Settings
    session: Session
    delivery: str = "gitops"
    stages: tuple[str, ...] = ("gitops", "rhods", "storage", "model", "serving")
    need_rhods: bool = False
    facts: Facts | None = None
    past: Record | None = None
    unread: dict[str, str] = field(default_factory=dict)  # part -> why
    argocd_clusters: list[Obj] = field(default_factory=list)  # Secrets: what an Argo CD of somebody else may manage
    api_services: list[Obj] = field(default_factory=list)
    autoscalers: list[Obj] = field(default_factory=list)
    catalogs: list[Obj] = field(default_factory=list)
    classes: list[Obj] = field(default_factory=list)
    groups: list[Obj] = field(default_factory=list)
    images: list[Obj] = field(default_factory=list)
    infrastructures: list[Obj] = field(default_factory=list)
    mirrors: list[Obj] = field(default_factory=list)
    mutating: list[Obj] = field(default_factory=list)
    namespaces: list[Obj] = field(default_factory=list)
    subscriptions: list[Obj] = field(default_factory=list)
    validating: list[Obj] = field(default_factory=list)
    versions: list[Obj] = field(default_factory=list)
    olm: bool = True
    cluster_id: str | None = None
    admin: bool = True
    denied: list[str] = field(default_factory=list)
    expires_in: float | None = None  # seconds left of our token
    definitions: list[Obj] = field(default_factory=list)
    csvs: list[Obj] = field(default_factory=list)  # in the operators' own namespaces
    catalog_pods: list[Obj] = field(default_factory=list)
    gone: set[Ref] = field(default_factory=set)  # Services that webhooks call and that do not exist
    there: set[Ref] = field(default_factory=set)  # of what the demo adds
    refused: dict[str, str] = field(default_factory=dict)  # namespace that a run would make -> why it may not
    nodes: list[Obj] = field(default_factory=list)
    pods: list[Obj] = field(default_factory=list)
    quotas: list[Obj] = field(default_factory=list)
    orphans: list[Ref] = field(default_factory=list)  # with our labels, and in no record; only where asked for

    @property
    def installing(self) -> list[tuple[Operator, str | None]]:
        """Return the operators that a run would subscribe to, each with the channel that the settings ask for."""
        found: list[tuple[Operator, str | None]] = []
        if self.facts is None:
            return found
        argocd = self.facts.gitops.present or self.facts.argocds
        if "gitops" in self.stages and self.delivery == "gitops" and not argocd:
            found.append((self.facts.gitops, self.settings.gitops_channel))
        if "rhods" in self.stages and not (self.facts.has_rhods or self.need_rhods):
            found.append((self.facts.rhods, self.settings.rhods_channel))
        for extra in extra_operators() if "rhods" in self.stages else ():
            operator = self.facts.others.get(extra.package)
            if operator and not operator.present:
                found.append((operator, extra.channel))
        return found

    @property
    def packages(self) -> list[str]:
        """Return the operator packages that matter to this run."""
        return [RHODS, GITOPS] if self.delivery == "gitops" else [RHODS]

    @property
    def minio(self) -> Ref:
        """Return MinIO's claim."""
        return Ref("v1", "PersistentVolumeClaim", self.settings.namespace, "minio")


def known(sight: Sight) -> Facts:
    """Return the facts; checks that need them do not run without."""
    if sight.facts is None:
        raise AssertionError("a check that needs facts ran without them")
    return sight.facts


def release(sight: Sight) -> Version:
    """Return the version of OpenShift AI that is there, or would be installed; empty where nothing tells."""
    try:
        return rhods_version(known(sight), sight.settings.rhods_channel)
    except DemoError:
        return ()


def adds(namespace: str) -> dict[Ref, str]:
    """Return what tells that a stage has been here, with its stage."""
    served = desired.SERVICES["raw"][0]
    return {
        Ref("apps/v1", "Deployment", namespace, "minio"): "storage",
        Ref("v1", "PersistentVolumeClaim", namespace, "minio"): "claim",
        Ref("serving.kserve.io/v1beta1", "InferenceService", namespace, served): "serving",
    }


def gather(client: Client, sight: Sight, parts: Set[str], *, facts: Callable[[], Any], thorough: bool) -> Sight:
    """Fill in these parts of what a cluster has, in rounds: the later ask only what the first makes necessary."""
    first: dict[str, Callable[[], Any]] = {name: partial(client.list, *kind) for name, kind in KINDS.items()}
    first["facts"] = facts
    first["olm"] = lambda: client.serves(OLM, "Subscription")
    first["admin"] = lambda: access.allowed(client, access.EVERYTHING)
    first["expires_in"] = lambda: access.seconds_left(client, sight.session)
    first["there"] = lambda: {Ref.of(obj) for obj in found(client, adds(sight.settings.namespace))}
    read(sight, only(parts, first))
    second = necessary(client, sight)
    if thorough or not sight.stages or sight.installing or len(sight.there) < len(adds("")):
        second |= where_added(client, sight)
    if thorough and sight.past is None and "past" not in sight.unread:
        second["orphans"] = lambda: leftovers(client)
    read(sight, only(parts, second))
    read(sight, only(parts, {"gone": lambda: services_gone(client, sight)}))
    return sight


def only(parts: Set[str], questions: dict[str, Callable[[], Any]]) -> dict[str, Callable[[], Any]]:
    """Return the questions about these parts."""
    return {name: ask for name, ask in questions.items() if name in parts}


def necessary(client: Client, sight: Sight) -> dict[str, Callable[[], Any]]:
    """Return the questions that follow from the first answers."""
    second: dict[str, Callable[[], Any]] = {}
    if sight.admin:
        second["refused"] = lambda: refused(client, sight)
    else:
        second["denied"] = lambda: access.denied(client, access.needed(sight))
    if any(dig(one, "status", "connectionState", "lastObservedState") != "READY" for one in sight.catalogs):
        second["catalog_pods"] = lambda: client.list("v1", "Pod", MARKETPLACE, "olm.catalogSource")
    if sight.facts and sight.delivery == "gitops" and sight.facts.argocds and not sight.facts.gitops.ours:
        where = sight.facts.argocd.namespace
        second["argocd_clusters"] = lambda: client.list("v1", "Secret", where, CLUSTERS)
    if sight.installing:
        spaces = [row_of(operator.package).namespace for operator, _ in sight.installing]
        second["csvs"] = lambda: [obj for space in spaces for obj in client.list(OLM, "ClusterServiceVersion", space)]
    if "facts" in sight.unread:
        second["definitions"] = lambda: definitions(client)
    return second


def refused(client: Client, sight: Sight) -> dict[str, str]:
    """Return why the namespaces that are missing may not be made: webhooks refuse names even to a cluster-admin."""
    wanted = [record.NAMESPACE] if sight.stages else []
    wanted += [sight.settings.namespace] if {"storage", "serving"} & set(sight.stages) else []
    wanted += [row_of(operator.package).namespace for operator, _ in sight.installing]
    there = {Ref.of(obj).name for obj in sight.namespaces}

    def why(name: str) -> str:
        try:
            meta = {"name": name, "labels": dict(LABELS)}
            client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta}, dry_run=True)
        except ClusterError as problem:
            # a webhook that takes no dry run, or is down, says nothing about what it would say
            if isinstance(problem, Forbidden) or "denied the request" in str(problem):
                return str(problem)
        return ""

    missing = [name for name in wanted if name not in there]
    return {name: said for name, said in zip(missing, each(why, missing), strict=True) if said}


def where_added(client: Client, sight: Sight) -> dict[str, Callable[[], Any]]:
    """Return the questions about room, volumes and images."""
    running = "status.phase!=Succeeded,status.phase!=Failed"
    asked: dict[str, Callable[[], Any]] = {name: partial(client.list, *kind) for name, kind in WHERE_ADDED.items()}
    asked["definitions"] = lambda: definitions(client)
    asked["pods"] = lambda: client.list("v1", "Pod", field_selector=running)
    asked["quotas"] = lambda: client.list("v1", "ResourceQuota", sight.settings.namespace)
    return asked


def definitions(client: Client) -> list[Obj]:
    """Return the definitions whose versions an operator converts."""
    return found(client, [Ref(CRD, "CustomResourceDefinition", None, name) for name in CONVERTED])


def read(sight: Sight, questions: dict[str, Callable[[], Any]]) -> None:
    """Answer questions in parallel, each into the field of its name."""

    def ask(name: str) -> None:
        try:
            setattr(sight, name, questions[name]())
        except DemoError as problem:
            sight.unread[name] = str(problem)

    each(ask, list(questions))


def found(client: Client, refs: Sequence[Ref] | dict[Ref, str]) -> list[Obj]:
    """Return those of these objects that exist."""
    return [obj for obj in each(client.find, list(refs)) if obj is not None]


def services_gone(client: Client, sight: Sight) -> set[Ref]:
    """Return the Services that webhooks call and that do not exist."""
    called = {ref for _, ref, _ in backends(sight)}
    return {ref for ref, obj in zip(sorted(called), each(client.find, sorted(called)), strict=True) if obj is None}


def backends(sight: Sight) -> list[tuple[Ref, Ref, Obj]]:
    """Return configuration, Service and webhook of everything that the API server has to call before it goes on."""
    found_: list[tuple[Ref, Ref, Obj]] = []
    for config in (*sight.validating, *sight.mutating):
        for webhook in config.get("webhooks") or []:
            service = dig(webhook, "clientConfig", "service")
            if service and webhook.get("failurePolicy", "Fail") == "Fail":
                found_.append((Ref.of(config), service_of(service), webhook))
    for definition in sight.definitions:
        if service := dig(definition, "spec", "conversion", "webhook", "clientConfig", "service"):
            found_.append((Ref.of(definition), service_of(service), {}))
    return found_


def service_of(service: Obj) -> Ref:
    """Return the Service of a webhook's client configuration."""
    return Ref("v1", "Service", service.get("namespace"), str(service.get("name")))
