"""The path from a Subscription to an operator that works: OLM's objects, its pod, and the rights that it has."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from rehearsal.cluster import Cluster
from tests.e2e.packages import GREETING, HELLO, Installation
from tests.e2e.rehearsing import Kubectl, eventually

pytestmark = pytest.mark.e2e
SHARES_CLUSTER = True
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
ASK = """curl -s -o /dev/null -w '%{{http_code}}' --cacert {token}/ca.crt \
-H "Authorization: Bearer $(cat {token}/token)" https://kubernetes.default.svc{path}"""


@pytest.fixture(scope="module")
def hello(kubectl: Kubectl, cluster: Cluster) -> Iterator[Installation]:
    """The first package, installed by hand-written objects."""
    found = Installation(kubectl, "t-olm")
    found.subscribe()
    eventually(found.succeeded, 240)
    yield found
    found.remove()


def test_the_operator_runs_as_a_pod_under_its_own_service_account(hello: Installation) -> None:
    pods = hello.get("pods")["items"]
    assert [pod["spec"]["serviceAccountName"] for pod in pods] == [HELLO]
    assert pods[0]["status"]["phase"] == "Running"
    (owner,) = hello.get("deployment", HELLO)["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("ClusterServiceVersion", "hello-operator.v1.0.0")


def test_the_subscription_points_at_what_it_installed(hello: Installation) -> None:
    eventually(lambda: hello.subscription()["status"].get("state") == "AtLatestKnown")
    status = hello.subscription()["status"]
    assert status["installedCSV"] == "hello-operator.v1.0.0"
    plan = hello.get("installplan", status["installPlanRef"]["name"])
    assert plan["status"]["phase"] == "Complete"
    assert {step["status"] for step in plan["status"]["plan"]} <= {"Created", "Present"}


def test_it_does_its_work(hello: Installation) -> None:
    hello.kubectl("apply", "-n", hello.namespace, "-f", "-", stdin=json.dumps(GREETING))
    text = eventually(lambda: hello.get("configmap", "ann").get("data", {}).get("text"))
    assert text == "hello, Ann"


def test_its_rights_are_those_of_the_csv_and_no_others(hello: Installation) -> None:
    greetings = "/apis/rehearsal.serving-demo.io/v1/greetings"
    assert code(hello, greetings) == "200"
    assert code(hello, "/api/v1/secrets") == "403"
    account = f"system:serviceaccount:{hello.namespace}:{HELLO}"
    said = hello.kubectl("auth", "can-i", "delete", "configmaps", "-n", hello.namespace, f"--as={account}", check=False)
    assert said.strip() == "no"


def code(hello: Installation, path: str) -> str:
    """The status code that the operator's own token gets from inside its pod."""
    script = ASK.format(token=TOKEN, path=path)
    return hello.kubectl("exec", "-n", hello.namespace, f"deploy/{HELLO}", "--", "sh", "-c", script)


def test_a_second_operator_group_is_too_many(hello: Installation) -> None:
    """OLM itself says so, and the operator that runs is marked failed until one of the two goes."""
    hello.apply_group("another")
    eventually(lambda: hello.csv().get("status", {}).get("reason") == "TooManyOperatorGroups")
    status = hello.csv()["status"]
    assert status["phase"] == "Failed"
    assert "csv created in namespace with multiple operatorgroups" in status["message"]
    hello.kubectl("delete", "operatorgroup", "another", "-n", hello.namespace)

    def recovered() -> bool:
        # OLM looks at a failed CSV again when its group changes, not surely when another one goes
        hello.kubectl(
            "annotate", "operatorgroup", "the-only", f"at={time.time()}", "--overwrite", "-n", hello.namespace
        )
        return hello.succeeded()

    eventually(recovered, 150, 3)
