"""Objects as they change: one LIST and WATCH per kind and namespace, all reported into one queue."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bootstrap.errors import ApiError, ClusterError, DemoError, Forbidden, Gone, NotServed, Unauthorized
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Obj, Ref
from bootstrap.kube.watching import Watch

RELIST_SECONDS = 60.0  # a watch that silently lost its way costs a minute, not the wait
NOT_SERVED_PAUSE = 0.3
BROKEN_PAUSE = 1.0
Group = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation: the object, or why there is none."""

    ref: Ref
    obj: Obj | None
    missing: str = ""
    known: bool = True  # False: it could not be asked, so nothing is known of it


class Observer:
    """Reports every change of some objects from now until the block is left."""

    def __init__(self, client: Client, refs: Iterable[Ref]) -> None:
        self._client = client
        self._seen: queue.Queue[Seen | DemoError] = queue.Queue()
        self._stopped = threading.Event()
        self._watches: dict[Group, Watch] = {}
        groups: dict[Group, set[Ref]] = defaultdict(set)
        for ref in refs:
            groups[(ref.api_version, ref.kind, ref.namespace)].add(ref)
        self._threads = [
            threading.Thread(target=self._follow, args=(group, members), daemon=True)
            for group, members in groups.items()
        ]

    def __enter__(self) -> Observer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for watch in list(self._watches.values()):
            watch.close()

    def next(self, timeout: float) -> Seen:
        """Return the next observation; queue.Empty after `timeout` seconds; refused rights are raised."""
        item = self._seen.get(timeout=timeout)
        if isinstance(item, DemoError):
            raise item
        return item

    def _follow(self, group: Group, refs: set[Ref]) -> None:
        """List and watch again and again: a 410, a lost connection and a restarted server all end here."""
        while not self._stopped.is_set():
            try:
                self._round(group, refs)
            except NotServed as error:
                self._report_missing(refs, f"{error} yet")
                self._stopped.wait(NOT_SERVED_PAUSE)
            except Gone:
                continue
            except (Unauthorized, Forbidden) as error:
                self._seen.put(error)
                return
            except ClusterError as error:
                self._report_missing(refs, f"cannot be read: {error}", known=False)
                unserved = isinstance(error, ApiError) and error.status in {404, 503}
                self._stopped.wait(NOT_SERVED_PAUSE if unserved else BROKEN_PAUSE)

    def _round(self, group: Group, refs: set[Ref]) -> None:
        one = next(iter(refs)).name if len(refs) == 1 else None
        selector = f"metadata.name={one}" if one else None
        items, version = self._client.list_with_version(*group, field_selector=selector)
        found = {Ref.of(item): item for item in items}
        for ref in refs:
            self._seen.put(Seen(ref, found.get(ref), "does not exist yet"))
        end = time.monotonic() + RELIST_SECONDS
        with self._client.watch(*group, version, seconds=RELIST_SECONDS, name=one) as watch:
            self._watches[group] = watch
            if self._stopped.is_set():  # left while this watch was being opened
                return
            for kind, obj in watch:
                if self._stopped.is_set():
                    return
                self._report(group, refs, kind, obj)
        # a server that ends every watch at once must not be asked in a busy loop
        if end - time.monotonic() > RELIST_SECONDS - BROKEN_PAUSE:
            self._stopped.wait(BROKEN_PAUSE)

    def _report(self, group: Group, refs: set[Ref], kind: str, obj: Obj) -> None:
        if kind == "BOOKMARK":
            return
        ref = Ref.of({"apiVersion": group[0], "kind": group[1], **obj})
        ref = Ref(group[0], group[1], ref.namespace, ref.name)
        if ref in refs:
            gone = kind == "DELETED"
            self._seen.put(Seen(ref, None if gone else obj, "was deleted" if gone else ""))

    def _report_missing(self, refs: set[Ref], why: str, *, known: bool = True) -> None:
        for ref in refs:
            self._seen.put(Seen(ref, None, why, known))
