"""OpenShift AI 2.25: DataScienceCluster v1, KServe and ModelMesh, Service Mesh wanted by default."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.operators.openshift_ai.versions import rows
from rehearsal.operators.openshift_ai.versions.rows import MANAGED, REMOVED
from rehearsal.operators.openshift_ai.versions.version import Container, Version
from rehearsal.operators.openshift_ai.versions.webhooks import webhook

KSERVE_RELEASES = ({"name": "KServe", "version": "v0.14.0", "repoUrl": "https://github.com/kserve/kserve/"},)
MESH_RELEASES = (
    {"name": "ModelMesh Serving", "version": "v0.12.0", "repoUrl": "https://github.com/kserve/modelmesh-serving/"},
)
COMPONENTS = (
    rows.CODEFLARE,
    rows.DASHBOARD,
    rows.PIPELINES,
    rows.FEAST,
    replace(rows.KSERVE, releases=KSERVE_RELEASES),
    rows.KUEUE,
    rows.LLAMA,
    rows.MODEL_CONTROLLER,
    replace(rows.MODELMESH, releases=MESH_RELEASES),
    rows.REGISTRY,
    rows.RAY,
    rows.TRAINING,
    rows.TRUSTYAI,
    rows.WORKBENCHES,
)
DASHBOARD = (
    Container("rhods-dashboard", "odh-dashboard", (8080,)),
    Container("oauth-proxy", "odh-oauth-proxy", (8443,)),
    Container("model-registry-ui", "odh-mod-arch-model-registry", (8043,)),
)
TEMPLATES = (
    rows.template("caikit-standalone", "Caikit Standalone", "caikit"),
    rows.CAIKIT_TGIS,
    rows.GUARDRAILS,
    rows.single_ovms("paddle", "pytorch"),
    rows.MULTI_OVMS,
    *rows.vllm("cpu", "cuda", "gaudi", "multinode", "rocm", "spyre"),
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
    kserve_config=rows.raw_kserve("https"),
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
