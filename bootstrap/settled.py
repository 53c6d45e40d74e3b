"""Whether everything holds already: one parallel look that writes nothing and costs no run of Ansible."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bootstrap import bucket
from bootstrap.awaited import Awaited
from bootstrap.connection import connection_keys, missing
from bootstrap.desired import Desired
from bootstrap.errors import DemoError
from bootstrap.kube.apply import apply
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref
from bootstrap.kube.readiness import Verdict
from bootstrap.kube.readiness.verdict import not_ready
from bootstrap.outside import Outside


def unsettled(
    client: Client, outside: Outside, kubeconfig: Path, wanted: Sequence[Desired], folders: Mapping[str, str]
) -> list[str]:
    """Return what does not hold yet, each as a sentence; empty when there is nothing to do."""
    stages = {item.stage for item in wanted}
    objects = [obj for item in wanted for group in item.applied.values() for obj in group]
    awaited = [one for item in wanted for many in item.awaited.values() for one in many]
    with ThreadPoolExecutor(max_workers=3) as pool:
        looks = [pool.submit(different, client, objects), pool.submit(unready, client, awaited)]
        if stages & {"storage", "model"}:
            seeded = folders if "model" in stages else {}
            looks.append(pool.submit(unseeded, client, outside, kubeconfig, wanted, seeded))
        return [reason for look in looks for reason in look.result()]


def different(client: Client, objects: Sequence[Obj]) -> list[str]:
    """Return the objects that an apply would write."""
    if not objects:
        return []
    try:
        would = apply(client, objects, deadline=time.monotonic() + 30, dry_run=True)
    except DemoError as problem:
        return [str(problem)]
    return [f"{ref} is missing or differs; `make` puts it right" for ref in (*would.created, *would.configured)]


def unready(client: Client, awaited: Sequence[Awaited]) -> list[str]:
    """Return what is not as it has to be."""
    if not awaited:
        return []
    with ThreadPoolExecutor(max_workers=8) as pool:
        verdicts = list(pool.map(lambda one: verdict(client, one), awaited))
    return [f"{one.ref}: {said.reason}" for one, said in zip(awaited, verdicts, strict=True) if not said.ready]


def verdict(client: Client, awaited: Awaited) -> Verdict:
    """Return the verdict on one object as it is now."""
    obj = client.find(awaited.ref)
    if obj is None:
        return not_ready("does not exist")
    return awaited.target().predicate(obj)


def unseeded(
    client: Client, outside: Outside, kubeconfig: Path, wanted: Sequence[Desired], folders: Mapping[str, str]
) -> list[str]:
    """Return what the bucket lacks; anything in the way of asking it counts as lacking."""
    namespace = next((one.ref.namespace for item in wanted for one in item.awaited.get("connection", [])), None)
    if namespace is None:
        return ["the bucket was not asked"]
    try:
        if lost := missing(client, namespace):
            return [f"{Ref.of(obj)} does not exist" for obj in lost]
        return [f"{name} is to be written" for name in unlike(client, outside, kubeconfig, namespace, folders)]
    except Exception as problem:
        return [f"the bucket cannot be asked: {problem}"]


def unlike(client: Client, outside: Outside, kubeconfig: Path, namespace: str, folders: Mapping[str, str]) -> list[str]:
    """Return the names of the files that the bucket lacks, or has with another content."""
    keys, name = connection_keys(client, namespace)
    files = {key: path for prefix, at in folders.items() for key, path in bucket.model_files(Path(at), prefix).items()}
    with bucket.endpoint(client, outside, kubeconfig, namespace) as place:
        if not bucket.works(place, keys, name):
            raise DemoError(f"bucket {name} does not open with the data connection's keys")
        return bucket.differing(place.reader(keys), name, files)
