"""Who may change OpenShift AI's settings in its dashboard: one more user, as long as the demo is there."""

from __future__ import annotations

from bootstrap import borrowed
from bootstrap.errors import DemoError, WaitTimeout
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Ref, dig
from bootstrap.kube.readiness.verdict import READY
from bootstrap.kube.record import Change, Keeper, read
from bootstrap.kube.wait import Target, wait

GROUP = Ref("user.openshift.io/v1", "Group", None, "rhods-admins")  # of every release; its operator makes it
PATIENCE = 60.0  # a moment after the DataScienceCluster


def members(client: Client) -> list[str]:
    """Return who is in the group."""
    return list(dig(client.find(GROUP), "users", default=None) or [])


def lacking(client: Client, user: str | None) -> list[str]:
    """Return what is to be done about the group, as a sentence."""
    return [f"user {user} is to be added to {GROUP}"] if user and user not in members(client) else []


def grant(client: Client, keeper: Keeper, user: str) -> None:
    """Add a user to the group, in place of the one whom an earlier run added; teardown takes it back by the record."""
    try:
        wait(client, [Target(GROUP, check=lambda _: READY)], timeout=PATIENCE, why="OpenShift AI's group")
    except WaitTimeout as problem:
        raise DemoError(
            f"DASHBOARD_ADMIN {user}: there is no {GROUP}; where people sign in elsewhere, name them in Auth `auth` "
            "(spec.adminGroups), and leave DASHBOARD_ADMIN out"
        ) from problem
    known = read(client)
    before = known.changed.get(GROUP) if known else None
    former = borrowed.added(before)["users"] if before else []
    keeper.changing(GROUP, Change(was={"users": []}, now={"users": [user]}))
    borrowed.edit(
        client, GROUP, lambda group: {"users": [*borrowed.without(group.get("users"), [*former, user]), user]}
    )
