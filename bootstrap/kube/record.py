"""What this demo created and adopted on which cluster, kept in the cluster itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bootstrap.errors import ApiError, Conflict, GuardError, NotFound
from bootstrap.kube.client import Client
from bootstrap.kube.discovery import Resource
from bootstrap.kube.identity import cluster_id
from bootstrap.kube.lease import NAMESPACE, SPACE, ensure_space, exclusive
from bootstrap.kube.objects import LABELS, SELECTOR, Obj, Ref, carries_our_labels, dig
from bootstrap.kube.parallel import each

__all__ = ["NAME", "NAMESPACE", "Keeper", "Record", "check_cluster", "exclusive", "leftovers", "read"]

NAME = "serving-demo-record"
RECORD = Ref("v1", "ConfigMap", NAMESPACE, NAME)
COPIES = {"Event", "Endpoints"}  # made beside an object, with its labels, and gone with it
VIEWS = {"project.openshift.io", "authorization.openshift.io"}  # namespaces and rights once more, under other kinds
TRIES = 5


@dataclass(frozen=True, slots=True)
class Change:
    """What we changed about an object that is not ours, as merge patches: back to what it said, and to what it says."""

    was: Obj
    now: Obj


@dataclass(slots=True)
class Record:
    """The record's content."""

    cluster_id: str
    version: str
    server: str
    created: set[Ref] = field(default_factory=set)
    adopted: set[Ref] = field(default_factory=set)
    installed: dict[str, str] = field(default_factory=dict)  # operator package -> CSV that we installed
    settings: dict[str, str] = field(default_factory=dict)
    reset: str = ""  # when the demo was last made as new
    changed: dict[Ref, Change] = field(default_factory=dict)  # not ours, but the settings allowed it

    def owns(self, obj: Obj) -> str | None:
        """Return None where the object is ours to delete (our labels and in the record), else why not."""
        ref = Ref.of(obj)
        if ref in self.adopted:
            return "it was there before and is only used"
        if not carries_our_labels(obj):
            return "it does not carry our labels: somebody has taken it over"
        if not any(same_object(ref, made) for made in self.created):
            return "it is not in the record of what was created here"
        return None

    def to_data(self) -> dict[str, str]:
        """Return the content as a ConfigMap's data: short texts that people can read."""
        return {
            "clusterID": self.cluster_id,
            "version": self.version,
            "server": self.server,
            "created": _lines(self.created),
            "adopted": _lines(self.adopted),
            "installed": json.dumps(self.installed, sort_keys=True),
            "settings": json.dumps(self.settings, sort_keys=True),
            **({"reset": self.reset} if self.reset else {}),
            **({"changed": _changes(self.changed)} if self.changed else {}),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Record:
        """Return the record that a ConfigMap holds; GuardError where it is not one."""
        try:
            return cls(
                data["clusterID"],
                data["version"],
                data["server"],
                set(map(_ref, data.get("created", "").splitlines())),
                set(map(_ref, data.get("adopted", "").splitlines())),
                dict(json.loads(data.get("installed") or "{}")),
                dict(json.loads(data.get("settings") or "{}")),
                data.get("reset", ""),
                {_ref(line): Change(**one) for line, one in json.loads(data.get("changed") or "{}").items()},
            )
        except (LookupError, TypeError, ValueError) as error:
            raise GuardError(
                f"ConfigMap {NAMESPACE}/{NAME} is no record of the demo ({error!r}); look at it first"
            ) from error


def same_object(one: Ref, other: Ref) -> bool:
    """Say whether two references mean one object, maybe in two versions of its API."""
    return (one.group, one.kind, one.namespace, one.name) == (other.group, other.kind, other.namespace, other.name)


def _lines(refs: Iterable[Ref]) -> str:
    return "\n".join(f"{ref.api_version} {ref.kind} {ref.namespace or '-'} {ref.name}" for ref in sorted(refs))


def _changes(changed: dict[Ref, Change]) -> str:
    return json.dumps({_lines([ref]): {"was": one.was, "now": one.now} for ref, one in sorted(changed.items())})


def _ref(line: str) -> Ref:
    api_version, kind, namespace, name = line.split(" ")
    return Ref(api_version, kind, None if namespace == "-" else namespace, name)


def read(client: Client) -> Record | None:
    """Return the record, or None where this cluster has none; writes nothing."""
    found = client.find(RECORD)
    return Record.from_data(found.get("data") or {}) if found else None


def check_cluster(client: Client, record: Record) -> None:
    """Refuse to go on where the record is about another cluster than the one that answers."""
    here = cluster_id(client)
    if record.cluster_id != here:
        raise GuardError(
            f"the record is about cluster {record.cluster_id}, but {client.server} is cluster {here}; "
            "nothing was changed: is this the right kubeconfig?"
        )


def leftovers(client: Client) -> list[Ref]:
    """Return every object in the cluster that carries our labels, whatever the record says."""
    found = each(lambda resource: _ours(client, resource), client.discovery.everything())
    return sorted(ref for refs in found for ref in refs)


def _ours(client: Client, resource: Resource) -> list[Ref]:
    if resource.kind in COPIES or resource.group in VIEWS:
        return []
    try:
        objs = client.list(resource.api_version, resource.kind, label_selector=SELECTOR)
    except ApiError as error:
        if error.status in {404, 405, 503}:  # an aggregated API that is down, or cannot list
            return []
        raise
    # what a controller made in the likeness of ours (ReplicaSets, Pods, EndpointSlices) goes with its owner
    return [Ref.of(obj) for obj in objs if not dig(obj, "metadata", "ownerReferences")]


class Keeper:
    """Writes the record, lazily: nothing reaches the cluster until something is to be created or adopted."""

    def __init__(self, client: Client, *, version: str, settings: dict[str, str]) -> None:
        self._client = client
        self._version = version
        self._settings = settings
        self._lock = threading.Lock()

    def intend(self, refs: Iterable[Ref]) -> None:
        """Note what is about to be created, before it is (apply's `before_create`)."""
        made = set(refs)
        self._note(lambda record: record.created.update(made - record.adopted))

    def adopt(self, refs: Iterable[Ref]) -> None:
        """Note what was there before and is used as it is; what we made ourselves is not adopted later."""
        found = set(refs)
        self._note(lambda record: record.adopted.update(found - record.created))

    def installed(self, package: str, csv: str) -> None:
        """Note an operator that we installed."""
        self._note(lambda record: record.installed.update({package: csv}))

    def changing(self, ref: Ref, change: Change) -> None:
        """Note what is about to be changed about an object that is not ours; what it said at first stays noted."""

        def edit(record: Record) -> None:
            first = record.changed.get(ref, change)
            record.changed[ref] = Change(was=first.was, now=change.now)

        self._note(edit)

    def put_back(self, refs: Iterable[Ref]) -> None:
        """Note what says again what it said before us."""
        done = set(refs)

        def edit(record: Record) -> None:
            record.changed = {ref: one for ref, one in record.changed.items() if ref not in done}

        self._note(edit)

    def forget(self, refs: Iterable[Ref]) -> None:
        """Note what is gone again; an operator goes with its Subscription."""
        gone = set(refs)

        def edit(record: Record) -> None:
            record.created -= gone
            record.adopted -= gone
            for ref in gone:
                if ref.kind == "Subscription":
                    record.installed.pop(ref.name, None)

        self._note(edit)

    def was_reset(self) -> None:
        """Note that the demo is as new now."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._note(lambda record: setattr(record, "reset", now))

    def _note(self, edit: Callable[[Record], object]) -> None:
        """Edit the record as it is now; another writer's additions are kept."""
        with self._lock:
            for _ in range(TRIES):
                live = self._client.find(RECORD)
                record = Record.from_data(live.get("data") or {}) if live else self._first()
                before = record.to_data()
                edit(record)
                if live and record.to_data() == before:
                    return
                record.version, record.settings = self._version, self._settings
                try:
                    self._write(record, live)
                except (Conflict, NotFound):
                    continue  # somebody else wrote it in between
                return
            raise GuardError(f"ConfigMap {NAMESPACE}/{NAME} changes all the time; is another run at work?")

    def _first(self) -> Record:
        made = Record(cluster_id(self._client), self._version, self._client.server)
        made.created |= {SPACE, RECORD}
        return made

    def _write(self, record: Record, live: Obj | None) -> None:
        if live is not None:
            self._client.replace({**live, "data": record.to_data()})
            return
        ensure_space(self._client)
        meta = {"name": NAME, "namespace": NAMESPACE, "labels": LABELS}
        self._client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": record.to_data()})
