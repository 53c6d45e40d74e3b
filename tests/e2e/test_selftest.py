"""`make selftest` on a cluster: the whole life walked, a report that can be shared, and the cluster as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap.kube.connection import connect
from tests.e2e.journey import User
from tests.e2e.listing import restored, settled

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
STEPS = ("doctor", "demo", "verify", "demo again", "reset", "teardown", "what is left")


def test_a_self_test_walks_there_and_back_and_reports(somebody: User) -> None:
    client = connect(somebody.cluster.kubeconfig)
    before = settled(client)
    said = somebody.run("selftest", "YES=1", "DELIVERY=direct", "NAMESPACE=class-a", "DASHBOARD_ADMIN=ann")
    report = Path(next(line for line in said.splitlines() if line.endswith(".md"))).read_text()
    assert "\npassed\n" in report
    assert [line.split("|")[1].strip() for line in report.splitlines() if "| well |" in line] == list(STEPS)
    assert "18 known answers" in report
    names = (somebody.cluster.api_url, str(somebody.cluster.kubeconfig), "127.0.0.1", somebody.cluster.cluster_id)
    assert not [name for name in names if name in report]
    restored(client, before)


def test_it_refuses_a_cluster_that_has_a_demo(somebody: User) -> None:
    assert "needs OpenShift AI, which is not here" in somebody.run("storage", "DELIVERY=direct", code=1)
    somebody.run("rhods", "DELIVERY=direct")
    writes = somebody.writes()
    assert "has a demo already" in somebody.run("selftest", "YES=1", code=2)
    assert somebody.writes() == writes
