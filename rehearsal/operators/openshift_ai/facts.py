"""What the operator reads from the cluster before it makes anything."""

from __future__ import annotations

from dataclasses import dataclass

from rehearsal.api import Obj
from rehearsal.operators.openshift_ai.versions import Version
from rehearsal.operators.world import World

CONFIG = "config.openshift.io/v1"


@dataclass(frozen=True, slots=True)
class Facts:
    """The version that runs, and the addresses of this cluster."""

    version: Version
    apps_domain: str
    console_domain: str = ""  # the domain of Route openshift-console/console; "" where it is missing

    @property
    def gateway_domain(self) -> str:
        """The host of the 3.4 dashboard."""
        return f"rh-ai.{self.apps_domain}"


async def gather(world: World, version: Version) -> Facts:
    """The facts as the cluster states them now."""
    ingress = await world.find(CONFIG, "Ingress", "cluster")
    console = await world.find("route.openshift.io/v1", "Route", "console", "openshift-console")
    return Facts(version, _domain(ingress), _host(console).partition(".")[2])


def _domain(ingress: Obj | None) -> str:
    return str(((ingress or {}).get("spec") or {}).get("domain", ""))


def _host(route: Obj | None) -> str:
    return str(((route or {}).get("spec") or {}).get("host", ""))
