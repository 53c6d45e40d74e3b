"""The last thing the cluster complained about for an object and what belongs to it."""

from __future__ import annotations

from bootstrap.errors import ClusterError
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref, dig

# a claim without any StorageClass is told in an event of type Normal
COMPLAINTS = frozenset({"FailedBinding"})


def last_warning(client: Client, ref: Ref) -> str | None:
    """Return the newest complaint about an object or what was made from it (Pods of a Deployment), if there is one."""
    try:
        events = client.list("v1", "Event", ref.namespace or "default")
    except ClusterError:
        return None  # this only adds to a message that is about something else
    complaints = [event for event in events if _complains(event) and _concerns(event, ref)]
    if not complaints:
        return None
    newest = max(complaints, key=lambda event: (_says_why(event), _time(event)))
    about = dig(newest, "involvedObject", default={})
    return f"{about.get('kind')} {about.get('name')}: {newest.get('reason')}: {newest.get('message')}"


def _complains(event: Obj) -> bool:
    return event.get("type") == "Warning" or event.get("reason") in COMPLAINTS


def _concerns(event: Obj, ref: Ref) -> bool:
    """Say whether an event is about an object, or about one whose name starts with its name as children's do."""
    about = dig(event, "involvedObject", default={})
    name = about.get("name") or ""
    return (name == ref.name and about.get("kind") == ref.kind) or name.startswith(ref.name + "-")


def _says_why(event: Obj) -> bool:
    """Say whether a complaint may be the cause: an autoscaler has nothing to measure because nothing runs."""
    return bool(dig(event, "involvedObject", "kind") != "HorizontalPodAutoscaler")


def _time(event: Obj) -> str:
    """Return when an event was last seen; all of these are RFC 3339 in UTC and sort as text."""
    series = dig(event, "series", "lastObservedTime")
    first = dig(event, "metadata", "creationTimestamp", default="")
    return str(series or event.get("lastTimestamp") or event.get("eventTime") or first)
