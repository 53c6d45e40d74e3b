"""OLM from its own chart, in the namespaces where OpenShift has it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from rehearsal.api import Api, Obj
from rehearsal.catalog.fbc import lean
from rehearsal.cluster import Cluster, RehearsalError
from rehearsal.payload.apply import apply_all, established
from rehearsal.toolchain import data, tool

NAMESPACE = "openshift-operator-lifecycle-manager"
IMAGE = "quay.io/operator-framework/olm:v0.46.0"
VALUES: dict[str, Any] = {
    "installType": "ocp",
    "namespace": NAMESPACE,
    "catalog_namespace": "openshift-marketplace",
    "operator_namespace": "openshift-operators",
    "olm": {"image": {"ref": IMAGE, "pullPolicy": "IfNotPresent"}},
    "catalog": {"image": {"ref": IMAGE, "pullPolicy": "IfNotPresent"}},
    # one replica and no interval: a rehearsal wants new packages soon and memory little
    "package": {"image": {"ref": IMAGE, "pullPolicy": "IfNotPresent"}, "replicaCount": 1, "maxUnavailable": 1},
}


async def render(chart: Path, values: dict[str, Any]) -> list[Obj]:
    """The chart's objects, as `helm template` makes them."""
    command = [str(tool("helm")), "template", "olm", str(chart), "--namespace", NAMESPACE, "--values", "-"]
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    out, err = await child.communicate(json.dumps(values).encode())
    if child.returncode:
        raise RehearsalError(f"{' '.join(command)}: {err.decode().strip()}")
    return [obj for obj in yaml.load_all(out, yaml.CSafeLoader) if obj]


def quick(objects: Iterable[Obj]) -> list[Obj]:
    """The same objects, probed at once: the original's first probe comes after ten seconds."""
    for obj in objects:
        for template in _templates(obj):
            for container in template["spec"]["containers"]:
                if "readinessProbe" in container:
                    container["readinessProbe"] |= {"initialDelaySeconds": 0, "periodSeconds": 1}
    return list(objects)


def _templates(obj: Obj) -> list[Obj]:
    if obj["kind"] == "Deployment":
        return [obj["spec"]["template"]]
    if obj["kind"] == "ClusterServiceVersion":
        return [item["spec"]["template"] for item in obj["spec"]["install"]["spec"]["deployments"]]
    return []


async def install(api: Api, cluster: Cluster) -> None:
    """OLM's kinds are established and its operators start."""
    chart = data("olm") / "deploy" / "chart"
    crds = [lean(yaml.load(path.read_text(), yaml.CSafeLoader)) for path in sorted((chart / "crds").glob("*.yaml"))]
    await apply_all(api, crds)
    await established(api, crds)
    await apply_all(api, quick(await render(chart, VALUES)))
