"""How a version's data names an admission webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SUFFIX = "opendatahub.io"


def webhook(
    name: str, kind: str, path: str, operations: tuple[str, ...], resource: tuple[str, str, str]
) -> Mapping[str, Any]:
    """A webhookdefinition of the CSV; kind V validates, M mutates."""
    group, version, plural = resource
    return {
        "generateName": f"{name}.{SUFFIX}",
        "type": "ValidatingAdmissionWebhook" if kind == "V" else "MutatingAdmissionWebhook",
        "webhookPath": path,
        "admissionReviewVersions": ["v1"],
        "containerPort": 443,
        "targetPort": 9443,
        "deploymentName": "rhods-operator",
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "rules": [
            {"apiGroups": [group], "apiVersions": [version], "operations": list(operations), "resources": [plural]}
        ],
    }
