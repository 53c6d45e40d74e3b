"""The bundle of a version as the catalog carries it: ClusterServiceVersion, CRDs, and the few objects beside them."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.operators.openshift_ai import crds
from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.rights import cluster_rules, namespaced_rules
from rehearsal.operators.openshift_ai.versions import Version, version_of

Obj = dict[str, Any]
ACCOUNT = "redhat-ods-operator-controller-manager"
DEPLOYMENT = "rhods-operator"
LABELS = {"name": "rhods-operator"}
ARCHITECTURES = ("amd64", "arm64", "ppc64le", "s390x")
MODES = ("OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces")
SAMPLE_LABELS = ("name", "instance", "part-of", "managed-by", "created-by")
FEATURES = ("proxy-aware", "tls-profiles", "token-auth-aws", "token-auth-azure", "token-auth-gcp")
PAGES = "https://www.redhat.com/en/technologies/cloud-computing/openshift/openshift-ai"


def objects(version: str) -> list[Obj]:
    """Everything in the bundle of a version ("3.4", "2.8.4", a CSV's name)."""
    chosen = version_of(version)
    owned = crds.owned(chosen)
    return [csv(chosen, owned), *owned, *_beside(chosen)]


def csv(version: Version, owned: list[Obj]) -> Obj:
    """The ClusterServiceVersion."""
    labels = {f"operatorframework.io/arch.{name}": "supported" for name in ARCHITECTURES}
    labels["operatorframework.io/os.linux"] = "supported"
    meta: Obj = {"name": version.csv, "annotations": _annotations(version)}
    install: Obj = {"clusterPermissions": [{"serviceAccountName": ACCOUNT, "rules": cluster_rules(version)}]}
    if version.era == "2.8":
        install["permissions"] = [{"serviceAccountName": ACCOUNT, "rules": namespaced_rules()}]
    else:
        meta["labels"] = labels
    install["deployments"] = [{"name": DEPLOYMENT, "spec": deployment(version)["spec"]}]
    spec: Obj = {
        "displayName": "Red Hat OpenShift AI",
        "description": "A rehearsal stand-in for the operator of Red Hat OpenShift AI",
        "version": version.number,
        "maturity": "stable",
        "minKubeVersion": "1.25.0",
        "provider": {"name": "Red Hat, Inc."},
        "keywords": ["AI/ML", "Notebooks", "Serving", "Training", "Pipelines", "modelmesh"],
        "links": [{"name": "Red Hat OpenShift AI", "url": PAGES}],
        "installModes": [{"type": mode, "supported": mode == "AllNamespaces"} for mode in MODES],
        "customresourcedefinitions": {"owned": [entry for item in owned for entry in _owned(item)]},
        "install": {"strategy": "deployment", "spec": install},
        "relatedImages": [{"name": name.lower(), "image": image} for name, image in _images(version).items()],
    }
    if version.webhooks:
        spec["webhookdefinitions"] = [*_conversions(version), *(dict(hook) for hook in version.webhooks)]
    return {
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "ClusterServiceVersion",
        "metadata": meta,
        "spec": spec,
    }


def deployment(version: Version) -> Obj:
    """The operator's Deployment."""
    env: list[Obj] = [
        {"name": "OPERATOR_NAME", "value": "rhods-operator"},
        {"name": "VERSION", "value": version.number},
    ]
    if version.era != "2.8":
        env += [
            {"name": "DISABLE_DSC_CONFIG", "value": "false"},
            {"name": "OPERATOR_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "DEFAULT_MANIFESTS_PATH", "value": "/opt/manifests"},
        ]
    env += [{"name": name, "value": image} for name, image in _images(version).items()]
    container = m.container(
        "rhods-operator",
        version.image("odh-operator"),
        command=["/manager"],
        args=["--health-probe-bind-address=:8081", "--metrics-bind-address=0.0.0.0:8080", "--leader-elect"],
        env=env,
        ports=[{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        # the original allows 1 s for an answer, and waits 5 s before it asks whether the operator is ready:
        # one machine that runs a whole cluster is slower to answer, and nothing here needs that long to start
        livenessProbe={
            "httpGet": {"path": "/healthz", "port": 8081},
            "initialDelaySeconds": 15,
            "periodSeconds": 20,
            "timeoutSeconds": 10,
        },
        readinessProbe=m.http_probe(8081, "/readyz"),
        resources={"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "4Gi"}},
    )
    pod: Obj = {"serviceAccountName": ACCOUNT, "containers": [container]}
    if version.webhooks:
        container["ports"].append({"containerPort": 9443, "name": "webhook-server", "protocol": "TCP"})
    return m.deployment(DEPLOYMENT, pod, labels=LABELS, replicas=version.replicas)


def _images(version: Version) -> dict[str, str]:
    names = sorted({item.image for item in version.dashboard} | {"odh-kserve-controller", "odh-model-controller"})
    return {f"RELATED_IMAGE_{name.upper().replace('-', '_')}_IMAGE": version.image(name) for name in names}


def _owned(crd: Obj) -> list[Obj]:
    kind = crd["spec"]["names"]["kind"]
    name = crd["metadata"]["name"]
    return [
        {"name": name, "version": item["name"], "kind": kind, "displayName": kind} for item in crd["spec"]["versions"]
    ]


def _conversions(version: Version) -> list[Obj]:
    if version.api != "v2":
        return []
    return [
        {
            "generateName": "cdatascienceclustersdscinitializations.kb.io",
            "type": "ConversionWebhook",
            "webhookPath": "/convert",
            "admissionReviewVersions": ["v1"],
            "containerPort": 443,
            "targetPort": 9443,
            "deploymentName": DEPLOYMENT,
            "sideEffects": "None",
            "conversionCRDs": [
                "datascienceclusters.datasciencecluster.opendatahub.io",
                "dscinitializations.dscinitialization.opendatahub.io",
            ],
        }
    ]


def _annotations(version: Version) -> dict[str, str]:
    internal = "[dscinitialization.opendatahub.io]"  # 2.8's is no JSON, and so is this
    if version.era != "2.8":
        internal = json.dumps(["dscinitializations.dscinitialization.opendatahub.io"])
    features = dict.fromkeys((f"features.operators.openshift.io/{name}" for name in FEATURES), "false")
    return {
        **features,
        "features.operators.openshift.io/disconnected": "true",
        "features.operators.openshift.io/fips-compliant": str(version.era != "2.8").lower(),
        "capabilities": "Full Lifecycle",
        "categories": "AI/Machine Learning, Big Data",
        "containerImage": version.image("odh-operator"),
        "support": "Red Hat OpenShift AI",
        "operatorframework.io/suggested-namespace": "redhat-ods-operator",
        "operatorframework.io/initialization-resource": json.dumps(_sample(version)),
        "operators.operatorframework.io/internal-objects": internal,
        "operators.openshift.io/valid-subscription": json.dumps(["OpenShift AI"]),
        "operators.openshift.io/infrastructure-features": json.dumps(["disconnected"]),
    }


def _sample(version: Version) -> Obj:
    """The DataScienceCluster that the console's form begins with."""
    values = ("datasciencecluster", "default-dsc", "rhods-operator", "kustomize", "rhods-operator")
    labels = {f"app.kubernetes.io/{key}": value for key, value in zip(SAMPLE_LABELS, values, strict=True)}
    if version.era == "3.4":
        labels = {"app.kubernetes.io/name": "datasciencecluster"}
    return {
        "apiVersion": f"datasciencecluster.opendatahub.io/{version.api}",
        "kind": "DataScienceCluster",
        "metadata": {"name": "default-dsc", "labels": labels},
        "spec": {"components": version.initialization},
    }


def _beside(version: Version) -> list[Obj]:
    monitoring = m.rule("core", "services endpoints pods")
    subject = {"kind": "ServiceAccount", "name": "prometheus-k8s", "namespace": "openshift-monitoring"}
    bound = m.binding("prometheus-k8s-viewer", "prometheus-k8s-viewer", [])
    bound["subjects"] = [subject]
    service = m.service("redhat-ods-operator-controller-manager-metrics-service", [m.port(8443, 8080, "https")], LABELS)
    del service["metadata"]["namespace"]  # OLM puts it where the Subscription is
    found = [service, m.cluster_role("prometheus-k8s-viewer", [monitoring]), bound]
    metrics = m.cluster_role(
        "redhat-ods-operator-metrics-reader", [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]
    )
    if version.era == "2.8":
        config = m.config_map("redhat-ods-operator-manager-config", {"controller_manager_config.yaml": "{}"})
        del config["metadata"]["namespace"]
        found.append(config)
    return [*found, metrics]
