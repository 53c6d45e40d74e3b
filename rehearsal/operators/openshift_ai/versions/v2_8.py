"""OpenShift AI 2.8: the ModelMesh era, without webhooks and component resources."""

from __future__ import annotations

from rehearsal.operators.openshift_ai.versions.version import Component, Container, Template, Version

# in the order in which 2.8 works through them
COMPONENTS = (
    Component("dashboard", "Dashboard", "dashboardReady", "dashboard", "rhods-dashboard"),
    Component(
        "workbenches",
        "Workbenches",
        "workbenchesReady",
        "workbenches",
        "workbenches",
        ("notebook-controller-deployment", "odh-notebook-controller-manager"),
    ),
    Component("modelmeshserving", "ModelMeshServing", "model-meshReady", "model-mesh", "model-mesh"),
    Component(
        "datasciencepipelines",
        "DataSciencePipelines",
        "data-science-pipelines-operatorReady",
        "data-science-pipelines-operator",
        "data-science-pipelines-operator",
        ("data-science-pipelines-operator-controller-manager",),
    ),
    Component("kserve", "Kserve", "kserveReady", "kserve", "kserve"),
    Component("kueue", "Kueue", "kueueReady", "kueue", "kueue", ("kueue-controller-manager",)),
    Component("codeflare", "CodeFlare", "codeflareReady", "codeflare", "codeflare", ("codeflare-operator-manager",)),
    Component("ray", "Ray", "rayReady", "ray", "ray", ("kuberay-operator",)),
    Component(
        "trustyai",
        "TrustyAI",
        "trustyaiDeprecated",
        "trustyai",
        "trustyai",
        ("trustyai-service-operator-controller-manager",),
    ),
)
DASHBOARD = (
    Container("rhods-dashboard", "odh-dashboard", (8080,)),
    Container("oauth-proxy", "odh-oauth-proxy", (8443,)),
)
OVMS = ("openvino_ir", "onnx", "tensorflow")
TEMPLATES = (
    Template(
        "caikit-tgis-serving-template",
        "caikit-tgis-runtime",
        "Caikit TGIS ServingRuntime for KServe",
        "single",
        ("caikit",),
    ),
    Template("kserve-ovms", "kserve-ovms", "OpenVINO Model Server", "single", OVMS),
    Template("ovms", "ovms-1.x", "OpenVINO Model Server", "multi", OVMS),
    Template(
        "tgis-grpc-serving-template",
        "tgis-grpc-runtime",
        "TGIS Standalone ServingRuntime for KServe",
        "single",
        ("pytorch",),
    ),
)
MANAGED, REMOVED = {"managementState": "Managed"}, {"managementState": "Removed"}
VERSION = Version(
    number="2.8.5",
    era="2.8",
    api="v1",
    replicas=1,
    components=COMPONENTS,
    dashboard=DASHBOARD,
    dashboard_replicas=5,
    templates=TEMPLATES,
    registry_suffix="rhel8",
    kserve_config={
        "deploy": {"defaultDeploymentMode": "RawDeployment"},
        "ingress": {"disableIngressCreation": True, "ingressDomain": "example.com", "urlScheme": "https"},
        "storageInitializer": {"memoryLimit": "1Gi", "enableDirectPvcVolumeMount": False, "enableModelcar": False},
    },
    initialization={
        **dict.fromkeys(("dashboard", "datasciencepipelines", "modelmeshserving", "workbenches"), MANAGED),
        "kserve": {
            **MANAGED,
            "serving": {
                "ingressGateway": {"certificate": {"type": "SelfSigned"}},
                "managementState": "Managed",
                "name": "knative-serving",
            },
        },
        **dict.fromkeys(("codeflare", "kueue", "ray"), REMOVED),
    },
)
