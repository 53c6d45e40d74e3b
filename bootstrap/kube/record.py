"""What this demo created and adopted on which cluster, kept in the cluster itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref

NAMESPACE = "serving-demo-record"
NAME = "serving-demo-record"


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

    def owns(self, obj: Obj) -> str | None:
        """Return None where the object is ours to delete (our labels and in the record), else why not."""
        raise NotImplementedError


def cluster_id(client: Client) -> str:
    """Return what identifies this cluster: ClusterVersion's ID, else the uid of kube-system."""
    raise NotImplementedError


def read(client: Client) -> Record | None:
    """Return the record, or None where this cluster has none; writes nothing."""
    raise NotImplementedError


class Keeper:
    """Writes the record, lazily: nothing reaches the cluster until something is to be created or adopted."""

    def __init__(self, client: Client, *, version: str, settings: dict[str, str]) -> None:
        raise NotImplementedError

    def intend(self, refs: Iterable[Ref]) -> None:
        """Note what is about to be created, before it is (apply's `before_create`)."""
        raise NotImplementedError

    def adopt(self, refs: Iterable[Ref]) -> None:
        """Note what was there before and is used as it is."""
        raise NotImplementedError

    def installed(self, package: str, csv: str) -> None:
        """Note an operator that we installed."""
        raise NotImplementedError


@contextmanager
def exclusive(client: Client, *, holder: str, seconds: int = 60) -> Iterator[None]:
    """Hold the Lease against two runs for as long as the block lasts; GuardError names the other run."""
    raise NotImplementedError
