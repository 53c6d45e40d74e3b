"""An Argo CD of somebody else: whether it can deliver the demo."""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.connection import decoded
from bootstrap.doctor.finding import Finding
from bootstrap.doctor.sight import Sight, known
from bootstrap.facts import RHODS, version_of
from bootstrap.kube.objects import Obj, Ref, dig

HERE = "https://kubernetes.default.svc"  # the cluster that an Argo CD runs in
DISABLED = "DISABLE_DEFAULT_ARGOCD_INSTANCE"
DEFAULT = Ref("argoproj.io/v1beta1", "ArgoCD", "openshift-gitops", "openshift-gitops")
WITH_PATCHES = (1, 11)  # its Argo CD 2.9 is the first with spec.source.kustomize.patches
DIRECT = "set DELIVERY=direct"


def of_somebody_else(sight: Sight) -> Iterator[Finding]:
    """Find what keeps an Argo CD that was there before from delivering."""
    if sight.delivery != "gitops":
        return
    yield from confined(sight)
    if known(sight).gitops.adopted:
        yield from without_instance(sight)
        yield from too_old(sight)


def confined(sight: Sight) -> Iterator[Finding]:
    """Find an instance that manages a few namespaces only."""
    for secret in sight.argocd_clusters:
        data = decoded(secret)
        if data.get("server") == HERE and "namespaces" in data:
            what = f"manages only the namespaces {', '.join(data['namespaces'].split(','))}"
            why = "it delivers nothing into others, and nothing that lies in none"
            step = f"{DIRECT}, or have its namespace named in ARGOCD_CLUSTER_CONFIG_NAMESPACES of its operator"
            yield Finding(str(known(sight).argocd), what, why, step)


def without_instance(sight: Sight) -> Iterator[Finding]:
    """Find an operator that is told to make no instance of its own: there is none, or only those of other people."""
    facts, subscription = known(sight), known(sight).gitops.subscription
    if subscription is None or not disabled(subscription) or DEFAULT in map(Ref.of, facts.argocds):
        return
    why = f"{facts.argocd} would deliver the demo, whoever it belongs to" if facts.argocds else "nothing would deliver"
    what = f"sets {DISABLED}, so there is no {DEFAULT}"
    step = f"{DIRECT}, or take the variable out of its spec.config.env"
    yield Finding(str(Ref.of(subscription)), what, why, step, blocks=not facts.argocds)


def disabled(subscription: Obj) -> bool:
    """Say whether a Subscription tells the operator to make no default instance."""
    env = dig(subscription, "spec", "config", "env", default=[])
    return any(one.get("name") == DISABLED and str(one.get("value")).lower() == "true" for one in env)


def too_old(sight: Sight) -> Iterator[Finding]:
    """Find an operator whose Applications take no patches."""
    csv = known(sight).gitops.csv
    if csv is None or not () < version_of(Ref.of(csv).name) < WITH_PATCHES:
        return
    why = "channel and catalog of OpenShift AI, and what settings change, are patches of an Application"
    # nothing else is patched unless a setting asks for it
    blocks = any(operator.package == RHODS for operator, _ in sight.installing)
    what = "knows no spec.source.kustomize.patches, which came with OpenShift GitOps 1.11"
    yield Finding(str(Ref.of(csv)), what, why, f"{DIRECT}, or update OpenShift GitOps", blocks=blocks)
