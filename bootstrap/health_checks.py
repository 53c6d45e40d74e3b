"""How Argo CD judges kinds that it does not know; only an instance that we installed is told."""

from __future__ import annotations

from bootstrap import manifests
from bootstrap.facts import DSC_GROUP
from bootstrap.kube.objects import Obj, Ref

SCRIPT = manifests.ROOT / "gitops" / "health" / "opendatahub.lua"
KINDS = ((DSC_GROUP, "DataScienceCluster"), ("dscinitialization.opendatahub.io", "DSCInitialization"))


def checks(argocd: Ref) -> list[Obj]:
    """Return the one field of the Argo CD instance that tells it; nothing else of it is ours."""
    script = SCRIPT.read_text()
    told = [{"group": group, "kind": kind, "check": script} for group, kind in KINDS]
    meta = {"name": argocd.name, "namespace": argocd.namespace}
    return [
        {
            "apiVersion": argocd.api_version,
            "kind": argocd.kind,
            "metadata": meta,
            "spec": {"resourceHealthChecks": told},
        }
    ]
