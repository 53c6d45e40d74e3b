"""Components and Templates that several releases have, as one row each."""

from __future__ import annotations

from rehearsal.operators.openshift_ai.versions.version import Component, Template

MANAGED, REMOVED = {"managementState": "Managed"}, {"managementState": "Removed"}


def component(key: str, kind: str, name: str, *deployments: str) -> Component:
    """A component that is called the same everywhere, and its condition after its kind."""
    return Component(key, kind, f"{kind}Ready", name, name, deployments)


PIPELINES = component(
    "datasciencepipelines",
    "DataSciencePipelines",
    "data-science-pipelines-operator",
    "data-science-pipelines-operator-controller-manager",
)
CODEFLARE = component("codeflare", "CodeFlare", "codeflare", "codeflare-operator-manager")
DASHBOARD = Component("dashboard", "Dashboard", "DashboardReady", "dashboard", "rhods-dashboard")
FEAST = component("feastoperator", "FeastOperator", "feastoperator", "feast-operator-controller-manager")
KSERVE = component("kserve", "Kserve", "kserve")
KUEUE = component("kueue", "Kueue", "kueue", "kueue-controller-manager")
LLAMA = component(
    "llamastackoperator", "LlamaStackOperator", "llamastackoperator", "llama-stack-k8s-operator-controller-manager"
)
MODEL_CONTROLLER = Component("", "ModelController", "ModelControllerReady", "", "odh-model-controller")
MODELMESH = component("modelmeshserving", "ModelMeshServing", "model-mesh")
REGISTRY = component(
    "modelregistry",
    "ModelRegistry",
    "model-registry-operator",
    "model-registry-operator-controller-manager",
)
RAY = component("ray", "Ray", "ray", "kuberay-operator")
TRAINING = component("trainingoperator", "TrainingOperator", "trainingoperator", "kubeflow-training-operator")
TRUSTYAI = component("trustyai", "TrustyAI", "trustyai", "trustyai-service-operator-controller-manager")
WORKBENCHES = component(
    "workbenches",
    "Workbenches",
    "workbenches",
    "notebook-controller-deployment",
    "odh-notebook-controller-manager",
)

OVMS = ("openvino_ir", "onnx", "tensorflow")


def template(name: str, title: str, *formats: str) -> Template:
    """A Template for one model, of a runtime that is called like it."""
    return Template(
        f"{name}-serving-template", f"{name}-runtime", f"{title} ServingRuntime for KServe", "single", formats
    )


CAIKIT_TGIS = template("caikit-tgis", "Caikit TGIS", "caikit")
GUARDRAILS = template("guardrails-detector-huggingface", "Hugging Face Detector", "guardrails-detector-huggingface")
MULTI_OVMS = Template("ovms", "ovms-1.x", "OpenVINO Model Server", "multi", OVMS)


def single_ovms(*more: str) -> Template:
    """OpenVINO for KServe, which takes more formats in later releases."""
    return Template("kserve-ovms", "kserve-ovms", "OpenVINO Model Server", "single", (*OVMS, *more))


def vllm(*names: str) -> tuple[Template, ...]:
    """vLLM for these kinds of machines; the one for several nodes is not shown."""
    return tuple(
        Template(
            f"vllm-{name}-runtime-template",
            f"vllm-{name}-runtime",
            f"vLLM {name} ServingRuntime for KServe",
            "single",
            ("vLLM",),
            shown=name != "multinode",
        )
        for name in names
    )


def raw_kserve(scheme: str) -> dict[str, dict[str, object]]:
    """KServe's own settings where plain Deployments are its default; releases differ in the scheme of addresses."""
    return {
        "deploy": {"defaultDeploymentMode": "RawDeployment"},
        "ingress": {"disableIngressCreation": True, "ingressDomain": "example.com", "urlScheme": scheme},
        "service": {"serviceClusterIPNone": True},
        "storageInitializer": {"memoryLimit": "24Gi", "enableDirectPvcVolumeMount": True, "enableModelcar": True},
        "security": {"autoMountServiceAccountToken": False},
    }
