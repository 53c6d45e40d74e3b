"""The life of a demo by GitOps on a fresh cluster: raised, raised again, reset, torn down to the last object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bootstrap.kube.client import Client
from bootstrap.kube.connection import connect
from rehearsal.cluster import CLONE, Cluster
from tests.e2e.listing import Listing, restored, settled
from tests.e2e.rehearsing import Kubectl, eventually, rehearsal

pytestmark = pytest.mark.e2e
SPACE, NAME = "serving-demo-gitops", "teardown"
RUN_SECONDS = 900  # a run takes one to three minutes; this bounds a machine under load
Demo = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def cluster(state_root: Path) -> Iterator[Cluster]:
    """A cluster on which nothing has been done yet."""
    try:
        rehearsal("up", "--name", NAME, root=state_root)
        yield Cluster.load(state_root / NAME)
    finally:
        rehearsal("down", "--name", NAME, root=state_root)


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Client:
    return connect(cluster.kubeconfig)


@pytest.fixture(scope="module")
def demo(cluster: Cluster, state_root: Path) -> Demo:
    """Runs a verb of the demo with the environment of the rehearsal."""

    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = ["sh", "-c", '. "$0"; exec "$@"', str(state_root / NAME / "env")]
        command += [sys.executable, "-m", "bootstrap", *arguments]
        env = os.environ | {"STATE_DIR": str(state_root / "state")}
        ended = subprocess.run(command, cwd=CLONE, env=env, capture_output=True, text=True, timeout=RUN_SECONDS)
        assert ended.returncode == code, f"{arguments}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}"
        return ended

    return run


@pytest.fixture(scope="module")
def before(client: Client) -> Listing:
    return settled(client)


def keys(kubectl: Kubectl) -> list[str]:
    found = json.loads(kubectl("get", "secret", "minio-root", "aws-connection-minio", "-n", SPACE, "-o", "json"))
    return [json.dumps(one["data"], sort_keys=True) for one in found["items"]]


def test_without_a_demo_there_is_nothing_to_tear_down(demo: Demo, before: Listing, client: Client) -> None:
    assert "no record of the demo" in demo("teardown", "YES=1", code=2).stderr
    assert "no record of the demo" in demo("reset", "YES=1", code=2).stderr
    restored(client, before)


def test_the_demo_comes_up_and_a_second_run_has_nothing_to_do(demo: Demo, before: Listing) -> None:
    assert "known answers exactly" in demo("demo").stderr
    assert "all there, nothing to change" in demo("demo").stderr


def test_argo_cd_may_do_what_it_delivers_and_nothing_more(demo: Demo, kubectl: Kubectl) -> None:
    controller = "system:serviceaccount:openshift-gitops:openshift-gitops-argocd-application-controller"

    def may(*what: str) -> bool:
        return kubectl("auth", "can-i", *what, f"--as={controller}", check=False).strip() == "yes"

    assert may("patch", "deployments.apps", "-n", SPACE)
    for beyond in (
        ("delete", "secrets", "-n", "default"),
        ("create", "deployments.apps", "-n", "kube-system"),
        ("patch", "inferenceservices.serving.kserve.io", "-n", "default"),
        ("patch", "customresourcedefinitions"),
    ):
        assert not may(*beyond), f"Argo CD may {' '.join(beyond)}"
    stray = json.loads(kubectl("get", "application", "serving-demo-storage", "-n", "openshift-gitops", "-o", "json"))
    stray = {key: stray[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": "stray"}}
    stray["spec"]["source"]["repoURL"] = "https://git.example.com/another.git"
    kubectl("apply", "-n", "openshift-gitops", "-f", "-", stdin=json.dumps(stray))
    try:
        said = (
            "get",
            "application",
            "stray",
            "-n",
            "openshift-gitops",
            "-o",
            "jsonpath={.status.conditions[*].message}",
        )
        eventually(lambda: "is not permitted in project" in kubectl(*said))
    finally:
        kubectl("delete", "application", "stray", "-n", "openshift-gitops")


def test_the_record_of_another_cluster_stops_everything(demo: Demo, kubectl: Kubectl, client: Client) -> None:
    where = ("configmap", "serving-demo-record", "-n", "serving-demo-record")
    real = kubectl("get", *where, "-o", "jsonpath={.data.clusterID}")
    kubectl("patch", *where, "--type=merge", "-p", json.dumps({"data": {"clusterID": "another"}}))
    try:
        then = settled(client)
        for verb in ("teardown", "reset"):
            said = demo(verb, "YES=1", code=2).stderr
            assert "the record is about cluster another" in said
            assert real in said
        restored(client, then)
    finally:
        kubectl("patch", *where, "--type=merge", "-p", json.dumps({"data": {"clusterID": real}}))


def test_without_a_yes_nothing_goes(demo: Demo, kubectl: Kubectl) -> None:
    said = demo("teardown", code=2).stderr
    assert "objects would be deleted (DRY_RUN=1 lists them); YES=1 says yes where nobody can be asked" in said
    assert "https://127.0.0.1" in said
    kubectl("get", "namespace", SPACE)


def test_drift_is_healed_by_argo_cd(demo: Demo, kubectl: Kubectl) -> None:
    kubectl("scale", "deployment/minio", "--replicas=0", "-n", SPACE)
    replicas = ("get", "deployment", "minio", "-n", SPACE, "-o", "jsonpath={.spec.replicas}/{.status.readyReplicas}")
    eventually(lambda: kubectl(*replicas) == "1/1", 120)


def test_reset_makes_the_demo_as_new(demo: Demo, kubectl: Kubectl) -> None:
    old, was = keys(kubectl), kubectl("get", "isvc", "fraud", "-n", SPACE, "-o", "jsonpath={.metadata.uid}")
    kubectl("create", "configmap", "students", "-n", SPACE)
    kubectl("set", "env", "deployment/minio", "DRIFT=1", "-n", SPACE)
    kubectl("label", "namespace", SPACE, "modelmesh-enabled=true", "--overwrite")
    ended = demo("reset", "YES=1")
    assert "known answers exactly" in ended.stderr
    assert f"not the demo's: ConfigMap {SPACE}/students: PRUNE=1 removes it too" in ended.stdout
    assert not set(old) & set(keys(kubectl))
    assert kubectl("get", "isvc", "fraud", "-n", SPACE, "-o", "jsonpath={.metadata.uid}") not in ("", was)
    assert "DRIFT" not in kubectl("get", "deployment", "minio", "-n", SPACE, "-o", "json")
    assert "modelmesh-enabled=false" in kubectl("get", "namespace", SPACE, "--show-labels")
    kubectl("get", "configmap", "students", "-n", SPACE)


def test_reset_mends_what_is_half_there_and_prunes_when_told(demo: Demo, kubectl: Kubectl) -> None:
    kubectl("scale", "deployment/minio", "--replicas=0", "-n", SPACE)
    kubectl("delete", "secret", "aws-connection-minio", "-n", SPACE)
    ended = demo("reset", "YES=1", "PRUNE=1")
    assert f"ConfigMap {SPACE}/students: removed" in ended.stdout
    assert not kubectl("get", "configmap", "students", "-n", SPACE, "--ignore-not-found")
    assert kubectl(
        "get", "configmap", "serving-demo-record", "-n", "serving-demo-record", "-o", "jsonpath={.data.reset}"
    )


def test_teardown_leaves_the_cluster_as_it_was(demo: Demo, before: Listing, client: Client) -> None:
    planned = demo("teardown", "DRY_RUN=1").stdout
    assert f"would delete Namespace {SPACE}" in planned
    demo("teardown", "YES=1")
    restored(client, before)


@pytest.mark.soak  # more of them in test_foreign.py
def test_somebody_elses_objects_survive(demo: Demo, kubectl: Kubectl) -> None:
    theirs = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": "theirs", "namespace": "default"},
        "spec": {"containers": [{"name": "kserve-container", "image": "theirs"}], "supportedModelFormats": []},
    }
    demo("demo")  # also where the tests before this one have not run
    kubectl("apply", "-f", "-", stdin=json.dumps(theirs))
    said = demo("teardown", "YES=1").stdout
    assert "stays: operator rhods-operator: somebody else uses it: ServingRuntime default/theirs" in said
    assert kubectl("get", "servingruntime", "theirs", "-n", "default", "-o", "name")
    assert kubectl("get", "datasciencecluster", "-o", "name")
    assert not kubectl("get", "namespace", SPACE, "--ignore-not-found")
