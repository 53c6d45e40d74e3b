"""What the cluster complained about last, as far as it says why."""

from __future__ import annotations

from typing import Any

import pytest

from bootstrap.kube.events import last_warning
from bootstrap.kube.objects import Obj, Ref
from tests.unit.cluster import Objects, obj

MODEL = Ref("serving.kserve.io/v1beta1", "InferenceService", "demo", "fraud")


def event(kind: str, name: str, reason: str, minute: int, **more: Any) -> Obj:
    about = {"involvedObject": {"kind": kind, "name": name}, "reason": reason, "message": "m", "type": "Warning"}
    time = {"lastTimestamp": f"2026-01-01T00:{minute:02}:00Z"}
    return {**obj("v1", "Event", f"{name}.{minute}", "demo"), **about, **time, **more}


PULL = event("Pod", "fraud-predictor-1", "Failed", 1)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], None),
        ([event("Pod", "other-1", "Failed", 5), event("Pod", "fraud-1", "Pulled", 5, type="Normal")], None),
        ([PULL, event("Pod", "fraud-predictor-1", "BackOff", 2)], "Pod fraud-predictor-1: BackOff: m"),
        (
            [PULL, event("HorizontalPodAutoscaler", "fraud-predictor", "NoMetric", 9)],
            "Pod fraud-predictor-1: Failed: m",
        ),
        ([event("PersistentVolumeClaim", "fraud-1", "FailedBinding", 1, type="Normal")], "PersistentVolumeClaim"),
    ],
    ids=["none", "not about it", "newest", "an autoscaler only follows", "a claim's complaint is Normal"],
)
def test_the_newest_complaint_that_says_why_is_told(events: list[Obj], said: str | None) -> None:
    found = last_warning(Objects(events), MODEL)  # type: ignore[arg-type]
    assert found == said or (found and said and found.startswith(said))
