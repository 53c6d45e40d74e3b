"""Why an object does not go away: its finalizers, who has to answer for them, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bootstrap.errors import ClusterError
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, conditions, dig
from bootstrap.kube.readiness import judge
from bootstrap.kube.readiness.platform import HOLDING


@dataclass(frozen=True, slots=True)
class Owner:
    """Who removes a finalizer: a controller's workload, or a fact of the cluster."""

    name: str
    kind: str = "Deployment"
    workload: str | None = None
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """One thing that keeps an object; `deserted` where nobody is known to be at work on its finalizers."""

    said: str
    deserted: bool = False


KSERVE = Owner("KServe", workload="kserve-controller-manager")
MODEL_CONTROLLER = Owner("the model controller", workload="odh-model-controller")
MODELMESH = Owner("ModelMesh", workload="modelmesh-controller")
RHODS = Owner("the OpenShift AI operator", workload="rhods-operator")
OWNERS = {
    "argoproj.io/finalizer": Owner("the GitOps operator", workload="openshift-gitops-operator-controller-manager"),
    "customresourcecleanup.apiextensions.k8s.io": Owner("the API server", fact="objects of this kind are left"),
    "datasciencecluster.opendatahub.io/finalizer": RHODS,
    "dscinitialization.opendatahub.io/finalizer": RHODS,
    "foregroundDeletion": Owner("the garbage collector", fact="objects that it owns are left"),
    "inferenceservice.finalizers": KSERVE,
    "kubernetes": Owner("the namespace controller", fact="objects in it are left"),
    "kubernetes.io/pv-protection": Owner("the volume controller", fact="a claim still uses it"),
    "kubernetes.io/pvc-protection": Owner("the volume controller", fact="a Pod still uses it"),
    "modelmesh-serving.finalizers": MODELMESH,
    "odh.inferenceservice.finalizers": MODEL_CONTROLLER,
    "operators.coreos.com/csv-cleanup": Owner("OLM", workload="olm-operator"),
    "platform.opendatahub.io/finalizer": RHODS,
    "predictor.finalizers": MODELMESH,
    "resources-finalizer.argocd.argoproj.io": Owner(
        "Argo CD", kind="StatefulSet", workload="openshift-gitops-application-controller"
    ),
    "servingruntime.finalizers": MODELMESH,
}


def explain(client: Client, ref: Ref) -> list[Hold]:
    """Return what holds an object, most telling first; empty where it is gone by now."""
    obj = client.find(ref)
    if obj is None:
        return []
    if not dig(obj, "metadata", "deletionTimestamp"):
        return [Hold(f"{ref}: its deletion has not been accepted, or it was made again by its controller")]
    finalizers = [*dig(obj, "metadata", "finalizers", default=[]), *dig(obj, "spec", "finalizers", default=[])]
    holds = [_finalizers(client, f"{ref}: ", [finalizer]) for finalizer in finalizers]
    if ref.kind == "Namespace":
        holds += list(_namespace(client, ref, obj))
    holds += [Hold(line) for line in (*broken_apis(client), *broken_webhooks(client))]
    return holds or [Hold(f"{ref}: is being deleted and held by nothing; it should be gone in a moment")]


def _finalizers(client: Client, opening: str, finalizers: list[str]) -> Hold:
    found = [_finalizer(client, finalizer) for finalizer in finalizers]
    return Hold(opening + "; ".join(one.said for one in found), any(one.deserted for one in found))


def _finalizer(client: Client, finalizer: str) -> Hold:
    """Return what a finalizer waits for; a controller that does not run never removes it."""
    owner = OWNERS.get(finalizer)
    if owner is None:
        group = finalizer.split("/")[0]
        state = f"its owner is not known here; see whether the controller of {group} runs"
        return Hold(f"finalizer {finalizer}: {state}", deserted=True)
    said = f"finalizer {finalizer} of {owner.name}: "
    if owner.workload is None:
        return Hold(said + owner.fact)
    found = client.list("apps/v1", owner.kind, field_selector=f"metadata.name={owner.workload}")
    if not found:
        return Hold(f"{said}its {owner.kind} {owner.workload} is not there, so nobody removes it", deserted=True)
    if any(judge(one).ready for one in found):
        return Hold(f"{said}it runs; its log says why it is not done")
    where = f"{found[0]['metadata']['namespace']}/{owner.workload}"
    state = f"its {owner.kind} {where} does not run ({judge(found[0]).reason}): get it to run first"
    return Hold(said + state, deserted=True)


def _namespace(client: Client, ref: Ref, obj: Obj) -> Iterator[Hold]:
    """Yield what the namespace controller reports, then every object left with its finalizers."""
    found = conditions(obj)
    for name in HOLDING:
        if found.get(name, {}).get("status") == "True":
            yield Hold(f"{ref}: {name}: {found[name].get('message')}")
    for left, finalizers in remaining(client, ref.name):
        yield _finalizers(client, f"{ref}: left in it: {left}, ", finalizers)


def remaining(client: Client, namespace: str) -> list[tuple[Ref, list[str]]]:
    """Return the objects of a namespace that are being deleted and held by finalizers."""
    held = []
    for resource in client.discovery.everything():
        if not resource.namespaced:
            continue
        try:
            objs = client.list(resource.api_version, resource.kind, namespace)
        except ClusterError:
            continue  # what cannot be listed is named by the namespace's own conditions
        for obj in objs:
            finalizers = dig(obj, "metadata", "finalizers", default=[])
            if finalizers and dig(obj, "metadata", "deletionTimestamp"):
                held.append((Ref.of(obj), finalizers))
    return sorted(held)


def broken_apis(client: Client) -> Iterator[str]:
    """Yield the aggregated APIs that do not answer: any of them stops the deletion of every namespace."""
    for obj in client.list("apiregistration.k8s.io/v1", "APIService"):
        if judge(obj).failed:
            name = obj["metadata"]["name"]
            yield f"APIService {name}: {judge(obj).reason}; bring its Service back, or delete the APIService"


def broken_webhooks(client: Client) -> Iterator[str]:
    """Yield the webhooks whose Service is gone and that refuse everything for that reason, deletions too."""
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for obj in client.list("admissionregistration.k8s.io/v1", kind):
            for webhook in obj.get("webhooks") or []:
                service = dig(webhook, "clientConfig", "service")
                if not service or webhook.get("failurePolicy", "Fail") != "Fail":
                    continue
                ref = Ref("v1", "Service", service.get("namespace"), service.get("name"))
                if _touches_deletion(webhook) and client.find(ref) is None:
                    name = f"{kind} {obj['metadata']['name']}"
                    yield f"{name}: webhook {webhook['name']} calls {ref}, which is gone: delete this configuration"


def _touches_deletion(webhook: Obj) -> bool:
    """Say whether a webhook sees deletions, or the updates that remove finalizers."""
    operations = {operation for rule in webhook.get("rules") or [] for operation in rule.get("operations") or []}
    return bool(operations & {"DELETE", "UPDATE", "*"})
