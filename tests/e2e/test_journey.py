"""The journey on the releases before 3: fresh and on an OpenShift AI that was there, by Argo CD and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bootstrap.kube.connection import connect
from tests.e2e.journey import User, user
from tests.e2e.listing import restored, settled
from tests.e2e.openshift_ai import Platform
from tests.e2e.rehearsing import kubectl_for

pytestmark = pytest.mark.e2e
SERVICES = {"2.25": ["fraud"], "2.8": ["fraud", "fraud-v2"]}
ANSWER = 0.0024719238  # of the row that `credentials` asks for
OLM, DSC = "subscriptions.operators.coreos.com/rhods-operator", "datasciencecluster/a-cluster"


@dataclass(frozen=True, slots=True)
class Cell:
    """One way to begin."""

    rhods: str
    there: bool  # OpenShift AI and a DataScienceCluster, installed by hand
    delivery: str

    def __str__(self) -> str:
        return f"{self.rhods}-{'there' if self.there else 'fresh'}-{self.delivery}"

    @property
    def verb(self) -> str:
        """What the user types."""
        return "already-have-rhods" if self.there else "demo"


CELLS = [
    # signed in by password, this one is walked in test_secrets.py
    pytest.param(Cell("2.25", there=False, delivery="gitops"), marks=pytest.mark.soak),
    Cell("2.8", there=True, delivery="direct"),
    pytest.param(Cell("2.25", there=True, delivery="direct"), marks=pytest.mark.soak),
    pytest.param(Cell("2.25", there=True, delivery="gitops"), marks=pytest.mark.soak),
    pytest.param(Cell("2.8", there=False, delivery="gitops"), marks=pytest.mark.soak),
    pytest.param(Cell("2.8", there=True, delivery="gitops"), marks=pytest.mark.soak),
]


@pytest.fixture(params=CELLS, ids=str)
def cell(request: pytest.FixtureRequest) -> Cell:
    found: Cell = request.param
    return found


@pytest.fixture
def somebody(cell: Cell, state_root: Path, tmp_path: Path) -> Iterator[User]:
    with user(state_root, tmp_path / "state", f"j{cell.rhods.replace('.', '')}", cell.rhods) as found:
        yield found


def test_a_journey_ends_in_predictions_and_is_walked_back(cell: Cell, somebody: User) -> None:
    kubectl = kubectl_for(somebody.cluster)
    kubeconfig, adopted = somebody.kubeconfig_sum(), {}
    if cell.there:
        platform = Platform(kubectl, somebody.cluster, cell.rhods)
        platform.install()
        platform.until(lambda: platform.get("dsc", "a-cluster").get("status", {}).get("phase") == "Ready")
        adopted = {what: without_status(platform.get(what, "-n", "redhat-ods-operator")) for what in (OLM, DSC)}
    before = settled(connect(somebody.cluster.kubeconfig))

    said = somebody.run(cell.verb, f"DELIVERY={cell.delivery}")
    for name in SERVICES[cell.rhods]:
        assert f"{name}: 18 known answers exactly, REST and gRPC" in said
    first = somebody.writes()
    assert first, "the audit log shows no write of the first run"

    assert "all there, nothing to change" in somebody.run(cell.verb, f"DELIVERY={cell.delivery}")
    assert somebody.writes() == first
    assert [row["stage"] for row in somebody.json("status") if not row["ready"]] == []
    answer_by_curl(somebody)

    somebody.run("teardown", "YES=1")
    restored(connect(somebody.cluster.kubeconfig), before)
    assert somebody.kubeconfig_sum() == kubeconfig
    for what, content in adopted.items():
        assert without_status(json.loads(kubectl("get", what, "-n", "redhat-ods-operator", "-o", "json"))) == content


def answer_by_curl(somebody: User) -> None:
    """The curl that `credentials` prints, pasted into a shell, brings the answer it names."""
    found = somebody.json("credentials")
    command = next(section["curl"] for section in found.values() if "curl" in section)
    (output,) = somebody.paste(command)["outputs"]
    assert output["data"] == pytest.approx([ANSWER], abs=1e-7)


def without_status(obj: dict[str, Any]) -> dict[str, Any]:
    """The object as its owner wrote it."""
    assert obj["metadata"]["name"], "it is not there"
    noise = ("managedFields", "resourceVersion")
    meta = {key: value for key, value in obj["metadata"].items() if key not in noise}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": meta}
