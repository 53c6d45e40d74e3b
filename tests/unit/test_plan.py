"""plan and status against an API server at the socket: they say what is and what would be, and write nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bootstrap import plan, status
from bootstrap.desired import Desired
from bootstrap.kube.apply import apply
from bootstrap.kube.client import Client
from bootstrap.kube.connection import connect
from bootstrap.stages import Visit, want
from tests.unit.cluster import visit
from tests.unit.kube.stub import Stub, serving

SPACE = "serving-demo-gitops"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Stub, Visit]]:
    with serving(tmp_path) as (stub, kubeconfig):
        stub.kinds["v1"] |= {
            "PersistentVolumeClaim": ("persistentvolumeclaims", True),
            "ServiceAccount": ("serviceaccounts", True),
        }
        stub.kinds["route.openshift.io/v1"] = {"Route": ("routes", True)}
        client = connect(kubeconfig)
        yield stub, visit(client, tmp_path)  # type: ignore[arg-type]
        client.close()


def storage(here: Visit) -> Desired:
    (wanted,) = want(here, ["storage"])
    return wanted


def install(here: Visit) -> None:
    objects = [obj for group in storage(here).applied.values() for obj in group]
    client: Client = here.client
    apply(client, objects, deadline=1e12)


def test_on_an_empty_cluster_everything_would_be_created_and_nothing_is(world: tuple[Stub, Visit]) -> None:
    stub, here = world
    (intent,) = plan.intents(here, ["storage"])
    assert {f"Namespace {SPACE}", f"Deployment {SPACE}/minio", f"Secret {SPACE}/minio-root"} <= set(intent.create)
    assert f"Secret {SPACE}/aws-connection-minio" in intent.create  # generated, never in Git
    assert (intent.change, intent.adopt, intent.leave) == ({}, [], [])
    assert stub.writes == []


def test_what_is_there_already_is_left(world: tuple[Stub, Visit]) -> None:
    _, here = world
    install(here)
    (intent,) = plan.intents(here, ["storage"])
    assert f"Deployment {SPACE}/minio" in intent.leave
    assert intent.create == [f"Secret {SPACE}/minio-root", f"Secret {SPACE}/aws-connection-minio"]


def test_drift_is_shown_as_the_change_that_a_run_would_make(world: tuple[Stub, Visit]) -> None:
    stub, here = world
    install(here)
    drifted = stub.objects[("apps/v1/deployments", SPACE, "minio")]
    drifted["spec"]["replicas"] = 0
    stub.add(drifted)
    (intent,) = plan.intents(here, ["storage"])
    diff = intent.change[f"Deployment {SPACE}/minio"]
    assert "replicas" in diff
    assert intent.lines()[0] == "storage"
    assert f"  change  Deployment {SPACE}/minio" in intent.lines()


def test_what_argo_cd_would_bring_and_what_would_go_into_the_bucket_is_told_too(world: tuple[Stub, Visit]) -> None:
    stub, here = world
    here.plan = replace(here.plan, delivery="gitops", repo_url="https://git.example.com/a.git", revision="0" * 40)
    found = {intent.stage: intent for intent in plan.intents(here, ["storage", "model"])}
    assert f"Deployment {SPACE}/minio" in found["storage"].create
    assert found["model"].create == [
        "file triton-repo/fraud/1/model.onnx in the bucket",
        "file triton-repo/fraud/config.pbtxt in the bucket",
    ]
    assert stub.writes == []


def test_a_stage_with_nothing_to_do_says_so() -> None:
    assert plan.Intent("model").lines() == ["model", "  nothing"]


def test_status_names_what_each_stage_lacks_and_writes_nothing(world: tuple[Stub, Visit]) -> None:
    stub, here = world
    wanted = storage(here)
    found = status.standing(here, wanted, [wanted])
    assert not found.ready
    assert f"Deployment {SPACE}/minio: does not exist" in found.reasons
    assert f"Secret {SPACE}/minio-root does not exist" in found.reasons
    assert found.row()[:2] == ("storage", "not ready")
    assert stub.writes == []


def test_a_cluster_that_cannot_be_asked_is_a_reason_and_no_end(world: tuple[Stub, Visit]) -> None:
    _, here = world
    here.client.close()
    wanted = Desired("serving", {"prepare": [{"apiVersion": "v9", "kind": "Odd", "metadata": {"name": "o"}}]})
    found = status.standing(here, wanted, [wanted])
    assert not found.ready
    assert found.reasons


def test_an_adopted_stage_says_what_it_uses() -> None:
    found = status.Standing("rhods", True, adopted=["Subscription a/b"])
    assert found.row() == ("rhods", "ready", "uses Subscription a/b")
