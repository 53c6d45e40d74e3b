"""OpenShift AI 3.4: DataScienceCluster v2, a gateway, KServe only."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.operators.openshift_ai.versions import rows
from rehearsal.operators.openshift_ai.versions.rows import MANAGED, REMOVED
from rehearsal.operators.openshift_ai.versions.version import Component, Container, Template, Version
from rehearsal.operators.openshift_ai.versions.webhooks import webhook

KSERVE_RELEASES = (
    {"name": "KServe", "version": "v0.17.0", "repoUrl": "https://github.com/kserve/kserve/"},
    {"name": "llm-d-inference-scheduler", "version": "v0.7.0", "repoUrl": "https://github.com/llm-d"},
    {"name": "llm-d-workload-variant-autoscaler", "version": "v0.5.1", "repoUrl": "https://github.com/llm-d"},
    {"name": "vLLM", "version": "v0.18.0", "repoUrl": "https://github.com/vllm-project/vllm"},
)
JOBSET = "JobSet operator not installed, please install it first"


def v2_only(key: str, kind: str, *deployments: str) -> Component:
    """A component that v1 of the DataScienceCluster does not know."""
    return replace(rows.component(key, kind, key, *deployments), v2_only=True)


COMPONENTS = (
    replace(rows.PIPELINES, key="aipipelines", condition="AIPipelinesReady"),
    rows.DASHBOARD,
    rows.FEAST,
    replace(rows.KSERVE, releases=KSERVE_RELEASES),
    # kueue Managed is refused by the webhook, so there is nothing to deploy
    replace(rows.KUEUE, idle=()),
    rows.LLAMA,
    v2_only("mlflowoperator", "MLflowOperator", "mlflow-operator-controller-manager"),
    rows.MODEL_CONTROLLER,
    rows.REGISTRY,
    Component("", "ModelsAsService", "ModelsAsServiceReady", "", "modelsasservice"),
    rows.RAY,
    v2_only("sparkoperator", "SparkOperator", "spark-operator-controller"),
    replace(v2_only("trainer", "Trainer"), needs=JOBSET),
    rows.TRAINING,
    rows.TRUSTYAI,
    rows.WORKBENCHES,
)

SMALL = ("300m", "512Mi")
DASHBOARD = (
    Container("rhods-dashboard", "odh-dashboard", (8080,)),
    Container("kube-rbac-proxy", "odh-kube-rbac-proxy", (8443, 8444)),
    Container("model-registry-ui", "odh-mod-arch-model-registry", (8143,), *SMALL),
    Container("gen-ai-ui", "odh-mod-arch-gen-ai", (8243,), *SMALL),
    Container("maas-ui", "odh-mod-arch-maas", (8343,), *SMALL),
    Container("mlflow-ui", "odh-mod-arch-mlflow", (8543,), *SMALL),
    Container("eval-hub-ui", "odh-mod-arch-eval-hub", (8643,), *SMALL),
    Container("automl-ui", "odh-mod-arch-automl", (8743,), *SMALL),
    Container("autorag-ui", "odh-mod-arch-autorag", (8843,), *SMALL),
)

TEMPLATES = (
    rows.GUARDRAILS,
    rows.single_ovms("paddle", "pytorch"),
    Template(
        "mlserver-runtime-template",
        "mlserver-runtime",
        "MLServer ServingRuntime for KServe",
        "single",
        ("sklearn", "xgboost", "lightgbm"),
    ),
    *rows.vllm("cpu", "cpu-x86", "cuda", "gaudi", "multinode", "rocm", "spyre-ppc64le", "spyre-s390x", "spyre-x86"),
)

DSC, DSCI = "datasciencecluster.opendatahub.io", "dscinitialization.opendatahub.io"
WRITE = ("CREATE", "UPDATE")
ISVC = ("serving.kserve.io", "v1beta1", "inferenceservices")
LLM = ("serving.kserve.io", "v1alpha1", "llminferenceservices")
NOTEBOOK = ("kubeflow.org", "v1", "notebooks")
HARDWARE = "/mutate-hardware-profile"
DASHBOARD_GROUP = "dashboard.opendatahub.io"
WEBHOOKS = (
    *(
        webhook(
            f"datasciencecluster-{v}-validator",
            "V",
            f"/validate-datasciencecluster-{v}",
            WRITE,
            (DSC, v, "datascienceclusters"),
        )
        for v in ("v1", "v2")
    ),
    *(
        webhook(
            f"datasciencecluster-{v}-defaulter",
            "M",
            f"/mutate-datasciencecluster-{v}",
            WRITE,
            (DSC, v, "datascienceclusters"),
        )
        for v in ("v1", "v2")
    ),
    *(
        webhook(
            f"dscinitialization-{v}-validator",
            "V",
            f"/validate-dscinitialization-{v}",
            ("CREATE", "DELETE"),
            (DSCI, v, "dscinitializations"),
        )
        for v in ("v1", "v2")
    ),
    webhook("connection-isvc", "M", "/platform-connection-isvc", WRITE, ISVC),
    webhook("connection-notebook", "M", "/platform-connection-notebook", WRITE, NOTEBOOK),
    webhook("connection-llmisvc", "M", "/platform-connection-llmisvc", WRITE, LLM),
    webhook("hardwareprofile-isvc-injector", "M", HARDWARE, WRITE, ISVC),
    webhook("hardwareprofile-notebook-injector", "M", HARDWARE, WRITE, NOTEBOOK),
    webhook("hardwareprofile-llmisvc-injector", "M", HARDWARE, WRITE, LLM),
    webhook(
        "dashboard-acceleratorprofile-validator",
        "V",
        "/validate-dashboard-acceleratorprofile",
        WRITE,
        (DASHBOARD_GROUP, "v1", "acceleratorprofiles"),
    ),
    webhook(
        "dashboard-hardwareprofile-validator",
        "V",
        "/validate-dashboard-hardwareprofile",
        WRITE,
        (DASHBOARD_GROUP, "v1alpha1", "hardwareprofiles"),
    ),
    webhook(
        "podmonitor-injector", "M", "/mutate-prometheus-monitors", WRITE, ("monitoring.coreos.com", "v1", "podmonitors")
    ),
    webhook(
        "servicemonitor-injector",
        "M",
        "/mutate-prometheus-monitors",
        WRITE,
        ("monitoring.coreos.com", "v1", "servicemonitors"),
    ),
)

VERSION = Version(
    number="3.4.3",
    era="3.4",
    api="v2",
    replicas=3,
    components=COMPONENTS,
    dashboard=DASHBOARD,
    dashboard_replicas=2,
    templates=TEMPLATES,
    registry_suffix="rhel9",
    webhooks=WEBHOOKS,
    kserve_config=rows.raw_kserve("http"),
    initialization={
        **dict.fromkeys(
            (
                "aipipelines",
                "dashboard",
                "feastoperator",
                "mlflowoperator",
                "modelregistry",
                "ray",
                "trainer",
                "trustyai",
            ),
            MANAGED,
        ),
        "workbenches": MANAGED,
        "kserve": {**MANAGED, "modelsAsService": REMOVED},
        **dict.fromkeys(("kueue", "llamastackoperator", "sparkoperator", "trainingoperator"), REMOVED),
    },
)
