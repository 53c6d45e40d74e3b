"""What each stage brings to the cluster and waits for: decided here once, for playbooks, plan and status alike."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from bootstrap import extra_operators, health_checks, manifests, own_model
from bootstrap import facts as cluster
from bootstrap.awaited import Awaited
from bootstrap.errors import GuardError
from bootstrap.facts import Facts
from bootstrap.kube.objects import Obj, Ref, carries_our_labels
from bootstrap.manifests import Changes, replace
from bootstrap.settings import Settings

NAMESPACE = Settings().namespace
MINIO_IMAGE, TRITON_IMAGE = "quay.io/minio/minio", "nvcr.io/nvidia/tritonserver"
CONNECTION = "aws-connection-minio"
SERVICES = {"raw": ("fraud",), "modelmesh": ("fraud", "fraud-v2")}
CRD = "apiextensions.k8s.io/v1"


@dataclass(slots=True)
class Desired:
    """One stage: sets of objects to apply by name, in order, and lists of what to wait for."""

    stage: str
    applied: dict[str, list[Obj]] = field(default_factory=dict)
    delivered: list[Obj] = field(default_factory=list)  # what Argo CD brings for us
    awaited: dict[str, list[Awaited]] = field(default_factory=dict)
    adopted: list[Ref] = field(default_factory=list)
    patched: list[tuple[Ref, Obj]] = field(default_factory=list)  # only with ALLOW_DSC_PATCH=1


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the desired state is decided from."""

    settings: Settings
    facts: Facts
    era: str
    delivery: str
    repo_url: str | None = None
    revision: str | None = None
    repo_ca: str | None = None

    @property
    def gitops(self) -> bool:
        """Say whether Argo CD delivers."""
        return self.delivery == "gitops"

    def applications(self, name: str, folder: str, changes: Changes) -> list[Obj]:
        """Return the Application that delivers a folder at our revision."""
        application = copy.deepcopy(manifests.build("gitops/application")[0])
        application["metadata"].update(name=f"serving-demo-{name}", namespace=self.facts.argocd.namespace)
        spec = application["spec"]
        spec["destination"]["namespace"] = self.settings.namespace
        spec["source"] = {"path": f"manifests/{folder}", "repoURL": self.repo_url, "targetRevision": self.revision}
        if fields := changes.as_application():
            spec["source"]["kustomize"] = fields
        return [application]

    def rights(self, stage: str) -> list[Obj]:
        """Return what Argo CD may do for a stage, granted to the controller of the instance that delivers."""
        if not self.gitops:
            return []
        objects = manifests.build(f"{stage}/rights", self.moved())
        argocd = self.facts.argocd
        for obj in objects:
            for subject in obj.get("subjects", []):
                subject.update(name=f"{argocd.name}-argocd-application-controller", namespace=argocd.namespace)
        return objects

    def moved(self, patches: Iterable[dict[str, Any]] = (), images: dict[str, str] | None = None) -> Changes:
        """Return changes that also put the demo into the namespace of the settings."""
        moves: list[dict[str, Any]] = []
        if self.settings.namespace != NAMESPACE:
            to = {"op": "replace", "value": self.settings.namespace}
            space = yaml.safe_dump([{**to, "path": "/metadata/namespace"}])
            name = yaml.safe_dump([{**to, "path": "/metadata/name"}])
            moves = [
                {"target": {"namespace": NAMESPACE}, "patch": space},
                {"target": {"kind": "Namespace", "name": NAMESPACE}, "patch": name},
            ]
        return Changes(images or {}, [*patches, *moves])


def deliver(
    plan: Plan, desired: Desired, name: str, folder: str, changes: Changes, step: str = "delivery"
) -> list[Obj]:
    """Add a folder to a stage, as an Application or as its objects; return the objects."""
    objects = manifests.build(folder, changes)
    desired.applied[step] = plan.applications(name, folder, changes) if plan.gitops else objects
    desired.awaited[step] = []
    if plan.gitops:
        desired.delivered += objects
        desired.awaited[step] = [Awaited(Ref.of(obj), revision=plan.revision) for obj in desired.applied[step]]
    desired.awaited[step] += [Awaited(Ref.of(obj)) for obj in objects]
    return objects


def gitops(plan: Plan) -> Desired:
    """Return stage gitops: the operator where there is none, then the project that the demo's Applications live in."""
    desired = Desired("gitops", {"operator": [], "delivery": []}, awaited={"operator": [], "delivery": []})
    if not plan.gitops:
        return desired
    found, argocd = plan.facts.gitops, plan.facts.argocd
    desired.adopted = [Ref.of(obj) for obj in (found.subscription,) if obj and not found.ours]
    if found.ours or not (found.present or plan.facts.argocds):
        channel = found.channel or plan.settings.gitops_channel or cluster.GITOPS_CHANNEL
        desired.applied["operator"] = subscribe(plan, "gitops", found, channel)
    subscription = found.subscription or next(
        (o for o in desired.applied["operator"] if o["kind"] == "Subscription"), None
    )
    desired.awaited["operator"] = [Awaited(Ref.of(obj)) for obj in (subscription,) if obj] + [Awaited(argocd)]
    project = manifests.build("gitops/delivery")[0]
    project["metadata"]["namespace"] = argocd.namespace
    project["spec"]["sourceRepos"] = [plan.repo_url]
    for destination in project["spec"]["destinations"]:
        if destination["namespace"] == NAMESPACE:
            destination["namespace"] = plan.settings.namespace
    desired.applied["delivery"] = [project, *repository(plan)]
    if desired.applied["operator"]:
        desired.applied["delivery"] += health_checks.checks(argocd)
    # one key of a list that is Argo CD's own or its administrator's
    desired.adopted += [Ref.of(obj) for obj in desired.applied["delivery"] if obj["kind"] == "ConfigMap"]
    return desired


def repository(plan: Plan) -> list[Obj]:
    """Return what Argo CD needs to read the repository: its credentials, and its CA."""
    from bootstrap.repository import ca_certificates, secret

    argocd = plan.facts.argocd
    certificates = ca_certificates(plan.repo_url, plan.repo_ca, argocd)
    return [*secret(plan.settings, plan.repo_url, argocd), *certificates]


def subscribe(plan: Plan, stage: str, operator: cluster.Operator, channel: str) -> list[Obj]:
    """Return namespace, OperatorGroup and Subscription of an operator."""
    return [
        *manifests.build(f"{stage}/project"),
        *manifests.build(f"{stage}/operator", chosen(plan, operator, channel)),
    ]


def chosen(plan: Plan, operator: cluster.Operator, channel: str) -> Changes:
    """Return the channel and catalog of a Subscription as changes; one that is there stays with its catalog."""
    wanted = plan.settings.catalog_source
    catalog = operator.catalog if operator.subscription else wanted or operator.catalog
    values = {"/spec/channel": channel, "/spec/source": catalog or "redhat-operators"}
    return Changes(patches=[replace("Subscription", operator.package, values)])


def rhods(plan: Plan) -> Desired:
    """Return stage rhods: the operator and a DataScienceCluster, each only where there is none."""
    found = plan.facts.rhods
    desired = Desired(
        "rhods", {"prepare": [], "operator": [], "instance": []}, awaited={"operator": [], "instance": []}
    )
    if found.ours or not plan.facts.has_rhods:
        desired.applied["prepare"] = [*manifests.build("rhods/project"), *plan.rights("rhods")]
        channel = cluster.rhods_channel(plan.facts, plan.settings.rhods_channel)
        changes = chosen(plan, found, channel)
        deliver(plan, desired, "rhods-operator", "rhods/operator", changes, "operator")
    elif found.subscription:
        desired.adopted.append(Ref.of(found.subscription))
        desired.awaited["operator"].append(Awaited(Ref.of(found.subscription)))
    desired.awaited["operator"].append(
        Awaited(Ref(CRD, "CustomResourceDefinition", None, f"datascienceclusters.{cluster.DSC_GROUP}"))
    )
    desired.awaited["operator"].append(Awaited(dsci(plan), exists=True))
    existing = [obj for obj in plan.facts.datascienceclusters if not carries_our_labels(obj)]
    if existing:
        desired.adopted += [Ref.of(obj) for obj in existing]
        desired.patched = [patch for obj in existing for patch in made_to_serve(plan, obj)]
        # its owner may have components that are never ready, and that the demo does not need
        desired.awaited["instance"] = [Awaited(Ref.of(obj), serving=plan.era) for obj in existing]
    else:
        if not desired.applied["prepare"]:
            desired.applied["prepare"] = [obj for obj in plan.rights("rhods") if obj["kind"].startswith("Cluster")]
        deliver(plan, desired, "rhods", f"rhods/overlays/{dsc_overlay(plan)}", dsc_changes(plan), "instance")
    crds = ("inferenceservices", "servingruntimes")
    desired.awaited["instance"] += [
        Awaited(Ref(CRD, "CustomResourceDefinition", None, f"{crd}.serving.kserve.io")) for crd in crds
    ]
    extra_operators.bring(plan, desired)
    return desired


def made_to_serve(plan: Plan, dsc: Obj) -> list[tuple[Ref, Obj]]:
    """Return the patch that an adopted DataScienceCluster needs to serve, where the settings allow one."""
    component, ref = cluster.COMPONENT[plan.era], Ref.of(dsc)
    if cluster.managed(dsc, component):
        return []
    if not plan.settings.allow_dsc_patch:
        raise GuardError(
            f"{ref} does not have {component}, so nothing can be served; set its "
            f"spec.components.{component}.managementState to Managed, or run this again with ALLOW_DSC_PATCH=1"
        )
    state: Obj = {"managementState": "Managed"}
    if plan.era == "raw" and not ref.api_version.endswith("/v2"):
        state |= {"defaultDeploymentMode": "RawDeployment", "serving": {"managementState": "Removed"}}
    return [(ref, {"spec": {"components": {component: state}}})]


def dsci(plan: Plan) -> Ref:
    """Return the DSCInitialization: the one that is there, or the one that the operator will make by itself."""
    for obj in plan.facts.initializations:
        return Ref.of(obj)
    version = "v2" if dsc_overlay(plan) == "v2" else "v1"
    return Ref(f"{cluster.DSCI_GROUP}/{version}", "DSCInitialization", None, "default-dsci")


def dsc_overlay(plan: Plan) -> str:
    """Return the overlay with the DataScienceCluster of this version and era."""
    version = cluster.rhods_version(plan.facts, plan.settings.rhods_channel)
    return "v2" if version >= (3,) else f"v1-{plan.era}"


def dsc_changes(plan: Plan) -> Changes:
    """Return what this version's DataScienceCluster says otherwise than the overlay."""
    version = cluster.rhods_version(plan.facts, plan.settings.rhods_channel)
    if dsc_overlay(plan) != "v1-raw" or version >= (2, 19):
        return Changes()
    headed = yaml.safe_dump([{"op": "remove", "path": "/spec/components/kserve/rawDeploymentServiceConfig"}])
    return Changes(patches=[{"target": {"kind": "DataScienceCluster"}, "patch": headed}])


def storage(plan: Plan) -> Desired:
    """Return stage storage: the project, MinIO, and OpenShift AI's view of the data connection."""
    desired = Desired("storage")
    project = manifests.build(f"storage/project/overlays/{plan.era}", plan.moved())
    desired.applied["prepare"] = [*project, *plan.rights("storage")]
    images = {MINIO_IMAGE: plan.settings.minio_image} if plan.settings.minio_image else {}
    patches = []
    if plan.settings.storage_class:
        add = [{"op": "add", "path": "/spec/storageClassName", "value": plan.settings.storage_class}]
        patches = [{"target": {"kind": "PersistentVolumeClaim", "name": "minio"}, "patch": yaml.safe_dump(add)}]
    deliver(plan, desired, "storage", "storage/base", plan.moved(patches, images))
    config = Ref("v1", "Secret", plan.settings.namespace, "storage-config")
    desired.awaited["connection"] = [Awaited(config, key=CONNECTION)]
    return desired


def model(plan: Plan) -> Desired:
    """Return stage model: files in a bucket, no objects of its own."""
    return Desired("model")


def serving(plan: Plan) -> Desired:
    """Return stage serving: the runtime, its Template in the dashboard, and what serves the model."""
    desired = Desired("serving", {"prepare": plan.rights("serving")})
    images = {TRITON_IMAGE: plan.settings.triton_image} if plan.settings.triton_image else {}
    deliver(
        plan, desired, "serving", f"serving/overlays/{plan.era}", plan.moved(own_model.patches(plan.settings), images)
    )
    if plan.era == "raw":
        # KServe reports the generation of this Deployment as the InferenceService's: a change is done when it is
        mark, space = own_model.mark(plan.settings), plan.settings.namespace
        desired.awaited["delivery"] += [
            Awaited(Ref("apps/v1", "Deployment", space, f"{name}-predictor"), mark=mark) for name in SERVICES[plan.era]
        ]
    return desired


BY_STAGE = {"gitops": gitops, "rhods": rhods, "storage": storage, "model": model, "serving": serving}
