"""Every fault that can be switched on is seen through the API, and is over when it is switched off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cluster import Cluster
from rehearsal.faults import FAULTS
from tests.e2e.packages import HELLO, Installation
from tests.e2e.rehearsing import Kubectl, eventually, fault
from tests.e2e.test_rehearsal_life import parts, refused

pytestmark = pytest.mark.e2e
SHARES_CLUSTER = True
CATALOG = "community-operators"


@pytest.fixture
def hello(kubectl: Kubectl) -> Iterator[Installation]:
    """The first package, not yet subscribed to."""
    found = Installation(kubectl, "t-faults")
    yield found
    found.remove()


def test_every_fault_has_a_test() -> None:
    written = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in FAULTS if f'"{name}"' not in written] == []


@pytest.mark.soak  # OLM tries a plan for a minute before it gives up
def test_an_install_plan_fails_with_the_reason(cluster: Cluster, hello: Installation) -> None:
    with fault(cluster, "installplan-fails", f"package={HELLO}"):
        hello.subscribe()
        eventually(lambda: hello.plan().get("status", {}).get("phase") == "Failed", 150, 0.5)
        (installed,) = hello.plan()["status"]["conditions"]
        assert (installed["type"], installed["status"]) == ("Installed", "False")
        assert "the rehearsal refuses ClusterServiceVersions of hello-operator" in installed["message"]
        assert not hello.csv()
    hello.remove()
    hello.subscribe()
    eventually(hello.succeeded, 150, 0.5)


def test_an_install_plan_waits_for_approval(cluster: Cluster, hello: Installation) -> None:
    with fault(cluster, "installplan-manual", f"package={HELLO}"):
        hello.subscribe()
        eventually(lambda: hello.plan().get("status", {}).get("phase") == "RequiresApproval", 150, 0.5)
        assert hello.plan()["spec"] | {"approval": "Manual", "approved": False} == hello.plan()["spec"]
        assert not hello.csv()
    eventually(hello.succeeded, 150, 0.5)


def test_an_operator_never_gets_ready(cluster: Cluster, hello: Installation) -> None:
    with fault(cluster, "operator-never-ready", f"package={HELLO}"):
        hello.subscribe()
        eventually(lambda: hello.csv().get("status", {}).get("phase") == "Installing", 150, 0.5)
        eventually(lambda: conditions(hello).get("ContainersReady") == "True", every=0.5)
        assert conditions(hello)["Ready"] == "False"
        assert not hello.succeeded()
    eventually(hello.succeeded, 150, 0.5)


def conditions(hello: Installation) -> dict[str, str]:
    """The conditions of the operator's pod by type."""
    pods = hello.get("pods").get("items", [])
    return {item["type"]: item["status"] for pod in pods for item in pod["status"].get("conditions") or []}


@pytest.mark.soak  # test_bad_input.py meets the same fault, and lifts it
def test_a_catalog_is_down(cluster: Cluster, kubectl: Kubectl) -> None:
    where = ("-n", "openshift-marketplace", "-o", "jsonpath={.status.connectionState.lastObservedState}")

    def state() -> str:
        return kubectl("get", "catalogsource", CATALOG, *where)

    def failures() -> str:
        """What was said of its pods; OLM replaces a pod with another image than it wants again and again."""
        events = json.loads(kubectl("get", "events", "-n", "openshift-marketplace", "-o", "json"))["items"]
        said = [one["message"] for one in events if one["involvedObject"]["name"].startswith(CATALOG)]
        return " ".join(one for one in said if "ErrImagePull" in one)

    with fault(cluster, "catalog-down", f"catalog={CATALOG}"):
        eventually(failures, 150, 0.5)
        eventually(lambda: state() != "READY", 150, 0.5)
    eventually(lambda: state() == "READY", 150, 0.5)


def test_an_image_cannot_be_pulled(cluster: Cluster, kubectl: Kubectl, namespace: str) -> None:
    with fault(cluster, "image-pull", "image=busybox"):
        start(kubectl, namespace)
        eventually(lambda: reason(kubectl, namespace) in ("ErrImagePull", "ImagePullBackOff"))
        assert "503 Service Unavailable (fault image-pull)" in kubectl("get", "events", "-n", namespace)
    eventually(lambda: pod(kubectl, namespace)["status"]["phase"] == "Running")


def test_the_node_is_full(cluster: Cluster, kubectl: Kubectl, namespace: str) -> None:
    with fault(cluster, "node-full"):
        eventually(lambda: kubectl("get", "node", "-o", "jsonpath={.items[0].status.allocatable.cpu}") == "100m")
        start(kubectl, namespace)
        eventually(lambda: "Insufficient cpu" in kubectl("get", "events", "-n", namespace))
        assert pod(kubectl, namespace)["status"]["phase"] == "Pending"
    eventually(lambda: pod(kubectl, namespace)["status"]["phase"] == "Running")


def start(kubectl: Kubectl, namespace: str) -> None:
    """A pod that asks for some CPU is there."""
    eventually(lambda: kubectl("get", "serviceaccount", "default", "-n", namespace, check=False))
    container = {"name": "main", "image": "busybox:1.36", "command": ["sleep", "600"]}
    spec = {"containers": [{**container, "resources": {"requests": {"cpu": "200m"}}}]}
    meta = {"name": "wants", "namespace": namespace}
    one = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {**spec, "terminationGracePeriodSeconds": 0}}
    kubectl("apply", "-f", "-", stdin=json.dumps(one))


def pod(kubectl: Kubectl, namespace: str) -> Any:
    return json.loads(kubectl("get", "pod", "wants", "-n", namespace, "-o", "json"))


def reason(kubectl: Kubectl, namespace: str) -> str:
    statuses = pod(kubectl, namespace)["status"].get("containerStatuses") or [{}]
    return str(statuses[0].get("state", {}).get("waiting", {}).get("reason", ""))


def test_an_object_stays_while_its_finalizer_has_no_controller(
    cluster: Cluster, kubectl: Kubectl, namespace: str
) -> None:
    kubectl("create", "configmap", "held", "-n", namespace)
    with fault(cluster, "finalizer-stuck", "object=configmap/held", f"namespace={namespace}"):
        kubectl("delete", "configmap", "held", "-n", namespace, "--wait=false")
        assert kubectl("get", "configmap", "held", "-n", namespace, "-o", "jsonpath={.metadata.deletionTimestamp}")
    eventually(lambda: "NotFound" in refused(cluster, "get", "configmap", "held", "-n", namespace))


@pytest.mark.parametrize("broad", [False, True], ids=["one namespace", "every namespace"])
def test_a_namespace_stays_terminating(cluster: Cluster, kubectl: Kubectl, broad: bool) -> None:
    target = f"stuck-{broad}".lower()
    kubectl("create", "namespace", target)
    with fault(cluster, "namespace-stuck", *([] if broad else [f"namespace={target}"])):
        if broad:
            eventually(lambda: "False" in kubectl("get", "apiservice", "v1.unreachable.rehearsal.test"))
        kubectl("delete", "namespace", target, "--wait=false")
        expected = "NamespaceDeletionDiscoveryFailure" if broad else "NamespaceFinalizersRemaining"
        where = f'jsonpath={{.status.phase}} {{.status.conditions[?(@.type=="{expected}")].status}}'
        eventually(lambda: kubectl("get", "namespace", target, "-o", where) == "Terminating True")
    eventually(lambda: "NotFound" in refused(cluster, "get", "namespace", target))


def test_no_storageclass_is_the_default(cluster: Cluster, kubectl: Kubectl) -> None:
    assert "(default)" in kubectl("get", "storageclass")
    with fault(cluster, "no-default-storageclass"):
        assert "(default)" not in kubectl("get", "storageclass")
    assert "(default)" in kubectl("get", "storageclass")


def test_the_api_server_restarts(cluster: Cluster, kubectl: Kubectl) -> None:
    root, name = cluster.root.parent, cluster.name
    before = int(str(parts(root, name)["kube-apiserver"]["restarts"]))
    with fault(cluster, "api-restart"):
        eventually(lambda: parts(root, name)["kube-apiserver"]["restarts"] == before + 1)
        eventually(lambda: " Ready " in kubectl("get", "nodes", "--no-headers", check=False))
