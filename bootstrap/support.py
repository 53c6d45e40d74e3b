"""One redacted archive to attach to a question: log, objects, events, container logs, versions."""

from __future__ import annotations

import io
import json
import os
import platform
import sys
import tarfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from bootstrap import __version__
from bootstrap.errors import DemoError
from bootstrap.kube import record
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, dig
from bootstrap.kube.parallel import each
from bootstrap.redaction import Redactor, bare, values_in, values_of
from bootstrap.settings import Settings

LINES = "400"  # of every container's log
PACKAGES = ("ansible-core", "ansible-runner", "kubernetes", "minio", "urllib3", "grpcio")
OLM = "operators.coreos.com/v1alpha1"
# of the operators' own namespaces, which hold much that is nobody's business here
KINDS = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("argoproj.io/v1alpha1", "AppProject"),
    ("argoproj.io/v1alpha1", "Application"),
    ("argoproj.io/v1beta1", "ArgoCD"),
    ("operators.coreos.com/v1", "OperatorGroup"),
    (OLM, "CatalogSource"),
    (OLM, "ClusterServiceVersion"),
    (OLM, "InstallPlan"),
    (OLM, "Subscription"),
    ("v1", "Pod"),
)
CLUSTER_KINDS = (
    ("config.openshift.io/v1", "ClusterVersion"),
    ("datasciencecluster.opendatahub.io/v1", "DataScienceCluster"),
    ("dscinitialization.opendatahub.io/v1", "DSCInitialization"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("v1", "Node"),
)
HOMES = (
    "openshift-gitops",
    "openshift-gitops-operator",
    "openshift-marketplace",
    "redhat-ods-applications",
    "redhat-ods-operator",
)
UNREAD = {"Event", "PackageManifest", "PodMetrics", "ControllerRevision"}


@dataclass(slots=True)
class Bundle:
    """Files of the archive by name; what could not be read is told in one of them."""

    files: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, name: str, make: Callable[[], str]) -> None:
        """Add a file, or the reason why there is none."""
        try:
            self.files[name] = make()
        except Exception as problem:  # a half bundle is worth more than none
            self.problems.append(f"{name}: {problem}")


def support(settings: Settings, client: Client, told: Callable[[], str]) -> Path:
    """Write the archive beside the log and return its path; `told` is what the doctor says."""
    bundle = Bundle()
    hidden = list(values_in(settings))
    bundle.add("doctor.txt", told)
    bundle.add("versions.json", lambda: json.dumps(versions(client), indent=2))
    log = settings.state_dir / "log.jsonl"
    if log.exists():
        bundle.add("log.jsonl", log.read_text)
    for space in (settings.namespace, record.NAMESPACE, *HOMES):
        own = space in (settings.namespace, record.NAMESPACE)
        try:
            hidden += [value for obj in client.list("v1", "Secret", space) for value in values_of(obj)]
            gather(bundle, client, space, everything(client) if own else list(KINDS))
        except DemoError as problem:  # what its Secrets are is not known, so nothing of it may go out
            bundle.problems.append(f"namespace {space} was left out: {problem}")
    for kind in CLUSTER_KINDS:
        bundle.add(f"cluster/{kind[1]}.yaml", lambda kind=kind: dump(client.list(*kind)))  # type: ignore[misc]
    if bundle.problems:
        bundle.files["unread.txt"] = "\n".join(bundle.problems) + "\n"
    redactor = Redactor(hidden)
    return write(settings.state_dir, {name: redactor.text(text) for name, text in bundle.files.items()})


def versions(client: Client) -> dict[str, Any]:
    """Return the versions of everything on both sides."""

    def installed(package: str) -> str | None:
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    csvs = client.list(OLM, "ClusterServiceVersion")
    own = [obj for obj in csvs if "olm.copiedFrom" not in dig(obj, "metadata", "labels", default={})]
    cluster = client.list("config.openshift.io/v1", "ClusterVersion")
    return {
        "serving-demo": __version__,
        "python": sys.version.split()[0],
        "machine": platform.platform(),
        "packages": {package: installed(package) for package in PACKAGES},
        "kubernetes": client.request("GET", "/version").get("gitVersion"),
        "openshift": [dig(obj, "status", "desired", "version") for obj in cluster],
        "operators": sorted(Ref.of(obj).name for obj in own),
    }


def everything(client: Client) -> list[tuple[str, str]]:
    """Return every kind that a namespace can hold."""
    spaced = [one for one in client.discovery.everything() if one.namespaced and one.kind not in UNREAD]
    return sorted({(one.api_version, one.kind) for one in spaced})


def gather(bundle: Bundle, client: Client, space: str, kinds: Iterable[tuple[str, str]]) -> None:
    """Add a namespace's objects, events and container logs."""

    def objects(kind: tuple[str, str]) -> None:
        try:
            found = client.list(*kind, space)
        except DemoError as problem:
            bundle.problems.append(f"{kind[1]} in {space}: {problem}")
            return
        if found:
            bundle.files[f"{space}/{kind[1]}.{kind[0].rpartition('/')[0] or 'core'}.yaml"] = dump(found)

    each(objects, kinds)
    bundle.add(f"{space}/events.txt", lambda: events(client.list("v1", "Event", space)))
    each(lambda one: logs(bundle, client, *one), containers(client.list("v1", "Pod", space)))


def containers(pods: Iterable[Obj]) -> list[tuple[Ref, str, bool]]:
    """Return every container that has started, and whether to ask for the one before it."""
    found = []
    for pod in pods:
        for name in ("initContainerStatuses", "containerStatuses"):
            for status in dig(pod, "status", name, default=[]):
                if "waiting" not in (status.get("state") or {}) or status.get("restartCount"):
                    found.append((Ref.of(pod), str(status["name"]), bool(status.get("restartCount"))))
    return found


def logs(bundle: Bundle, client: Client, pod: Ref, container: str, restarted: bool) -> None:
    """Add the end of a container's log, and of the run before it."""
    for previous in (False, True) if restarted else (False,):
        query = {"container": container, "tailLines": LINES, "previous": str(previous).lower()}
        name = f"{pod.namespace}/logs/{pod.name}/{container}{'.previous' if previous else ''}.log"
        bundle.add(name, lambda query=query: client.text(client.path(pod, "log"), query))  # type: ignore[misc]


def events(found: Iterable[Obj]) -> str:
    """Return events as lines, oldest first."""
    lines = []
    for event in found:
        at = event.get("lastTimestamp") or event.get("eventTime") or dig(event, "metadata", "creationTimestamp")
        about = dig(event, "involvedObject", default={})
        what = f"{about.get('kind')} {about.get('name')}: {event.get('reason')}: {event.get('message')}"
        lines.append(f"{at} {event.get('type')} x{event.get('count') or 1} {what}")
    return "\n".join(sorted(lines)) + "\n"


def dump(objects: Iterable[Obj]) -> str:
    """Return objects as YAML, bare of secrets."""
    return str(yaml.safe_dump_all(map(bare, objects), sort_keys=False))


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write the archive so that only we can read it."""
    stem = time.strftime("support-%Y%m%d-%H%M%S")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{stem}.tar.gz"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in sorted(files.items()):
            content = text.encode()
            entry = tarfile.TarInfo(f"{stem}/{name}")
            entry.size, entry.mtime = len(content), int(time.time())
            archive.addfile(entry, io.BytesIO(content))
    return path
