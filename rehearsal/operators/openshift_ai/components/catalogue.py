"""Which objects a component consists of, whatever component it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from rehearsal.api import Obj
from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.components import dashboard, kserve, modelcontroller, modelmesh
from rehearsal.operators.openshift_ai.facts import Facts
from rehearsal.operators.openshift_ai.initialization import GENERATED
from rehearsal.operators.openshift_ai.versions import Component

NOTEBOOKS = "rhods-notebooks"


@dataclass(frozen=True, slots=True)
class Parts:
    """A component's objects by how they are treated."""

    owned: list[Obj] = field(default_factory=list)  # applied, and gone with their owner
    crds: list[Obj] = field(default_factory=list)  # applied first, without an owner
    once: list[Obj] = field(default_factory=list)  # created, then left to the users
    unowned: list[Obj] = field(default_factory=list)  # applied, but left behind


def parts(component: Component, facts: Facts, spec: Obj) -> Parts:
    """The objects of a component for this cluster."""
    version = facts.version
    match component.kind:
        case "Dashboard":
            found = dashboard.objects(facts, spec)
            templates = modelcontroller.templates(version) if version.era == "2.8" else []
            return _split([*found, *templates], once=dashboard.created_once(facts))
        case "Kserve":
            return _split([*kserve.custom_resources(), *kserve.objects(facts, spec)])
        case "ModelMeshServing":
            return _split([*modelmesh.custom_resources(), *modelmesh.objects(facts, spec)])
        case "ModelController":
            mine = [*modelcontroller.objects(facts, spec), *modelcontroller.templates(version)]
            return _split(mine, unowned=("MutatingWebhookConfiguration",))
        case _:
            return Parts(owned=_others(component, facts))


def _split(objects: list[Obj], once: list[Obj] | None = None, unowned: tuple[str, ...] = ()) -> Parts:
    crds = [item for item in objects if item["kind"] == "CustomResourceDefinition"]
    left = [item for item in objects if item["kind"] in unowned]
    mine = [item for item in objects if item["kind"] not in ("CustomResourceDefinition", *unowned)]
    return Parts(mine, crds, once or [], left)


def _others(component: Component, facts: Facts) -> list[Obj]:
    """Components that the demo does not use: their Deployments exist and are ready, and nothing runs in them."""
    found = [m.idle_deployment(name, facts.version.image(f"odh-{name}")) for name in component.idle]
    if component.kind == "Workbenches":
        found.append(m.namespace(NOTEBOOKS, GENERATED))
    return found
