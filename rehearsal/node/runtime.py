"""What all pods of the agent share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.api import Api
from rehearsal.cluster import NODE_IP, Cluster
from rehearsal.fault_file import FaultFile
from rehearsal.images.table import Image
from rehearsal.node.children import Children
from rehearsal.node.events import Events
from rehearsal.node.pod_volumes import PodVolumes
from rehearsal.node.records import PodFacts
from rehearsal.node.sandbox import Addresses
from rehearsal.node.spec import Facts
from rehearsal.node.store import Store

Obj = dict[str, Any]


@dataclass(slots=True)
class Runtime:
    """The agent's connections and tables."""

    cluster: Cluster
    api: Api
    store: Store
    children: Children
    events: Events
    faults: FaultFile
    find_image: Callable[[str], Image]
    addresses: Addresses = field(default_factory=Addresses)
    pulled: set[str] = field(default_factory=set)

    @property
    def allocatable(self) -> dict[str, str]:
        return {"cpu": str(self.cluster.cpu), "memory": self.cluster.memory}


@dataclass(slots=True)
class PodContext:
    """One pod as its containers see it."""

    runtime: Runtime
    pod: Obj
    facts: PodFacts
    folder: Path
    volumes: PodVolumes
    changed: Callable[[], None]
    netns: Path | None = None
    stopping: bool = False

    def known(self) -> Facts:
        """The values of fieldRef and resourceFieldRef."""
        return Facts(self.facts.ip, NODE_IP, self.runtime.allocatable)

    def tell(self, reason: str, message: str, container: str = "", warning: bool = False) -> None:
        self.runtime.events.tell(self.pod, reason, message, container, warning)

    @property
    def title(self) -> str:
        """The pod as a kubelet's messages name it."""
        metadata = self.pod["metadata"]
        return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
