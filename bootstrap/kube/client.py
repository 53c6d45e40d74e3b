"""Requests to one API server: typed errors, retries inside a deadline, discovery cached for the process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from bootstrap.errors import ClusterError, Gone, NotFound, NotServed, Unreachable
from bootstrap.kube.discovery import Discovery, Resource
from bootstrap.kube.objects import Obj, Ref
from bootstrap.kube.retry import PATIENCE, pause_for, pauses, transient
from bootstrap.kube.transport import Transport, checked
from bootstrap.kube.watching import Watch

PAGE = 500
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


Objs = list[Obj]  # a name of its own: inside Client `list` is the method


class Client:
    """One API server, many connections; safe to share between threads."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.server = transport.server
        self.discovery = Discovery(self.request)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._transport.pool.clear()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        deadline: float | None = None,
    ) -> Any:
        """Return the decoded answer; 429, 5xx and lost connections are retried until `deadline` (time.monotonic)."""
        end = time.monotonic() + PATIENCE if deadline is None else deadline
        headers = {"Accept": accept, **({"Content-Type": content_type} if body is not None else {})}
        for pause in pauses(end):
            seconds = max(1.0, min(60.0, end - time.monotonic())) if deadline is not None else 60.0
            try:
                answer = self._transport.send(
                    method, path, body=body, query=query, headers=headers, read_seconds=seconds
                )
                return checked(answer, f"{method} {path}")
            except ClusterError as error:
                # a POST that may have got through would be answered "already exists" the second time
                unsure = method == "POST" and isinstance(error, Unreachable) and error.sent
                nap = pause_for(error, pause, end)
                if unsure or not transient(error) or time.monotonic() + nap >= end:
                    raise
                time.sleep(nap)
        raise Unreachable(f"{method} {path}: no time left for this request", transient=False)

    def text(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Return an answer that is no JSON (a container's log), asked for once."""
        answer = self._transport.send("GET", path, query=query, headers={"Accept": "*/*"}, read_seconds=30)
        if answer.status >= 300:
            checked(answer, f"GET {path}")
        return answer.data.decode(errors="replace")

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return where a kind lives on this server; NotServed where it is unknown."""
        return self.discovery.resource(api_version, kind)

    def path(self, ref: Ref, subresource: str | None = None) -> str:
        """Return the URL path of an object."""
        return self.resource(ref.api_version, ref.kind).path(ref.namespace, ref.name, subresource)

    def get(self, ref: Ref) -> Obj:
        """Return an object; NotFound where there is none, NotServed where its kind is unknown."""
        found: Obj = self.request("GET", self.path(ref))
        return found

    def find(self, ref: Ref) -> Obj | None:
        """Return an object, or None where it or its kind does not exist."""
        try:
            return self.get(ref)
        except (NotFound, NotServed):
            return None

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Objs:
        """Return all objects of a kind (empty where the kind is not served), each with apiVersion and kind."""
        try:
            return self.list_with_version(api_version, kind, namespace, label_selector, field_selector)[0]
        except (NotServed, NotFound):  # or no more, since discovery told: its CRD is going
            return []

    def list_with_version(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> tuple[Objs, str]:
        """Return all objects of a kind and the resource version from which to watch them."""
        path = self.resource(api_version, kind).path(namespace)
        query = {"labelSelector": label_selector, "fieldSelector": field_selector, "limit": str(PAGE)}
        wanted = {key: value for key, value in query.items() if value}
        items: Objs = []
        while True:
            try:
                page = self.request("GET", path, query=wanted)
            except Gone:
                if "continue" not in wanted:
                    raise
                # the first pages are too old by now to go on from: all of it at once, as kubectl does
                items = []
                wanted = {key: value for key, value in wanted.items() if key not in ("continue", "limit")}
                continue
            items += [{"apiVersion": api_version, "kind": kind, **item} for item in page.get("items") or []]
            meta = page.get("metadata") or {}
            if not meta.get("continue"):
                return items, str(meta.get("resourceVersion", ""))
            wanted["continue"] = meta["continue"]

    def create(self, obj: Obj, *, dry_run: bool = False) -> Obj:
        """Create an object; Conflict where it exists."""
        ref = Ref.of(obj)
        path = self.resource(ref.api_version, ref.kind).path(ref.namespace)
        made: Obj = self.request("POST", path, body=obj, query={"dryRun": "All"} if dry_run else None)
        return made

    def replace(self, obj: Obj) -> Obj:
        """Write an object as read before; Conflict where somebody else was faster."""
        written: Obj = self.request("PUT", self.path(Ref.of(obj)), body=obj)
        return written

    def patch(self, ref: Ref, body: Any) -> Obj:
        """Merge a patch into an object and return it."""
        patched: Obj = self.request("PATCH", self.path(ref), body=body, content_type=MERGE_PATCH)
        return patched

    def apply(
        self, obj: Obj, *, manager: str, force: bool = False, dry_run: bool = False, deadline: float | None = None
    ) -> Obj:
        """Server-side apply one object; a field conflict is a Conflict with the managers among its causes."""
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        path = self.path(Ref.of(obj))
        made: Obj = self.request("PATCH", path, body=obj, query=query, content_type=APPLY_PATCH, deadline=deadline)
        return made

    def delete(self, ref: Ref, *, uid: str | None = None) -> bool:
        """Ask for an object's deletion (only of this uid, if given); False where it is gone already."""
        options: Obj = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            self.request("DELETE", self.path(ref), body=options)
        except NotFound:
            return False
        return True

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        resource_version: str,
        *,
        seconds: float,
        name: str | None = None,
    ) -> Watch:
        """Return the events since a resource version, until the server, `seconds` or close() end them."""
        path = self.resource(api_version, kind).path(namespace)
        query = {"watch": "true", "resourceVersion": resource_version, "timeoutSeconds": str(max(1, int(seconds)))}
        if name:
            query["fieldSelector"] = f"metadata.name={name}"
        return Watch(self._transport, path, query, read_seconds=seconds + 10)

    def serves(self, api_version: str, kind: str) -> bool:
        """Say whether this cluster serves a kind, asking again where it did not."""
        try:
            self.resource(api_version, kind)
        except NotServed:
            return False
        return True
