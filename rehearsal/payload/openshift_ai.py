"""OpenShift AI without OLM: a test aid for clusters that were raised with the option `without_olm`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from rehearsal.api import Api, Obj
from rehearsal.cluster import Cluster
from rehearsal.operators.openshift_ai import bundle
from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.versions import Version, version_of
from rehearsal.operators.openshift_ai.versions.version import OPERATOR_NAMESPACE
from rehearsal.payload.apply import apply_all, established

SERVICE = "rhods-operator-service"
CERT = "rhods-operator-service-cert"
OPTION = "without_olm"


async def install(api: Api, cluster: Cluster) -> None:
    """The operator of the cluster's version runs as OLM would have it; nothing happens without the option."""
    if cluster.options.get(OPTION):
        await apply(api, version_of(cluster.rhods))


async def apply(api: Api, version: Version) -> None:
    """Namespace, CRDs, rights, Deployment and webhooks of a version."""
    objects = bundle.objects(version.number)
    csv = objects.pop(0)
    crds = [_with_conversion(csv, obj) for obj in objects if obj["kind"] == "CustomResourceDefinition"]
    others = [obj for obj in objects if obj["kind"] != "CustomResourceDefinition"]
    for obj in others:
        if obj["kind"] in ("Service", "ConfigMap"):
            obj["metadata"]["namespace"] = OPERATOR_NAMESPACE
    rules = csv["spec"]["install"]["spec"]["clusterPermissions"][0]["rules"]
    rights = [
        m.namespace(OPERATOR_NAMESPACE, {"openshift.io/cluster-monitoring": "true"}),
        m.service_account(bundle.ACCOUNT, OPERATOR_NAMESPACE),
        m.cluster_role(version.csv, rules),
        m.binding(version.csv, version.csv, [bundle.ACCOUNT], space=OPERATOR_NAMESPACE),
    ]
    await apply_all(api, [*rights, *crds])
    await established(api, crds)
    await apply_all(api, [*others, _deployment(version), *_webhooks(csv)])


def _deployment(version: Version) -> Obj:
    found = bundle.deployment(version)
    found["metadata"]["namespace"] = OPERATOR_NAMESPACE
    if version.webhooks:
        pod = found["spec"]["template"]["spec"]
        path = "/tmp/k8s-webhook-server/serving-certs"  # noqa: S108 - where OLM mounts it too
        pod["containers"][0]["volumeMounts"] = [{"name": "webhook-cert", "mountPath": path}]
        pod["volumes"] = [{"name": "webhook-cert", "secret": {"secretName": CERT}}]
    return found


def _client(path: str) -> Obj:
    return {"service": {"name": SERVICE, "namespace": OPERATOR_NAMESPACE, "path": path, "port": 443}}


def _with_conversion(csv: Obj, crd: Obj) -> Obj:
    for hook in csv["spec"].get("webhookdefinitions", []):
        if crd["metadata"]["name"] in hook.get("conversionCRDs", []):
            webhook = {"clientConfig": _client("/convert"), "conversionReviewVersions": ["v1"]}
            crd["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
            crd["metadata"]["annotations"] = {m.INJECT_CA: "true"}
    return crd


def _webhooks(csv: Obj) -> list[Obj]:
    """One configuration for each type, with the service CA's bundle where OLM would put its own."""
    by_type: dict[str, list[Any]] = defaultdict(list)
    for hook in csv["spec"].get("webhookdefinitions", []):
        if hook["type"] != "ConversionWebhook":
            kept = ("admissionReviewVersions", "failurePolicy", "rules", "sideEffects")
            entry = {"name": hook["generateName"], "clientConfig": _client(hook["webhookPath"])}
            by_type[hook["type"]].append(entry | {key: hook[key] for key in kept})
    service = m.service(SERVICE, [m.port(443, 9443)], bundle.LABELS, OPERATOR_NAMESPACE, CERT)
    api, notes = "admissionregistration.k8s.io/v1", {m.INJECT_CA: "true"}
    kinds = {"ValidatingAdmissionWebhook": "Validating", "MutatingAdmissionWebhook": "Mutating"}
    found = [
        m.obj(api, f"{kinds[kind]}WebhookConfiguration", "rhods-operator", "", webhooks=hooks, annotations=notes)
        for kind, hooks in by_type.items()
    ]
    return [service, *found] if found else []
