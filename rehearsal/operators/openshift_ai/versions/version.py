"""The shape of a version's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OPERATOR_NAMESPACE = "redhat-ods-operator"
APPLICATIONS = "redhat-ods-applications"
MONITORING = "redhat-ods-monitoring"
CSV_PREFIX = "rhods-operator"


@dataclass(frozen=True, slots=True)
class Component:
    """One component: how the DataScienceCluster names it, and what it leaves on the cluster."""

    key: str  # in spec.components; "" for the model controller, which has none
    kind: str  # of its own custom resource (2.25 and later)
    condition: str  # in the DataScienceCluster's status
    installed: str  # in status.installedComponents, and the legacy name in conditions of 2.8
    legacy: str = ""  # in the labels app.opendatahub.io/<legacy>
    idle: tuple[str, ...] = ()  # Deployments without a program of their own: stand-ins that only answer probes
    releases: tuple[Mapping[str, str], ...] = ()
    needs: str = ""  # what this rehearsal cannot give it: the error it then reports
    v2_only: bool = False

    @property
    def lower(self) -> str:
        """The kind in lower case, as labels and field managers use it."""
        return self.kind.lower()

    @property
    def plural(self) -> str:
        """The resource of its kind."""
        return {"kueue": "kueues", "trustyai": "trustyais", "workbenches": "workbenches"}.get(
            self.lower, self.lower if self.lower.endswith("pipelines") else _plural(self.lower)
        )

    @property
    def name(self) -> str:
        """The name of its one custom resource."""
        return f"default-{self.lower}"


@dataclass(frozen=True, slots=True)
class Container:
    """A container of the dashboard's pod: its port, its request, and whether anything real runs in it."""

    name: str
    image: str
    ports: tuple[int, ...]
    cpu: str = "500m"
    memory: str = "1Gi"


@dataclass(frozen=True, slots=True)
class Template:
    """A serving runtime that the product ships."""

    name: str
    runtime: str
    display: str
    platform: str  # "single" or "multi"
    formats: tuple[str, ...]
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the operator."""

    number: str
    era: str
    api: str  # version of DataScienceCluster and DSCInitialization that is stored
    replicas: int
    components: tuple[Component, ...]  # in the order of the status
    dashboard: tuple[Container, ...]
    dashboard_replicas: int
    templates: tuple[Template, ...]
    kserve_config: Mapping[str, Mapping[str, Any]]
    registry_suffix: str  # of image names
    webhooks: tuple[Mapping[str, Any], ...] = ()
    initialization: Mapping[str, Any] = field(default_factory=dict)  # components of the sample DataScienceCluster

    @property
    def csv(self) -> str:
        """The name of its ClusterServiceVersion."""
        return f"{CSV_PREFIX}.{self.number}"

    def image(self, name: str) -> str:
        """The reference of one of its images."""
        return f"registry.redhat.io/rhoai/{name}-{self.registry_suffix}:v{self.number}"


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("ry") else f"{word}s"
