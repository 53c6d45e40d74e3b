"""OpenShift AI 2.8: the ModelMesh era, without webhooks and component resources."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.operators.openshift_ai.versions import rows
from rehearsal.operators.openshift_ai.versions.rows import MANAGED, REMOVED
from rehearsal.operators.openshift_ai.versions.version import Component, Container, Template, Version


def lower(row: Component, condition: str = "") -> Component:
    """The row as 2.8 has it: its condition is named after the component, in lower case."""
    return replace(row, condition=condition or f"{row.installed}Ready")


# in the order in which 2.8 works through them
COMPONENTS = (
    lower(rows.DASHBOARD),
    lower(rows.WORKBENCHES),
    lower(rows.MODELMESH),
    lower(rows.PIPELINES),
    lower(rows.KSERVE),
    lower(rows.KUEUE),
    lower(rows.CODEFLARE),
    lower(rows.RAY),
    lower(rows.TRUSTYAI, "trustyaiDeprecated"),
)
DASHBOARD = (
    Container("rhods-dashboard", "odh-dashboard", (8080,)),
    Container("oauth-proxy", "odh-oauth-proxy", (8443,)),
)
TEMPLATES = (
    rows.CAIKIT_TGIS,
    rows.single_ovms(),
    rows.MULTI_OVMS,
    Template(
        "tgis-grpc-serving-template",
        "tgis-grpc-runtime",
        "TGIS Standalone ServingRuntime for KServe",
        "single",
        ("pytorch",),
    ),
)
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
