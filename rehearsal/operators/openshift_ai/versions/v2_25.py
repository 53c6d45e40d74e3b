"""OpenShift AI 2.25: DataScienceCluster v1, KServe and ModelMesh, Service Mesh wanted by default."""

from __future__ import annotations

from rehearsal.operators.openshift_ai.versions.version import Component, Container, Template, Version
from rehearsal.operators.openshift_ai.versions.webhooks import webhook

KSERVE_RELEASES = ({"name": "KServe", "version": "v0.14.0", "repoUrl": "https://github.com/kserve/kserve/"},)
MESH_RELEASES = (
    {"name": "ModelMesh Serving", "version": "v0.12.0", "repoUrl": "https://github.com/kserve/modelmesh-serving/"},
)
COMPONENTS = (
    Component("codeflare", "CodeFlare", "CodeFlareReady", "codeflare", "codeflare", ("codeflare-operator-manager",)),
    Component("dashboard", "Dashboard", "DashboardReady", "dashboard", "rhods-dashboard"),
    Component(
        "datasciencepipelines",
        "DataSciencePipelines",
        "DataSciencePipelinesReady",
        "data-science-pipelines-operator",
        "data-science-pipelines-operator",
        ("data-science-pipelines-operator-controller-manager",),
    ),
    Component(
        "feastoperator",
        "FeastOperator",
        "FeastOperatorReady",
        "feastoperator",
        "feastoperator",
        ("feast-operator-controller-manager",),
    ),
    Component("kserve", "Kserve", "KserveReady", "kserve", "kserve", releases=KSERVE_RELEASES),
    Component("kueue", "Kueue", "KueueReady", "kueue", "kueue", ("kueue-controller-manager",)),
    Component(
        "llamastackoperator",
        "LlamaStackOperator",
        "LlamaStackOperatorReady",
        "llamastackoperator",
        "llamastackoperator",
        ("llama-stack-k8s-operator-controller-manager",),
    ),
    Component("", "ModelController", "ModelControllerReady", "", "odh-model-controller"),
    Component(
        "modelmeshserving",
        "ModelMeshServing",
        "ModelMeshServingReady",
        "model-mesh",
        "model-mesh",
        releases=MESH_RELEASES,
    ),
    Component(
        "modelregistry",
        "ModelRegistry",
        "ModelRegistryReady",
        "model-registry-operator",
        "model-registry-operator",
        ("model-registry-operator-controller-manager",),
    ),
    Component("ray", "Ray", "RayReady", "ray", "ray", ("kuberay-operator",)),
    Component(
        "trainingoperator",
        "TrainingOperator",
        "TrainingOperatorReady",
        "trainingoperator",
        "trainingoperator",
        ("kubeflow-training-operator",),
    ),
    Component(
        "trustyai",
        "TrustyAI",
        "TrustyAIReady",
        "trustyai",
        "trustyai",
        ("trustyai-service-operator-controller-manager",),
    ),
    Component(
        "workbenches",
        "Workbenches",
        "WorkbenchesReady",
        "workbenches",
        "workbenches",
        ("notebook-controller-deployment", "odh-notebook-controller-manager"),
    ),
)

DASHBOARD = (
    Container("rhods-dashboard", "odh-dashboard", (8080,)),
    Container("oauth-proxy", "odh-oauth-proxy", (8443,)),
    Container("model-registry-ui", "odh-mod-arch-model-registry", (8043,)),
)
OVMS = ("openvino_ir", "onnx", "tensorflow", "paddle", "pytorch")
TEMPLATES = (
    Template(
        "caikit-standalone-serving-template",
        "caikit-standalone-runtime",
        "Caikit Standalone ServingRuntime for KServe",
        "single",
        ("caikit",),
    ),
    Template(
        "caikit-tgis-serving-template",
        "caikit-tgis-runtime",
        "Caikit TGIS ServingRuntime for KServe",
        "single",
        ("caikit",),
    ),
    Template(
        "guardrails-detector-huggingface-serving-template",
        "guardrails-detector-huggingface-runtime",
        "Hugging Face Detector ServingRuntime for KServe",
        "single",
        ("guardrails-detector-huggingface",),
    ),
    Template("kserve-ovms", "kserve-ovms", "OpenVINO Model Server", "single", OVMS),
    Template("ovms", "ovms-1.x", "OpenVINO Model Server", "multi", ("openvino_ir", "onnx", "tensorflow")),
    *(
        Template(
            f"vllm-{name}-runtime-template",
            f"vllm-{name}-runtime",
            f"vLLM {name} ServingRuntime for KServe",
            "single",
            ("vLLM",),
            shown=name != "multinode",
        )
        for name in ("cpu", "cuda", "gaudi", "multinode", "rocm", "spyre")
    ),
)

DSC = ("datasciencecluster.opendatahub.io", "v1", "datascienceclusters")
DSCI = ("dscinitialization.opendatahub.io", "v1", "dscinitializations")
WRITE = ("CREATE", "UPDATE")
ISVC = ("serving.kserve.io", "v1beta1", "inferenceservices")
NOTEBOOK = ("kubeflow.org", "v1", "notebooks")
WEBHOOKS = (
    webhook("datasciencecluster-validator", "V", "/validate-datasciencecluster", ("CREATE",), DSC),
    webhook("datasciencecluster-defaulter", "M", "/mutate-datasciencecluster", WRITE, DSC),
    webhook("dscinitialization-validator", "V", "/validate-dscinitialization", ("CREATE", "DELETE"), DSCI),
    webhook("connection-isvc", "M", "/platform-connection-isvc", WRITE, ISVC),
    webhook("connection-notebook", "M", "/platform-connection-notebook", WRITE, NOTEBOOK),
    webhook("hardwareprofile-kserve-injector", "M", "/mutate-hardware-profile", WRITE, ISVC),
    webhook("hardwareprofile-notebook-injector", "M", "/mutate-hardware-profile", WRITE, NOTEBOOK),
)

MANAGED, REMOVED = {"managementState": "Managed"}, {"managementState": "Removed"}
VERSION = Version(
    number="2.25.10",
    era="2.25",
    api="v1",
    replicas=3,
    components=COMPONENTS,
    dashboard=DASHBOARD,
    dashboard_replicas=2,
    templates=TEMPLATES,
    registry_suffix="rhel9",
    webhooks=WEBHOOKS,
    kserve_config={
        "deploy": {"defaultDeploymentMode": "RawDeployment"},
        "ingress": {"disableIngressCreation": True, "ingressDomain": "example.com", "urlScheme": "https"},
        "service": {"serviceClusterIPNone": True},
        "storageInitializer": {"memoryLimit": "24Gi", "enableDirectPvcVolumeMount": True, "enableModelcar": True},
        "security": {"autoMountServiceAccountToken": False},
    },
    initialization={
        **{item.key: MANAGED for item in COMPONENTS if item.key},
        "feastoperator": REMOVED,
        "llamastackoperator": REMOVED,
        "kserve": {
            **MANAGED,
            "nim": MANAGED,
            "serving": {
                "ingressGateway": {"certificate": {"type": "OpenshiftDefaultIngress"}},
                "managementState": "Managed",
                "name": "knative-serving",
            },
        },
    },
)
