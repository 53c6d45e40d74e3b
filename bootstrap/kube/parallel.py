"""The same work on many things at once, in threads that never outlive the program."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

WORKERS = 16
T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Iterable[T], workers: int = WORKERS) -> list[R]:
    """Return work(item) for all items, in their order; the first error is raised once all running work is done.

    The threads are daemons and take no new item once the caller is interrupted: Ctrl-C ends the program at once.
    """
    todo = list(items)
    if len(todo) < 2:
        return [work(item) for item in todo]
    run = _Run(work, todo)
    threads = [threading.Thread(target=run.take, daemon=True) for _ in range(min(workers, len(todo)))]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException:
        run.stopped = True
        raise
    if run.errors:
        raise run.errors[0]
    return [run.results[index] for index in range(len(todo))]


class _Run(Generic[T, R]):
    """Shares one list of items among threads."""

    def __init__(self, work: Callable[[T], R], items: list[T]) -> None:
        self.work = work
        self.left = iter(enumerate(items))
        self.lock = threading.Lock()
        self.results: dict[int, R] = {}
        self.errors: list[BaseException] = []
        self.stopped = False

    def take(self) -> None:
        """Work on items until none is left."""
        while (found := self.next()) is not None:
            try:
                self.results[found[0]] = self.work(found[1])
            except BaseException as error:
                self.errors.append(error)
                self.stopped = True

    def next(self) -> tuple[int, T] | None:
        """Return the next item and its place, if work is to go on."""
        with self.lock:
            return None if self.stopped else next(self.left, None)
