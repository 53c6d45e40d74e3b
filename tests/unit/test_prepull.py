"""The model server's image: pulled from the beginning of a run, in a pod that leaves nothing behind."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest

from bootstrap import desired, prepull
from bootstrap.errors import Conflict, NotFound
from bootstrap.kube.objects import Obj, Ref
from bootstrap.progress import Lines
from tests.unit.cluster import Objects, obj, plan

SPACE = "serving-demo-gitops"


class Cluster(Objects):
    """A cluster on which pods can be made, and whose events come one by one."""

    def __init__(self, *events: tuple[str, str]) -> None:
        super().__init__()
        self.events, self.noted = list(events), []

    def create(self, made: Obj) -> None:
        if Ref.of(made) in self.objects:
            raise Conflict("it exists", status=409)
        self.objects[Ref.of(made)] = made

    def delete(self, ref: Ref, **_: Any) -> None:
        if self.objects.pop(ref, None) is None:
            raise NotFound("gone", status=404)

    def list(self, *_: Any, **__: Any) -> list:
        return [{"reason": reason, "message": message} for reason, message in self.events]

    def intend(self, refs: list[Ref]) -> None:
        self.noted += refs

    def forget(self, refs: list[Ref]) -> None:
        self.noted = [ref for ref in self.noted if ref not in refs]


def stages(*names: str, **settings: Any) -> list[desired.Desired]:
    return [desired.BY_STAGE[name](plan(**settings)) for name in names]


def pull(cluster: Any, monkeypatch: pytest.MonkeyPatch, stage: str = "rhods") -> str:
    monkeypatch.setattr(prepull, "EVERY", 0.01)
    show = Lines(io.StringIO(), stage=stage)
    with prepull.pulling(cluster, {"image": "r/triton:1"}, cluster, show):
        assert prepull.POD in cluster.objects
        assert cluster.noted == [prepull.POD]
        end = time.monotonic() + 5
        while cluster.events and not show.out.getvalue() and time.monotonic() < end:  # type: ignore[attr-defined]
            time.sleep(0.01)
    assert not cluster.objects
    assert not cluster.noted
    return str(show.out.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize("delivery", ["gitops", "direct"])
def test_the_image_of_the_runtime_is_pulled_with_room_for_the_model_server(delivery: str) -> None:
    container = prepull.wanted(Objects(), SPACE, stages("storage", "serving", delivery=delivery, triton_image="m/t:2"))  # type: ignore[arg-type]
    assert container
    (made,) = prepull.pod(container)["spec"]["containers"]
    assert (made["image"], made["resources"]["requests"]["memory"]) == ("m/t:2", "1Gi")


def test_nothing_is_pulled_for_a_model_server_that_is_there_or_comes_at_once() -> None:
    there = obj("serving.kserve.io/v1beta1", "InferenceService", "fraud", SPACE)
    assert prepull.wanted(Objects([there]), SPACE, stages("storage", "serving")) is None  # type: ignore[arg-type]
    assert prepull.wanted(Objects(), SPACE, stages("serving")) is None  # type: ignore[arg-type]
    assert prepull.wanted(Objects(), SPACE, stages("storage", "model")) is None  # type: ignore[arg-type]


def test_the_end_of_a_pull_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said = pull(Cluster(("Pulled", 'Successfully pulled image "r/triton:1" in 4m2s')), monkeypatch)
    assert said == 'the model server\'s image is there: Successfully pulled image "r/triton:1" in 4m2s\n'


def test_an_image_that_was_there_is_not_worth_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pull(Cluster(("Pulled", "Container image already present on machine")), monkeypatch) == ""


def test_a_failing_pull_is_told_once_and_long_before_its_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    said = pull(Cluster(("Failed", 'Failed to pull image "r/triton:1": no route')), monkeypatch)
    assert said.count("no route; where the nodes cannot reach that registry, set TRITON_IMAGE to a mirror") == 1


def test_the_stage_that_waits_for_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    said = pull(Cluster(("Pulling", "Pulling image")), monkeypatch, stage="serving")
    assert "… r/triton:1 is being pulled, for 0 s by now" in said


def test_the_pod_of_a_killed_run_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster()
    cluster.create(prepull.pod({"image": "r/triton:1"}))
    pull(cluster, monkeypatch)
