"""What the agent remembers of a pod's containers; `status.py` turns it into a PodStatus."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

Obj = dict[str, Any]


def now() -> str:
    """This second, as the API writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not started, or between two starts."""

    reason: str = "ContainerCreating"
    message: str = ""

    def render(self) -> Obj:
        return {"waiting": {"reason": self.reason, **({"message": self.message} if self.message else {})}}


@dataclass(frozen=True, slots=True)
class Running:
    """The process lives."""

    since: str

    def render(self) -> Obj:
        return {"running": {"startedAt": self.since}}


@dataclass(frozen=True, slots=True)
class Terminated:
    """The process ended."""

    code: int
    reason: str
    since: str = ""
    until: str = ""
    message: str = ""
    container_id: str = ""

    def render(self) -> Obj:
        times = {"startedAt": self.since or None, "finishedAt": self.until or None}
        facts: Obj = {"exitCode": self.code, "reason": self.reason, **times}
        if self.message:
            facts["message"] = self.message
        if self.container_id:
            facts["containerID"] = self.container_id
        return {"terminated": facts}


State = Waiting | Running | Terminated


@dataclass(slots=True)
class Record:
    """The changing facts of one container."""

    name: str
    image: str
    sidecar: bool = False  # an init container with restartPolicy Always
    init: bool = False
    state: State = field(default_factory=Waiting)
    last: Terminated | None = None
    restarts: int = 0
    ready: bool = False
    started: bool = False
    image_id: str = ""
    container_id: str = ""

    @property
    def completed(self) -> bool:
        """It ended well and stays so."""
        return isinstance(self.state, Terminated) and self.state.code == 0


@dataclass(slots=True)
class PodFacts:
    """The changing facts of one pod."""

    init: list[Record]
    main: list[Record]
    host_ip: str = ""
    ip: str = ""
    start: str = ""
    sandbox_ready: bool = False
    override: tuple[str, str, str] | None = None  # phase, reason and message decided by the agent


def records(pod: Obj) -> PodFacts:
    """Fresh records for a pod's containers."""
    spec = pod["spec"]
    inits = [
        Record(item["name"], item["image"], item.get("restartPolicy") == "Always", init=True)
        for item in spec.get("initContainers") or ()
    ]
    mains = [Record(item["name"], item["image"]) for item in spec["containers"]]
    if inits:
        for record in mains:
            record.state = Waiting("PodInitializing")
        for record in inits:
            record.state = Waiting("PodInitializing")
    return PodFacts(inits, mains)


def recall(pod: Obj, facts: PodFacts) -> None:
    """Restart counts go on where a former agent stopped; what it ran counts as ended with an unknown code."""
    status = pod.get("status") or {}
    for records_, key in ((facts.init, "initContainerStatuses"), (facts.main, "containerStatuses")):
        known = {item["name"]: item for item in status.get(key) or ()}
        for record in records_:
            if old := known.get(record.name):
                _recall(record, old)


def _recall(record: Record, old: Obj) -> None:
    record.restarts = old.get("restartCount", 0)
    state = old.get("state") or {}
    ended = state.get("terminated") or (old.get("lastState") or {}).get("terminated")
    if "running" in state:
        message = "The container could not be located when the node agent started again"
        since = state["running"].get("startedAt", "")
        record.last = Terminated(137, "ContainerStatusUnknown", since, now(), message, old.get("containerID", ""))
        record.restarts += 1
    elif ended:
        times = (ended.get("startedAt") or "", ended.get("finishedAt") or "")
        record.last = Terminated(ended["exitCode"], ended.get("reason", ""), *times, ended.get("message", ""))
        record.restarts += 1
