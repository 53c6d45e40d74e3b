"""Operators that stage rhods brings beside its own: folders and lines of YAML, no Python (CONTRIBUTING.md says how)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from bootstrap import manifests
from bootstrap.errors import DemoError
from bootstrap.kube.objects import Obj, Ref
from bootstrap.manifests import Changes, replace

if TYPE_CHECKING:
    from bootstrap.desired import Desired, Plan
    from bootstrap.facts import Operator

INDEX, STAGE = "operators.yml", "rhods/operators.yml"


@dataclass(frozen=True, slots=True)
class ExtraOperator:
    """One such operator: its folders below `manifests`, its title, and what its Subscription says."""

    folder: str
    title: str
    subscription: Obj
    instances: tuple[Obj, ...]

    @property
    def package(self) -> str:
        """Return the package that OLM installs."""
        return str(self.subscription["spec"]["name"])

    @property
    def channel(self) -> str:
        """Return the channel that its manifest pins."""
        return str(self.subscription["spec"]["channel"])

    @property
    def namespace(self) -> str:
        """Return the namespace that the operator runs in."""
        return str(self.subscription["metadata"]["namespace"])

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Return group and kind of its custom resources."""
        return tuple(sorted({(Ref.of(obj).group, Ref.of(obj).kind) for obj in self.instances}))


def read(name: str) -> Any:
    """Return what a YAML file below `manifests` says; one with comments alone says nothing."""
    return yaml.safe_load((manifests.ROOT / name).read_text())


@cache
def extra_operators() -> tuple[ExtraOperator, ...]:
    """Return the operators that the stage names, in its order."""
    titles: dict[str, str] = read(INDEX) or {}
    names: list[str] = read(STAGE) or []
    if lost := [name for name in names if name not in titles]:
        raise DemoError(
            f"manifests/{STAGE}: {', '.join(lost)} has no line in manifests/{INDEX}; add `<folder>: <title>`"
        )
    return tuple(load(name, titles[name]) for name in names)


def load(folder: str, title: str) -> ExtraOperator:
    """Return one operator from its two folders."""
    subscriptions = [obj for obj in manifests.build(f"{folder}/operator") if obj["kind"] == "Subscription"]
    if len(subscriptions) != 1:
        raise DemoError(f"manifests/{folder}/operator: has {len(subscriptions)} Subscriptions; one operator has one")
    return ExtraOperator(folder, title, subscriptions[0], tuple(manifests.build(f"{folder}/instance")))


def bring(plan: Plan, desired: Desired) -> None:
    """Add these operators to what a stage applies and awaits; one of somebody else is used as it is."""
    from bootstrap.awaited import Awaited

    for extra in extra_operators():
        found = plan.facts.others.get(extra.package)
        subscription = found.subscription if found and found.adopted else None
        if found and found.adopted:
            desired.adopted += [Ref.of(obj) for obj in (subscription,) if obj]
        else:
            subscription = extra.subscription
            desired.applied.setdefault("operator", []).extend(objects(plan, extra, found))
        # applied by Ansible in either delivery: Argo CD would need rights on kinds that nobody knows before
        made = manifests.build(f"{extra.folder}/instance", plan.moved())
        desired.applied.setdefault("instance", []).extend(made)
        desired.awaited["operator"] += [Awaited(Ref.of(obj)) for obj in (subscription,) if obj]
        desired.awaited["instance"] += [Awaited(Ref.of(obj)) for obj in made]


def objects(plan: Plan, extra: ExtraOperator, found: Operator | None) -> list[Obj]:
    """Return namespace, OperatorGroup and Subscription, from the catalog that the settings name; one there is kept."""
    live = found.subscription["spec"] if found and found.subscription else {}
    wanted = {"channel": live.get("channel"), "source": live.get("source") or plan.settings.catalog_source}
    values = {f"/spec/{key}": value for key, value in wanted.items() if value}
    patches = [replace("Subscription", Ref.of(extra.subscription).name, values)] if values else []
    return manifests.build(f"{extra.folder}/operator", Changes(patches=patches) if patches else None)
