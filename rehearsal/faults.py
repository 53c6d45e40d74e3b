"""Faults to rehearse: switched on and off while the cluster runs, each acted out by the part that it concerns."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal import status, toolchain
from rehearsal.cluster import Cluster, RehearsalError
from rehearsal.fault_policies import MARKS, pods_of, policies, sample

Parameters = dict[str, str]
FINALIZER = "rehearsal.test/controller-is-gone"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
HOLDER = "rehearsal-holds-this-namespace"
BROKEN_API = "v1.unreachable.rehearsal.test"
POLICY_SECONDS = 60.0  # until the API server asks a policy that was just made: one or two on an idle machine


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong on a cluster; without `act` the concerned part reads faults.json."""

    what: str
    parameters: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    act: Callable[[Cluster, bool, Parameters], None] | None = None
    lasting: bool = True  # stays on until it is switched off


def read(cluster: Cluster) -> dict[str, Parameters]:
    """The faults that are on, with their parameters."""
    try:
        found: dict[str, Parameters] = json.loads(cluster.faults_file.read_text())
    except FileNotFoundError:
        return {}
    return found


def write(cluster: Cluster, faults: Mapping[str, Mapping[str, str]]) -> None:
    """faults.json holds these, replaced in one step, as parts read it at any time."""
    draft = cluster.faults_file.with_suffix(".draft")
    draft.write_text(json.dumps(faults, indent=2) + "\n")
    draft.replace(cluster.faults_file)


def switch(cluster: Cluster, name: str, on: bool, given: Parameters) -> None:
    """The fault is on with these parameters, or off."""
    fault = FAULTS.get(name)
    if fault is None:
        raise RehearsalError(f"no fault '{name}'; there are: {', '.join(sorted(FAULTS))}", code=2)
    _refuse_wrong(name, fault, on, given)
    known = read(cluster).get(name)
    if fault.act is not None:
        if on and known not in (None, given):
            fault.act(cluster, False, known)  # on something else: nothing of it is to stay behind
        fault.act(cluster, on, given if on else {**(known or {}), **given})
    present = read(cluster)  # acting may take a minute, in which another fault was switched
    present.pop(name, None)
    if on and fault.lasting:
        present[name] = given
    write(cluster, present)


def parameters(words: Iterable[str]) -> Parameters:
    """`key=value` words as a mapping."""
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise RehearsalError(f"'{word}': expected key=value", code=2)
        pairs[key] = value
    return pairs


def _refuse_wrong(name: str, fault: Fault, on: bool, given: Parameters) -> None:
    known = fault.required + fault.parameters
    if unknown := sorted(set(given) - set(known)):
        raise RehearsalError(f"fault {name}: no parameter {', '.join(unknown)}; known: {', '.join(known) or 'none'}", 2)
    if on and (missing := sorted(set(fault.required) - set(given))):
        raise RehearsalError(f"fault {name}: needs {', '.join(f'{key}=…' for key in missing)}: {fault.what}", 2)


def _api_restart(cluster: Cluster, on: bool, _: Parameters) -> None:
    rows = {row["name"]: row for row in status.measured(cluster)} if on else {}
    if on and not rows.get("kube-apiserver", {}).get("pid"):
        raise RehearsalError(f"rehearsal '{cluster.name}' has no running API server to restart")
    if on:
        os.kill(rows["kube-apiserver"]["pid"], signal.SIGKILL)


def _no_default_storageclass(cluster: Cluster, on: bool, _: Parameters) -> None:
    for storage_class in _get(cluster, "storageclasses")["items"]:
        marks = storage_class["metadata"].get("annotations") or {}
        if DEFAULT_CLASS in marks:
            patch = {"metadata": {"annotations": {DEFAULT_CLASS: "false" if on else "true"}}}
            _patch(cluster, f"storageclass/{storage_class['metadata']['name']}", "", patch)


def _finalizer_stuck(cluster: Cluster, on: bool, given: Parameters) -> None:
    target, namespace = given.get("object", ""), given.get("namespace", "default")
    if not target:
        return  # it is off already
    with contextlib.nullcontext() if on else contextlib.suppress(NotThere):
        live = _get(cluster, target, namespace)
        others = [name for name in live["metadata"].get("finalizers") or [] if name != FINALIZER]
        _patch(cluster, target, namespace, {"metadata": {"finalizers": [*others, FINALIZER] if on else others}})


def _namespace_stuck(cluster: Cluster, on: bool, given: Parameters) -> None:
    if given.get("namespace"):
        holder = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": HOLDER}}
        if on:
            _kubectl(cluster, "apply", "-n", given["namespace"], "-f", "-", given=json.dumps(holder))
        _finalizer_stuck(cluster, on, {"object": f"configmap/{HOLDER}", **given})
        return
    # without a namespace: as when the server of an aggregated API is gone, which holds up every namespace
    version, group = BROKEN_API.split(".", 1)
    service = {"namespace": "default", "name": "nothing-behind-it"}
    spec = {
        "group": group,
        "version": version,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "service": service,
        "insecureSkipTLSVerify": True,
    }
    broken = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": BROKEN_API}}
    if on:
        _kubectl(cluster, "apply", "-f", "-", given=json.dumps({**broken, "spec": spec}))
    else:
        _kubectl(cluster, "delete", "apiservice", BROKEN_API, "--ignore-not-found")


def _by_policy(fault: str, parameter: str) -> Callable[[Cluster, bool, Parameters], None]:
    """Act a fault out by an admission policy; the pods that it concerns are made anew, with it or without it."""

    def act(cluster: Cluster, on: bool, given: Parameters) -> None:
        concerned = given.get(parameter, "rhods-operator" if parameter == "package" else "redhat-operators")
        objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": policies(fault, concerned)})
        withdraw = ("delete", "--ignore-not-found", "-f", "-")
        _kubectl(cluster, *(("apply", "-f", "-") if on else withdraw), given=objects)
        if not _comes_into_force(cluster, fault, concerned, on):
            _kubectl(cluster, *withdraw, given=objects)
            wanted = "in force" if on else "withdrawn"
            raise RehearsalError(f"fault {fault}: its policy is not {wanted} after {POLICY_SECONDS:g} s")
        if fault == "installplan-manual" and not on:
            _approve(cluster, concerned)
        elif parameter == "catalog":
            _make_anew(cluster, concerned)
            _touch(cluster, f"catalogsource/{concerned}", "openshift-marketplace")
        elif not fault.startswith("installplan"):
            _make_anew(cluster, pods_of(concerned))

    return act


def _comes_into_force(cluster: Cluster, fault: str, concerned: str, on: bool) -> bool:
    """Whether the API server, which takes seconds to learn of a policy, now asks it, or does so no more."""
    question = json.dumps(sample(fault, concerned))
    asking = ("create", "--dry-run=server", "-n", "default", "-o", "json", "-f", "-")
    end = time.monotonic() + POLICY_SECONDS
    while time.monotonic() < end:
        try:
            said = _kubectl(cluster, *asking, given=question)
        except RehearsalError as error:
            said = str(error)
        if (MARKS[fault] in said) == on:
            return True
        time.sleep(0.2)
    return False


def _approve(cluster: Cluster, package: str) -> None:
    for plan in _get(cluster, "installplans", "")["items"]:
        names = plan["spec"].get("clusterServiceVersionNames") or []
        if not plan["spec"].get("approved") and any(name.startswith(package) for name in names):
            meta = plan["metadata"]
            _patch(cluster, f"installplan/{meta['name']}", meta["namespace"], {"spec": {"approved": True}})


def _make_anew(cluster: Cluster, prefix: str) -> None:
    for pod in _get(cluster, "pods", "")["items"]:
        meta = pod["metadata"]
        if meta["name"].startswith(prefix):
            _kubectl(cluster, "delete", "pod", meta["name"], "-n", meta["namespace"], "--ignore-not-found")


def _touch(cluster: Cluster, target: str, namespace: str) -> None:
    """Its controller looks again now; OLM misses a registry pod only when the connection to it was tried in vain."""
    for value in ("now", None):
        _patch(cluster, target, namespace, {"metadata": {"annotations": {"rehearsal.test/look": value}}})


class NotThere(RehearsalError):
    """The object that a fault is about does not exist."""


def _get(cluster: Cluster, target: str, namespace: str = "default") -> dict[str, Any]:
    where = ("-n", namespace) if namespace else ("--all-namespaces",)
    found: dict[str, Any] = json.loads(_kubectl(cluster, "get", target, *where, "-o", "json"))
    return found


def _patch(cluster: Cluster, target: str, namespace: str, patch: dict[str, Any]) -> None:
    _kubectl(cluster, "patch", target, "-n", namespace or "default", "--type=merge", "-p", json.dumps(patch))


def _kubectl(cluster: Cluster, *arguments: str, given: str | None = None) -> str:
    command = [str(toolchain.tool("kubectl")), f"--kubeconfig={cluster.kubeconfig}", *arguments]
    environment = {"HOME": str(cluster.run), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, input=given, env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        said = done.stderr.strip()
        raise (NotThere if "NotFound" in said else RehearsalError)(f"kubectl {' '.join(arguments[:2])}: {said}")
    return done.stdout


FAULTS: dict[str, Fault] = {
    "api-slow": Fault("the API server answers late", ("delay", "share")),
    "api-errors": Fault("the API server refuses a share of the requests", ("share", "code")),
    "api-restart": Fault("the API server dies once and comes back", act=_api_restart, lasting=False),
    "catalog-down": Fault(
        "the registry pod of a catalog cannot start", ("catalog",), act=_by_policy("catalog-down", "catalog")
    ),
    "installplan-fails": Fault(
        "an InstallPlan ends in Failed", ("package",), act=_by_policy("installplan-fails", "package")
    ),
    "installplan-manual": Fault(
        "an InstallPlan waits for approval", ("package",), act=_by_policy("installplan-manual", "package")
    ),
    "operator-never-ready": Fault(
        "an operator's pods never become ready", ("package",), act=_by_policy("operator-never-ready", "package")
    ),
    "image-pull": Fault("images that contain this text cannot be pulled", ("image",)),
    "no-default-storageclass": Fault("no StorageClass is the default", act=_no_default_storageclass),
    "node-full": Fault("the node has next to nothing allocatable", ("cpu", "memory")),
    "finalizer-stuck": Fault(
        "an object has a finalizer whose controller is gone", ("namespace",), ("object",), _finalizer_stuck
    ),
    "namespace-stuck": Fault("a namespace stays in Terminating when deleted", ("namespace",), act=_namespace_stuck),
    "route-not-admitted": Fault("the router does not admit Routes", ("name", "how")),
}
