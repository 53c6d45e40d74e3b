"""The model controller component: odh-model-controller and the serving runtimes that the product ships."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS, Template, Version

Obj = dict[str, Any]
NAME = "odh-model-controller"
SERVICE = "odh-model-controller-webhook-service"
CERT = "odh-model-controller-webhook-cert"
SERVING = "serving.kserve.io"
MUTATING, VALIDATING = "mutating.odh-model-controller.opendatahub.io", "validating.odh-model-controller.opendatahub.io"


def objects(facts: Facts, spec: Obj) -> list[Obj]:
    """The controller with its rights and webhooks; `spec` holds the states of kserve and modelmeshserving."""
    version = facts.version
    labels = {"control-plane": NAME, "app": NAME}
    found = [
        m.service_account(NAME),
        m.cluster_role(f"{NAME}-role", _rules()),
        m.binding(f"{NAME}-rolebinding", f"{NAME}-role", [NAME]),
        _deployment(version, spec, labels),
    ]
    if version.era != "2.8":
        found += [m.service(SERVICE, [m.port(443, 9443)], labels, cert=CERT), *webhooks()]
    if version.era == "3.4":
        api = m.idle_deployment("model-serving-api", version.image("odh-model-serving-api"))
        found += [api, m.service("model-serving-api", [m.port(443, 8443)], {"control-plane": "model-serving-api"})]
    return found


def templates(version: Version) -> list[Obj]:
    """The shipped Templates, each with one ServingRuntime."""
    return [_template(version, item) for item in version.templates]


def webhooks() -> list[Obj]:
    """The mutating and the validating webhook of InferenceServices and their pods."""
    isvc = [
        {
            "apiGroups": [SERVING],
            "apiVersions": ["v1beta1"],
            "operations": ["CREATE"],
            "resources": ["inferenceservices"],
        }
    ]
    pods = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    selector = {"matchExpressions": [{"key": f"{SERVING}/inferenceservice", "operator": "Exists"}]}
    pod = _webhook(f"mutating.pod.{NAME}.opendatahub.io", "/mutate--v1-pod", pods) | {"objectSelector": selector}
    defaulter = _webhook(
        f"minferenceservice-v1beta1.{NAME}.opendatahub.io", "/mutate-serving-kserve-io-v1beta1-inferenceservice", isvc
    )
    validator = _webhook(
        f"validating.isvc.{NAME}.opendatahub.io", "/validate-serving-kserve-io-v1beta1-inferenceservice", isvc
    )
    return [
        _configuration("Mutating", MUTATING, [defaulter, pod]),
        _configuration("Validating", VALIDATING, [validator]),
    ]


def _webhook(name: str, path: str, rules: list[Obj]) -> Obj:
    return {
        "name": name,
        "clientConfig": {"service": {"name": SERVICE, "namespace": APPLICATIONS, "path": path, "port": 443}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "rules": rules,
    }


def _configuration(kind: str, name: str, hooks: list[Obj]) -> Obj:
    annotations = {m.INJECT_CA: "true"}
    api = "admissionregistration.k8s.io/v1"
    return m.obj(api, f"{kind}WebhookConfiguration", name, "", webhooks=hooks, annotations=annotations)


def _deployment(version: Version, spec: Obj, labels: dict[str, str]) -> Obj:
    states = {"KSERVE_STATE": "kserve", "NIM_STATE": "nim", "MODELREGISTRY_STATE": "modelRegistry"}
    states |= {"MODELMESH_STATE": "modelMeshServing"} if version.era == "2.25" else {}
    env: list[Obj] = [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]
    env += [{"name": key, "value": _state(spec, name)} for key, name in states.items()]
    env.append({"name": "VERSION", "value": version.number})
    manager = m.container(
        "manager",
        version.image(NAME),
        command=["/manager"],
        args=["--leader-elect", "--health-probe-bind-address=:8081"],
        env=env,
        ports=[{"containerPort": 9443, "name": "webhook-server"}],
        readinessProbe=m.http_probe(8081, "/readyz"),
        resources=m.requests("10m", "64Mi"),
    )
    pod: Obj = {"serviceAccountName": NAME, "containers": [manager]}
    if version.era != "2.8":
        mount = {"name": "cert", "mountPath": "/tmp/k8s-webhook-server/serving-certs", "readOnly": True}  # noqa: S108
        manager["volumeMounts"] = [mount]
        pod["volumes"] = [{"name": "cert", "secret": {"secretName": CERT}}]
    return m.deployment(NAME, pod, labels=labels, replicas=3 if version.era == "2.8" else 1)


def _state(spec: Obj, name: str) -> str:
    return "managed" if (spec.get(name) or {}).get("managementState") == "Managed" else "removed"


def _rules() -> list[Obj]:
    change = "create delete get list patch update watch"
    return [
        m.rule("core", "secrets configmaps services serviceaccounts", change),
        m.rule("core", "namespaces pods endpoints"),
        m.rule("core", "events", "create patch"),
        m.rule("route.openshift.io", "routes routes/custom-host", change),
        m.rule(SERVING, "inferenceservices inferenceservices/finalizers", "get list watch patch update"),
        m.rule(SERVING, "servingruntimes"),
        m.rule("rbac.authorization.k8s.io", "clusterrolebindings rolebindings roles", change),
        m.rule("rbac.authorization.k8s.io", "clusterroles", "bind get list watch"),
        m.rule("monitoring.coreos.com", "servicemonitors podmonitors", change),
        m.rule("networking.k8s.io", "networkpolicies", change),
        m.rule("coordination.k8s.io", "leases", change),
        m.rule("dscinitialization.opendatahub.io datasciencecluster.opendatahub.io", "*"),
        m.rule("authentication.k8s.io", "tokenreviews", "create"),
        m.rule("authorization.k8s.io", "subjectaccessreviews", "create"),
    ]


def _template(version: Version, item: Template) -> Obj:
    annotations = {
        "description": item.display,
        "openshift.io/display-name": item.display,
        "openshift.io/provider-display-name": "Red Hat, Inc.",
        "tags": f"{item.name},servingruntime",
        "opendatahub.io/modelServingSupport": json.dumps([item.platform]),
        "opendatahub.io/apiProtocol": "REST",
    }
    labels = {"opendatahub.io/dashboard": str(item.shown).lower(), "opendatahub.io/ootb": "true"}
    container = "kserve-container" if item.platform == "single" else "ovms"
    runtime = {
        "apiVersion": f"{SERVING}/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {
            "name": item.runtime,
            "labels": {"opendatahub.io/dashboard": "true"},
            "annotations": {"openshift.io/display-name": item.display},
        },
        "spec": {
            "multiModel": item.platform == "multi",
            "supportedModelFormats": [{"name": name, "autoSelect": True} for name in item.formats],
            "containers": [{"name": container, "image": version.image(f"odh-{item.runtime}")}],
        },
    }
    body: Obj = {"objects": [runtime], "parameters": []}
    return m.obj("template.openshift.io/v1", "Template", item.name, labels=labels, annotations=annotations, **body)
