"""Room for what a run adds: on nodes, in quotas, and for a volume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from bootstrap.doctor.finding import Check, Finding
from bootstrap.doctor.sight import Sight, adds, release
from bootstrap.facts import GITOPS, RHODS
from bootstrap.kube.objects import Obj, Ref, conditions, dig
from bootstrap.kube.quantity import amount

DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Need:
    """CPU and memory that pods ask for."""

    cpu: Decimal = ZERO
    memory: Decimal = ZERO

    def __add__(self, other: Need) -> Need:
        return Need(self.cpu + other.cpu, self.memory + other.memory)

    def __sub__(self, other: Need) -> Need:
        return Need(self.cpu - other.cpu, self.memory - other.memory)

    def fits(self, free: Need) -> bool:
        """Say whether this much is free."""
        return self.cpu <= free.cpu and self.memory <= free.memory

    def __str__(self) -> str:
        return f"{float(self.cpu):.1f} CPU and {float(self.memory / 2**30):.1f} GiB"


def need(cpu: str, memory: str) -> Need:
    """Return quantities as a need."""
    return Need(amount(cpu) or ZERO, amount(memory) or ZERO)


# sums of the requests of what each brings: the largest pod of it, and all of it
LARGEST = {
    "gitops": need("250m", "1Gi"),
    "storage": need("100m", "256Mi"),
    "serving": need("500m", "1Gi"),
}
ALL = {**LARGEST, "gitops": need("1700m", "2400Mi")}
# the same of OpenShift AI, since a release: a pod of the dashboard; all of those, the operator and what serves.
# Where the product has it: rehearsal/operators/openshift_ai (versions, bundle, components), which a test adds up.
# The dashboards of what lies between 2.8 and 2.25 are not known; the smaller figure refuses nobody wrongly
OPENSHIFT_AI = {
    (3,): (need("3100m", "5632Mi"), need("7900m", "12400Mi")),
    (2, 9): (need("1500m", "3Gi"), need("5100m", "7300Mi")),
    (2,): (need("1", "2Gi"), need("5900m", "11000Mi")),
}


def asked(sight: Sight, stage: str) -> tuple[Need, Need]:
    """Return the largest pod that a stage brings, and all that it brings."""
    if stage != "rhods":
        return LARGEST[stage], ALL[stage]
    version = release(sight) or (2, 9)
    return next((needs for since, needs in OPENSHIFT_AI.items() if version >= since), OPENSHIFT_AI[(2, 9)])


def added(sight: Sight) -> list[str]:
    """Return the stages whose pods are not there yet."""
    packages = {GITOPS: "gitops", RHODS: "rhods"}
    found = [packages[operator.package] for operator, _ in sight.installing if operator.package in packages]
    there = {stage for ref, stage in adds(sight.settings.namespace).items() if ref in sight.there}
    return found + [name for name in ("storage", "serving") if name in sight.stages and name not in there]


def requested(pod: Obj) -> Need:
    """Return what the scheduler reserves for a pod.

    >>> str(requested({"spec": {"containers": [{"resources": {"requests": {"cpu": "1500m", "memory": "1Gi"}}}]}}))
    '1.5 CPU and 1.0 GiB'
    """
    first = dig(pod, "spec", "initContainers", default=[])
    beside = [one for one in first if one.get("restartPolicy") == "Always"]
    running = total([*dig(pod, "spec", "containers", default=[]), *beside])
    starting = [total([one]) for one in first if one not in beside]
    cpu = max([running.cpu, *(one.cpu for one in starting)])
    memory = max([running.memory, *(one.memory for one in starting)])
    overhead = dig(pod, "spec", "overhead", default={})
    return Need(cpu, memory) + need(overhead.get("cpu", "0"), overhead.get("memory", "0"))


def total(containers: Iterable[Obj]) -> Need:
    """Return the sum of the requests of containers."""
    asked = (dig(one, "resources", "requests", default={}) for one in containers)
    return sum((need(one.get("cpu", "0"), one.get("memory", "0")) for one in asked), Need())


def open_nodes(sight: Sight) -> dict[str, Need]:
    """Return what is free on every node that takes pods of anybody."""
    free: dict[str, Need] = {}
    for node in sight.nodes:
        closed = dig(node, "spec", "unschedulable", default=False) or any(
            taint.get("effect") in ("NoSchedule", "NoExecute") for taint in dig(node, "spec", "taints", default=[])
        )
        if not closed and conditions(node).get("Ready", {}).get("status") == "True":
            has = dig(node, "status", "allocatable", default={})
            free[Ref.of(node).name] = need(has.get("cpu", "0"), has.get("memory", "0"))
    for pod in sight.pods:
        if (name := dig(pod, "spec", "nodeName")) in free:
            free[name] -= requested(pod)
    return free


def nodes(sight: Sight) -> Iterator[Finding]:
    """Find nodes without room for what comes."""
    stages = added(sight)
    if not stages:
        return
    # where the control plane runs elsewhere (ROSA with hosted control planes), its pools grow, and nothing here tells
    hosted = any(dig(one, "status", "controlPlaneTopology") == "External" for one in sight.infrastructures)
    free, grows = open_nodes(sight), hosted or bool(sight.autoscalers)
    names = ", ".join(stages)
    why = f"{names} {'asks' if len(stages) == 1 else 'ask'} for that much"
    step = "add a node, or remove what nobody uses"
    if not free:
        what = f"none of {len(sight.nodes)} takes pods: each is not Ready, cordoned or tainted"
        yield Finding("nodes", what, "the demo runs pods", "`oc get nodes`; uncordon one, or add one")
        return
    needs = {name: asked(sight, name) for name in stages}
    wanted, left = sum((whole for _, whole in needs.values()), Need()), sum(free.values(), Need())
    if not wanted.fits(left):
        what = f"{left} are free on {len(free)} nodes, {wanted} are needed"
        yield Finding("nodes", what, why, step, blocks=not grows)
        return
    for name, (largest, _) in needs.items():
        if not any(largest.fits(one) for one in free.values()):
            what = f"no single node has {largest} free"
            yield Finding("nodes", what, f"one pod of stage {name} asks for that much", step, blocks=not grows)


def quotas(sight: Sight) -> Iterator[Finding]:
    """Find quotas of the demo's namespace that are too small."""
    names = [name for name in added(sight) if name in ("storage", "serving")]
    wanted = sum((ALL[name] for name in names), Need())
    for quota in sight.quotas:
        hard, used = dig(quota, "spec", "hard", default={}), dig(quota, "status", "used", default={})
        for resource, asked in (("cpu", wanted.cpu), ("memory", wanted.memory)):
            for key in (f"requests.{resource}", resource):
                if key in hard and (amount(hard[key]) or ZERO) - (amount(used.get(key, "0")) or ZERO) < asked:
                    what = f"allows {key} {hard[key]}, of which {used.get(key, 0)} is used"
                    asks = "asks" if len(names) == 1 else "ask"
                    why = f"{' and '.join(names)} {asks} for {wanted}, and would be refused"
                    yield Finding(str(Ref.of(quota)), what, why, f"raise {key} in it, or delete the quota")


def classes(sight: Sight) -> Iterator[Finding]:
    """Find a cluster on which MinIO's claim would get no volume."""
    if sight.minio in sight.there or "storage" not in sight.stages:
        return
    names = sorted(Ref.of(obj).name for obj in sight.classes)
    known, asked = ", ".join(names) or "none", sight.settings.storage_class
    why = "MinIO keeps the model on a volume of it"
    if asked:
        if asked not in names:
            yield Finding(f"StorageClass {asked}", f"does not exist (there: {known})", why, "set STORAGE_CLASS to one")
        return
    chosen = [obj for obj in sight.classes if default(obj)]
    if not chosen:
        step = "set STORAGE_CLASS to one of them" if names else "install a storage driver (a CSI operator) first"
        yield Finding("StorageClass", f"none is the default (there: {known})", why, step)
    elif len(chosen) > 1:
        newest = max(chosen, key=lambda obj: (dig(obj, "metadata", "creationTimestamp", default=""), Ref.of(obj).name))
        what = f"{len(chosen)} are the default: {', '.join(sorted(Ref.of(obj).name for obj in chosen))}"
        why = f"the newest is taken, {Ref.of(newest).name}"
        yield Finding("StorageClass", what, why, "set STORAGE_CLASS to be sure", blocks=False)


def default(obj: Obj) -> bool:
    """Say whether a StorageClass is marked as the default."""
    notes = dig(obj, "metadata", "annotations", default={})
    return any(notes.get(name) == "true" for name in DEFAULT)


CHECKS = (
    Check("StorageClass", classes, ("classes", "there")),
    Check("nodes", nodes, ("nodes", "pods", "there", "facts", "autoscalers", "infrastructures")),
    Check("quotas", quotas, ("quotas", "there", "facts")),
)
