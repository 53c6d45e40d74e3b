"""The ModelMesh component of 2.8 and 2.25: its controller is a stand-in of ours, etcd idles."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.operators.openshift_ai import crds
from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.components.kserve import custom_resources as kserve_resources
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS

Obj = dict[str, Any]
NAME = "modelmesh-controller"
SERVING = "serving.kserve.io"
CERT = "modelmesh-webhook-server-cert"
WEBHOOK_SERVICE = "modelmesh-webhook-server-service"
PASSWORD = "unused-in-the-rehearsal"  # noqa: S105 - nothing listens for it: the etcd is an idle stand-in


def custom_resources() -> list[Obj]:
    """InferenceServices and ServingRuntimes as KServe has them, and Predictors."""
    wanted = ("inferenceservices", "servingruntimes", "clusterservingruntimes")
    shared = [crd for crd in kserve_resources() if crd["spec"]["names"]["plural"] in wanted]
    return [*shared, crds.crd(SERVING, "Predictor", {"v1alpha1": crds.loose()}, scope="Namespaced")]


def objects(facts: Facts, spec: Obj) -> list[Obj]:
    """Everything but the CRDs."""
    labels = {"control-plane": NAME}
    connection = {
        "endpoints": "http://etcd:2379",
        "root_prefix": "modelmesh-serving",
        "userid": "root",
        "password": PASSWORD,
    }
    config = {"podsPerRuntime": 2, "headlessService": True, "restProxy": {"enabled": True, "port": 8008}}
    return [
        *(m.service_account(name) for name in ("modelmesh", NAME, "modelmesh-serving-sa", "etcd-serviceaccount")),
        m.cluster_role("modelmesh-controller-role", _rules()),
        m.binding("modelmesh-controller-rolebinding", "modelmesh-controller-role", [NAME]),
        m.config_map("model-serving-config-defaults", {"config-defaults.yaml": json.dumps(config)}),
        m.config_map(
            "mesh-parameters", {"odh-modelmesh-controller": facts.version.image("odh-modelmesh-serving-controller")}
        ),
        m.obj("v1", "Secret", "etcd-passwords", stringData={"root": PASSWORD}),
        m.obj("v1", "Secret", "model-serving-etcd", stringData={"etcd_connection": json.dumps(connection)}),
        _etcd(facts),
        m.service("etcd", [m.port(2379)], {"component": "model-mesh-etcd"}),
        _controller(facts, labels),
        m.service(NAME, [m.port(8080)], labels),
        m.service(WEBHOOK_SERVICE, [m.port(9443)], labels, cert=CERT),
        _webhook(),
        *(m.network_policy(name, APPLICATIONS, [{}], labels) for name in (NAME, "modelmesh-webhook")),
        m.network_policy("etcd", APPLICATIONS, [{}], {"component": "model-mesh-etcd"}),
    ]


def _etcd(facts: Facts) -> Obj:
    env = [{"name": "IDLE_PORTS", "value": "2379"}]
    request = ("200m", "100Mi") if facts.version.era == "2.8" else ("400m", "200Mi")
    container = m.container(
        "etcd",
        facts.version.image("odh-etcd"),
        env=env,
        ports=[{"containerPort": 2379}],
        resources=m.requests(*request),
    )
    return m.deployment("etcd", {"containers": [container]}, labels={"component": "model-mesh-etcd"})


def _controller(facts: Facts, labels: dict[str, str]) -> Obj:
    env: list[Obj] = [
        {"name": "NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "PULLER_IMAGE", "value": facts.version.image("odh-modelmesh-runtime-adapter")},
    ]
    manager = m.container(
        "manager",
        facts.version.image("odh-modelmesh-serving-controller"),
        command=["/manager"],
        env=env,
        ports=[{"containerPort": 9443, "name": "webhook-server"}, {"containerPort": 8080}],
        readinessProbe=m.http_probe(8081, "/readyz"),
        resources=m.requests("50m", "96Mi"),
        volumeMounts=[{"name": "cert", "mountPath": "/tmp/k8s-webhook-server/serving-certs", "readOnly": True}],  # noqa: S108
    )
    volumes = [{"name": "cert", "secret": {"secretName": CERT}}]
    pod = {"serviceAccountName": NAME, "containers": [manager], "volumes": volumes}
    return m.deployment(NAME, pod, labels=labels, replicas=3)


def _webhook() -> Obj:
    kinds = ["servingruntimes", "clusterservingruntimes"]
    rules = [
        {"apiGroups": [SERVING], "apiVersions": ["v1alpha1"], "operations": ["CREATE", "UPDATE"], "resources": kinds}
    ]
    path = "/validate-serving-modelmesh-io-v1alpha1-servingruntime"
    hook = {
        "name": "servingruntime.modelmesh-webhook-server.default",
        "clientConfig": {"service": {"name": WEBHOOK_SERVICE, "namespace": APPLICATIONS, "path": path, "port": 9443}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "rules": rules,
    }
    name = f"modelmesh-servingruntime.{SERVING}"
    api, annotations = "admissionregistration.k8s.io/v1", {m.INJECT_CA: "true"}
    return m.obj(api, "ValidatingWebhookConfiguration", name, "", webhooks=[hook], annotations=annotations)


def _rules() -> list[Obj]:
    change = "create delete get list patch update watch"
    return [
        m.rule("core", "services configmaps", change),
        m.rule(
            "core",
            "namespaces namespaces/finalizers pods endpoints secrets",
            "get list watch update patch create delete",
        ),
        m.rule("core", "events", "create patch"),
        m.rule("apps", "deployments", change),
        m.rule(SERVING, "*", change),
        m.rule("coordination.k8s.io", "leases", change),
        m.rule("monitoring.coreos.com", "servicemonitors", change),
    ]
