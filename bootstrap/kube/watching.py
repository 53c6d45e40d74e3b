"""A watch on one collection: events as they come, ended at once from any thread."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from bootstrap.errors import Gone
from bootstrap.kube.objects import Obj
from bootstrap.kube.transport import Transport, checked, failure


class Watch:
    """Iterate for (event type, object); the server ends it after a while, close() at any time."""

    def __init__(self, transport: Transport, path: str, query: Mapping[str, str], *, read_seconds: float) -> None:
        self._answer: urllib3.BaseHTTPResponse = transport.send(
            "GET", path, query=query, read_seconds=read_seconds, stream=True
        )
        if self._answer.status >= 300:
            checked(self._answer, f"GET {path}")
        self._path = path

    def __iter__(self) -> Iterator[tuple[str, Obj]]:
        rest = b""
        # a connection that breaks ends the watch like the server does: the caller lists and watches again
        with contextlib.suppress(HTTPError, OSError, ValueError, AttributeError), self:
            # not stream(): that waits for full blocks where a proxy has taken the chunks apart
            while chunk := self._answer.read1(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield self._event(json.loads(line))

    def _event(self, event: dict[str, Any]) -> tuple[str, Obj]:
        obj = event["object"]
        if event["type"] == "ERROR":
            error = failure(int(obj.get("code", 500)), json.dumps(obj).encode(), f"watch {self._path}")
            # whatever the error is, the way on is the same: list again
            raise Gone(str(error), status=error.status, reason=error.reason)
        return event["type"], obj

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self._answer.close()

    def close(self) -> None:
        """End the watch from another thread: its reader sees the end of the stream."""
        with contextlib.suppress(ValueError, RuntimeError, OSError):
            self._answer.shutdown()
