"""One more administrator of the dashboard: added once, noted, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from bootstrap import borrowed, dashboard_admin
from bootstrap.dashboard_admin import GROUP, grant, lacking, members
from bootstrap.errors import DemoError, WaitTimeout
from bootstrap.kube.objects import Obj, Ref
from bootstrap.kube.record import Change, Record
from tests.unit.cluster import Objects, obj


class Cluster(Objects):
    """A cluster with a record, whose objects can be patched."""

    known = Record("id", "1", "server")

    def patch(self, ref: Ref, patch: Obj) -> None:
        self.objects[ref] = {**self.objects[ref], **patch}

    def changing(self, ref: Ref, change: Change) -> None:
        """As the keeper of the record notes it."""
        first = self.known.changed.get(ref, change)
        self.known.changed[ref] = Change(first.was, change.now)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    found = Cluster([obj("user.openshift.io/v1", "Group", "rhods-admins", users=["theirs"])])
    found.known = Record("id", "1", "server")
    monkeypatch.setattr(dashboard_admin, "read", lambda _: found.known)
    monkeypatch.setattr(dashboard_admin, "wait", lambda *_, **__: None)
    return found


def test_a_user_is_added_beside_the_others_and_taken_back(cluster: Any) -> None:
    assert lacking(cluster, "ann") == ["user ann is to be added to Group rhods-admins"]
    grant(cluster, cluster, "ann")
    assert members(cluster) == ["theirs", "ann"]
    assert lacking(cluster, "ann") == lacking(cluster, None) == []
    assert borrowed.undo(cluster, cluster.known.changed) == {}
    assert members(cluster) == ["theirs"]


def test_another_user_takes_the_place_of_the_first(cluster: Any) -> None:
    grant(cluster, cluster, "ann")
    grant(cluster, cluster, "bob")
    assert members(cluster) == ["theirs", "bob"]
    borrowed.undo(cluster, cluster.known.changed)
    assert members(cluster) == ["theirs"]


def test_who_has_come_or_gone_since_is_left_as_it_is(cluster: Any) -> None:
    grant(cluster, cluster, "ann")
    cluster.patch(GROUP, {"users": ["ann", "eve"]})
    grant(cluster, cluster, "bob")
    assert members(cluster) == ["eve", "bob"]
    assert borrowed.undo(cluster, cluster.known.changed) == {}
    assert members(cluster) == ["eve"]


def test_a_cluster_whose_users_sign_in_elsewhere_is_told(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise WaitTimeout("nothing")

    monkeypatch.setattr(dashboard_admin, "wait", never)
    with pytest.raises(DemoError, match=r"there is no Group rhods-admins; .*name them in Auth `auth`"):
        grant(cluster, cluster, "ann")
