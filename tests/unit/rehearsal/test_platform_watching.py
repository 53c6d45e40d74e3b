"""Work that follows changes: at once after each, again while it fails, and never for good."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from rehearsal.api import ApiError
from rehearsal.platform import watching


class Source:
    def __init__(self) -> None:
        self.changed: Callable[[], None] = lambda: None

    def subscribe(self, listener: Callable[[], None]) -> None:
        self.changed = listener


def run(work: Callable[[int], None], seconds: float, changes: int = 0) -> int:
    """How often the work ran in this time."""
    ran = 0

    async def once() -> None:
        nonlocal ran
        ran += 1
        work(ran)

    async def all_of_it() -> None:
        source = Source()
        task = asyncio.create_task(watching.reconcile("work", [source], once))
        for _ in range(changes):
            await asyncio.sleep(seconds / (changes + 1))
            source.changed()
        await asyncio.sleep(seconds / (changes + 1))
        task.cancel()

    asyncio.run(all_of_it())
    return ran


def test_work_runs_once_and_after_each_change() -> None:
    assert run(lambda _: None, 0.3) == 1
    assert run(lambda _: None, 0.6, changes=2) == 3


def test_failing_work_is_tried_again_and_named_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.05)

    def work(turn: int) -> None:
        if turn < 4:
            raise ApiError(422, "name is not valid")

    with caplog.at_level(logging.WARNING):
        assert run(work, 1.5) == 4
    assert [record.getMessage() for record in caplog.records] == ["work: 422 : name is not valid"]


def test_a_change_is_not_kept_waiting_by_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "RETRY_SECONDS", 30.0)

    def work(turn: int) -> None:
        if turn == 1:
            raise ApiError(409, "conflict")

    assert run(work, 0.6, changes=1) == 2


def test_other_errors_end_the_process() -> None:
    async def broken() -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        asyncio.run(asyncio.wait_for(watching.reconcile("work", [Source()], broken), 5))
