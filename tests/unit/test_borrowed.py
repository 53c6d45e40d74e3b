"""What is somebody else's and was changed for the demo says again what it said before."""

from __future__ import annotations

from typing import Any

import pytest

from bootstrap.borrowed import former, still, undo
from bootstrap.kube.objects import Ref
from bootstrap.kube.record import Change
from tests.unit.cluster import Objects, obj

DSC = Ref("datasciencecluster.opendatahub.io/v2", "DataScienceCluster", None, "theirs")
OFF, ON = {"spec": {"kserve": {"managementState": "Removed"}}}, {"spec": {"kserve": {"managementState": "Managed"}}}


class Cluster(Objects):
    """A cluster that keeps the patches it gets."""

    def __init__(self, spec: dict[str, Any] | None) -> None:
        super().__init__([obj(DSC.api_version, DSC.kind, DSC.name, spec=spec)] if spec else [])
        self.patches: list[Any] = []

    def patch(self, ref: Ref, body: Any) -> None:
        self.patches.append((ref, body))


@pytest.mark.parametrize(
    ("said", "patch", "back"),
    [
        (OFF, ON, OFF),
        ({"spec": {}}, ON, {"spec": {"kserve": None}}),
        ({}, ON, {"spec": None}),
        ({"spec": {"kserve": "odd"}}, ON, {"spec": {"kserve": "odd"}}),
        (
            OFF,
            {"spec": {"kserve": {"managementState": "Managed", "mode": "Raw"}}},
            {"spec": {"kserve": {**OFF["spec"]["kserve"], "mode": None}}},
        ),
    ],
    ids=["a value", "a part that was not there", "nothing was there", "another type", "one field more"],
)
def test_a_patch_is_undone_field_by_field(said: dict, patch: dict, back: dict) -> None:
    assert former(said, patch) == back


def test_what_still_says_what_we_made_it_say_is_put_back() -> None:
    cluster = Cluster({**ON["spec"], "beside": "theirs"})
    assert undo(cluster, {DSC: Change(OFF, ON)}) == {}
    assert cluster.patches == [(DSC, OFF)]


def test_what_somebody_has_changed_since_is_left_and_named() -> None:
    cluster = Cluster(OFF["spec"])
    assert "somebody has changed it since" in undo(cluster, {DSC: Change(OFF, ON)})[DSC]
    assert cluster.patches == []
    assert not still({"spec": {"kserve": "odd"}}, ON)


def test_what_is_gone_needs_nothing() -> None:
    assert undo(Cluster(None), {DSC: Change(OFF, ON)}) == {}
