"""What OpenShift AI 3 needs of Service Mesh: without it there is no gateway, and no component comes up at all."""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.doctor.finding import Finding
from bootstrap.doctor.sight import Sight, release
from bootstrap.facts import MARKETPLACE, RHODS
from bootstrap.kube.objects import Ref, dig

GATEWAY_SINCE = (3,)
CATALOG = "redhat-operators"  # fixed in the Deployment of OpenShift's ingress operator


def gateway(sight: Sight) -> Iterator[Finding]:
    """Find what may keep OpenShift's ingress operator from bringing up Service Mesh 3.

    Nothing of it blocks: newer releases of OpenShift bring Istio without OLM, and whether 2 is in the way of 3 is not
    known for sure.
    """
    rhods = any(operator.package == RHODS for operator, _ in sight.installing)
    if not rhods or release(sight) < GATEWAY_SINCE:
        return
    packages = {dig(obj, "spec", "name"): Ref.of(obj) for obj in sight.subscriptions}
    there = {Ref.of(obj).name for obj in sight.catalogs if Ref.of(obj).namespace == MARKETPLACE}
    needed = {sight.settings.catalog_source or operator.source or CATALOG for operator, _ in sight.installing}
    # of a catalog that we need ourselves, the check of the catalogs tells
    if CATALOG not in needed | there and "servicemeshoperator3" not in packages:
        yield Finding(
            f"CatalogSource {MARKETPLACE}/{CATALOG}",
            "does not exist",
            "OpenShift installs Service Mesh 3 from a catalog of that name for the gateway of OpenShift AI 3, and "
            "without a gateway none of its components comes up",
            f"make a CatalogSource {CATALOG} of that mirror, or install package servicemeshoperator3 first",
            blocks=False,
        )
    if "servicemeshoperator" in packages:
        yield Finding(
            str(packages["servicemeshoperator"]),
            "Service Mesh 2 is installed",
            "the gateway of OpenShift AI 3 is made by Service Mesh 3, which it may keep from coming up",
            "remove it if nobody uses it, or set RHODS_CHANNEL to one that brings OpenShift AI 2",
            blocks=False,
        )
