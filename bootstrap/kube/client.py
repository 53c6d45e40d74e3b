"""Requests to one API server: typed errors, retries inside a deadline, discovery cached for the process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bootstrap.kube.objects import Obj, Ref


class Client:
    """One API server, many connections; safe to share between threads."""

    server: str

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        deadline: float | None = None,
    ) -> Any:
        """Return the decoded answer; 429, 5xx and lost connections are retried until `deadline` (time.monotonic)."""
        raise NotImplementedError

    def get(self, ref: Ref) -> Obj:
        """Return an object; NotFound where there is none, NotServed where its kind is unknown."""
        raise NotImplementedError

    def find(self, ref: Ref) -> Obj | None:
        """Return an object, or None where it or its kind does not exist."""
        raise NotImplementedError

    def list(
        self, api_version: str, kind: str, namespace: str | None = None, label_selector: str | None = None
    ) -> list[Obj]:
        """Return all objects of a kind (empty where the kind is not served), each with apiVersion and kind."""
        raise NotImplementedError

    def create(self, obj: Obj, *, dry_run: bool = False) -> Obj:
        """Create an object; Conflict where it exists."""
        raise NotImplementedError

    def patch(
        self, ref: Ref, body: Any, *, content_type: str = "application/merge-patch+json", dry_run: bool = False
    ) -> Obj:
        """Patch an object and return it."""
        raise NotImplementedError

    def delete(self, ref: Ref, *, propagation: str = "Foreground", uid: str | None = None) -> bool:
        """Ask for an object's deletion (only of this uid, if given); False where it is gone already."""
        raise NotImplementedError

    def watch(
        self, api_version: str, kind: str, namespace: str | None, resource_version: str, *, seconds: float
    ) -> Iterator[tuple[str, Obj]]:
        """Yield (event type, object) until the server or `seconds` end it; Gone where it has to be listed again."""
        raise NotImplementedError

    def serves(self, api_version: str, kind: str) -> bool:
        """Say whether this cluster serves a kind, asking again where it did not."""
        raise NotImplementedError
