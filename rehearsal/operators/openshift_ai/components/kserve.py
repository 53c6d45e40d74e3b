"""The KServe component: the real manager with its own CRDs and rights, configured as the product configures it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rehearsal.catalog.fbc import lean
from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS, Version
from rehearsal.operators.world import digest_of

Obj = dict[str, Any]
NAME = "kserve-controller-manager"
WEBHOOK_SERVICE = "kserve-webhook-server-service"
CERT = "kserve-webhook-server-cert"
SERVING = "serving.kserve.io"
LABELS = {"control-plane": NAME, "controller-tools.k8s.io": "1.0"}
# the product ships no ClusterServingRuntime; its fork never asks for one, the upstream manager does
CRDS = (
    "clusterservingruntimes",
    "clusterstoragecontainers",
    "inferencegraphs",
    "inferenceservices",
    "servingruntimes",
    "trainedmodels",
)
LOGGING = {"memoryRequest": "100Mi", "memoryLimit": "1Gi", "cpuRequest": "100m", "cpuLimit": "1"}


def manifests() -> Path:
    """The folder of KServe's own manifests, which the operator's image carries."""
    return Path(os.environ.get("DEFAULT_MANIFESTS_PATH", "/opt/manifests")) / "kserve"


@cache
def custom_resources() -> list[Obj]:
    """KServe's CRDs as they come with its module, without the descriptions that make them a megabyte."""
    found = []
    for name in CRDS:
        text = (manifests() / "crd" / "full" / f"{SERVING}_{name}.yaml").read_text()
        crd = yaml.load(text, yaml.CSafeLoader)
        crd.pop("status", None)
        crd["metadata"] = {"name": crd["metadata"]["name"]}
        found.append(lean(crd))
    return found


def objects(facts: Facts, spec: Obj) -> list[Obj]:
    """Everything but the CRDs."""
    config = configuration(facts.version, spec)
    found = [
        config,
        m.config_map("kserve-parameters", {"kserve-controller": facts.version.image("odh-kserve-controller")}),
        m.service_account(NAME),
        *_rights(),
        _deployment(facts, config),
        m.service(WEBHOOK_SERVICE, [m.port(443, "webhook-server")], LABELS, cert=CERT),
        m.service("kserve-controller-manager-service", [m.port(8443, "https")], LABELS),
        m.obj("v1", "Secret", "kserve-webhook-server-secret"),
        m.network_policy(NAME, APPLICATIONS, [{}], LABELS),
        *webhooks(facts.version),
        *_user_roles(),
    ]
    if facts.version.era == "3.4":
        found += [_storage_container(facts.version), *_bucket_policy()]
        found.append(m.idle_deployment("llmisvc-controller-manager", facts.version.image("odh-llmisvc-controller")))
    return found


def configuration(version: Version, spec: Obj) -> Obj:
    """ConfigMap inferenceservice-config with the values that the product's operator leaves in it."""
    chosen = version.kserve_config
    image = {"image": version.image("odh-kserve-storage-initializer")}
    agent = {**LOGGING, "image": version.image("odh-kserve-agent")}
    storage = {
        "memoryRequest": "100Mi",
        "cpuRequest": "100m",
        "cpuLimit": "1",
        "cpuModelcar": "10m",
        "memoryModelcar": "15Mi",
    }
    ingress = {
        "ingressGateway": "knative-serving/knative-ingress-gateway",
        "kserveIngressGateway": "kserve/kserve-ingress-gateway",
        "localGateway": "knative-serving/knative-local-gateway",
        "localGatewayService": "knative-local-gateway.istio-system.svc.cluster.local",
        "ingressClassName": "istio",
        "domainTemplate": "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}",
        "disableIstioVirtualHost": True,
    }
    parts: dict[str, Mapping[str, Any]] = {
        "agent": agent,
        "batcher": {**agent, "maxBatchSize": "32", "maxLatency": "5000"},
        "credentials": _CREDENTIALS,
        "explainers": {},
        "logger": {**agent, "defaultUrl": "http://default-broker"},
        "metricsAggregator": {"enableMetricAggregation": "false", "enablePrometheusScraping": "false"},
        "router": {**LOGGING, "image": version.image("odh-kserve-router")},
        **chosen,
        "ingress": {**ingress, **chosen["ingress"]},
        "storageInitializer": {**storage, **image, **chosen["storageInitializer"]},
    }
    if "service" in chosen:
        parts["service"] = {"serviceClusterIPNone": spec.get("rawDeploymentServiceConfig", "Headless") != "Headed"}
    if version.era != "2.8":
        proxy = "odh-kube-rbac-proxy" if version.era == "3.4" else "odh-oauth-proxy"
        parts["oauthProxy"] = {"image": version.image(proxy), "memoryRequest": "64Mi", "cpuRequest": "100m"}
    return m.config_map("inferenceservice-config", {key: json.dumps(value) for key, value in sorted(parts.items())})


_CREDENTIALS = {
    "storageSpecSecretName": "storage-config",
    "storageSecretNameAnnotation": f"{SERVING}/storageSecretName",
    "gcs": {"gcsCredentialFileName": "gcloud-application-credentials.json"},
    "s3": {
        "s3AccessKeyIDName": "AWS_ACCESS_KEY_ID",
        "s3SecretAccessKeyName": "AWS_SECRET_ACCESS_KEY",
        **dict.fromkeys(
            ("s3Endpoint", "s3UseHttps", "s3Region", "s3VerifySSL", "s3UseVirtualBucket", "s3UseAnonymousCredential"),
            "",
        ),
        "s3CABundle": "",
    },
}


def webhooks(version: Version) -> list[Obj]:
    """KServe's admission webhooks; the service CA puts its bundle into them."""
    write = ["CREATE", "UPDATE"]
    everything = [*write, "DELETE"] if version.era == "2.25" else write
    pods = ["CREATE", "UPDATE"] if version.era == "2.8" else ["CREATE"]
    defaulter = _webhook("inferenceservice", "defaulter", "/mutate-serving-kserve-io-v1beta1-inferenceservice", write)
    mutator = _webhook("inferenceservice", "pod-mutator", "/mutate-pods", pods)
    mutator |= {
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": pods, "resources": ["pods"]}],
        "reinvocationPolicy": "IfNeeded",
        "namespaceSelector": {"matchExpressions": [{"key": "control-plane", "operator": "DoesNotExist"}]},
        "objectSelector": {"matchExpressions": [{"key": f"{SERVING}/inferenceservice", "operator": "Exists"}]},
    }
    found = [_configuration("Mutating", f"inferenceservice.{SERVING}", [defaulter, mutator])]
    for singular, api in (
        ("inferenceservice", "v1beta1"),
        *((k, "v1alpha1") for k in ("servingruntime", "inferencegraph", "trainedmodel")),
    ):
        path = f"/validate-serving-kserve-io-{api}-{singular}"
        operations = everything if singular == "inferenceservice" else write
        hook = _webhook(singular, "validator", path, operations, api)
        found.append(_configuration("Validating", f"{singular}.{SERVING}", [hook]))
    return found


def _webhook(singular: str, role: str, path: str, operations: list[str], api: str = "v1beta1") -> Obj:
    target = {"apiGroups": [SERVING], "apiVersions": [api], "operations": operations, "resources": [f"{singular}s"]}
    return {
        "name": f"{singular}.kserve-webhook-server.{role}",
        "clientConfig": {"service": {"name": WEBHOOK_SERVICE, "namespace": APPLICATIONS, "path": path, "port": 443}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1beta1", "v1"],
        "rules": [target],
    }


def _configuration(kind: str, name: str, hooks: list[Obj]) -> Obj:
    annotations = {m.INJECT_CA: "true"}
    api = "admissionregistration.k8s.io/v1"
    return m.obj(api, f"{kind}WebhookConfiguration", name, "", webhooks=hooks, annotations=annotations)


def _rights() -> list[Obj]:
    """The manager's rights as its module states them, and those for its leader election."""
    roles = [
        item
        for item in yaml.load_all((manifests() / "rbac" / "role.yaml").read_text(), yaml.CSafeLoader)
        if item and item["kind"] == "ClusterRole"
    ]
    rules = [rule for item in roles for rule in item["rules"]]
    leases = [m.rule("coordination.k8s.io", "leases", "create get list update"), m.rule("core", "events", "create")]
    return [
        m.cluster_role("kserve-manager-role", rules),
        m.binding("kserve-manager-rolebinding", "kserve-manager-role", [NAME]),
        m.obj(f"{m.RBAC}/v1", "Role", "kserve-leader-election-role", rules=leases),
        m.binding("kserve-leader-election-rolebinding", "kserve-leader-election-role", [NAME], APPLICATIONS, "Role"),
        m.cluster_role("kserve-proxy-role", [m.rule("authentication.k8s.io", "tokenreviews", "create")]),
    ]


def _user_roles() -> list[Obj]:
    """What project administrators, editors and viewers may do, by aggregation into OpenShift's own roles."""
    kinds = "inferenceservices servingruntimes inferencegraphs trainedmodels"
    write = "create delete deletecollection get list patch update watch"
    levels = {"admin": write, "edit": write, "view": "get list watch"}
    return [
        m.cluster_role(
            f"kserve-{level}",
            [m.rule(SERVING, kinds, verbs)],
            labels={f"{m.RBAC}/aggregate-to-{level}": "true"},
        )
        for level, verbs in levels.items()
    ]


def _deployment(facts: Facts, config: Obj) -> Obj:
    env: list[Obj] = [
        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "SECRET_NAME", "value": CERT},
    ]
    manager = m.container(
        "manager",
        facts.version.image("odh-kserve-controller"),
        command=["/manager"],
        args=["--leader-elect=false", "--metrics-addr=127.0.0.1:8080"],
        env=env,
        ports=[{"containerPort": 9443, "name": "webhook-server", "protocol": "TCP"}],
        resources={"requests": {"cpu": "100m", "memory": "200Mi"}, "limits": {"cpu": "100m", "memory": "300Mi"}},
        volumeMounts=[{"name": "cert", "mountPath": "/tmp/k8s-webhook-server/serving-certs", "readOnly": True}],  # noqa: S108
    )
    if facts.version.era != "2.8":
        manager["readinessProbe"] = m.http_probe(8081, "/readyz")
    pod = {
        "serviceAccountName": NAME,
        "containers": [manager],
        "volumes": [{"name": "cert", "secret": {"secretName": CERT, "defaultMode": 420}}],
    }
    found = m.deployment(NAME, pod, labels=LABELS)
    # a changed configuration restarts the manager, which reads it only at its start
    annotations = {"app.opendatahub.io/KserveConfigHash": digest_of(config["data"])[:32]}
    found["spec"]["template"]["metadata"]["annotations"] = annotations
    return found


def _storage_container(version: Version) -> Obj:
    image = version.image("odh-kserve-storage-initializer")
    resources = {"requests": {"cpu": "100m", "memory": "100Mi"}, "limits": {"cpu": "1", "memory": "24Gi"}}
    prefixes = [{"prefix": prefix} for prefix in ("gs://", "s3://", "hdfs://", "webhdfs://", "hf://")]
    formats = [*prefixes, {"regex": "https://(.+?)/(.+)"}, {"regex": "http://(.+?)/(.+)"}]
    container = {"name": "storage-initializer", "image": image, "resources": resources}
    spec = {"container": container, "supportedUriFormats": formats}
    return m.obj(f"{SERVING}/v1alpha1", "ClusterStorageContainer", "default", "", spec=spec)


def _bucket_policy() -> list[Obj]:
    """The warning about S3 connections without a bucket."""
    name, notes = "connectionapi-check-s3-bucket", "object.metadata.annotations"
    marks = " || ".join(
        f"('opendatahub.io/{key}' in {notes} && {notes}['opendatahub.io/{key}'] == 's3')"
        for key in ("connection-type-protocol", "connection-type-ref")
    )
    match = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["secrets"]}
    text = (
        "\"Secret '\" + object.metadata.name + \"' has S3 connection type annotation but is missing 'AWS_S3_BUCKET' "
        'data key or with empty string as value"'
    )
    has = "has(object.data) && 'AWS_S3_BUCKET' in object.data && object.data['AWS_S3_BUCKET'] != ''"
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [match]},
        "matchConditions": [
            {"name": "is-s3-connection", "expression": f"has(object.metadata.annotations) && ({marks})"}
        ],
        "validations": [{"expression": has, "messageExpression": text}],
    }
    api = "admissionregistration.k8s.io/v1"
    bound = {"policyName": name, "validationActions": ["Warn"]}
    return [
        m.obj(api, "ValidatingAdmissionPolicy", name, "", spec=policy),
        m.obj(api, "ValidatingAdmissionPolicyBinding", f"{name}-binding", "", spec=bound),
    ]
