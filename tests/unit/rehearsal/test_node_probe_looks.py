"""When probes look: eagerly until the first good answer, without counting the early misses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.node import probes
from rehearsal.node.probes import Answer


class Clock:
    """A clock that the code's own sleeps move."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(probes.time, "monotonic", made.monotonic)
    monkeypatch.setattr(probes.asyncio, "sleep", made.sleep)
    return made


def looks(clock: Clock, monkeypatch: pytest.MonkeyPatch, good_from: float, probe: dict[str, Any], eager: bool) -> list:
    """(time, good, decided) of every answer that counted, until the first decision."""
    counted: list[tuple[float, bool, bool]] = []

    async def check(*_: object) -> Answer:
        return Answer(clock.now >= good_from)

    async def result(answer: Answer, decided: bool) -> bool:
        counted.append((clock.now, answer.good, decided))
        return not decided

    monkeypatch.setattr(probes, "check", check)
    asyncio.run(probes.watch(None, probe, result, eager=eager))  # type: ignore[arg-type]
    return counted


def test_an_eager_probe_knows_a_quick_program_before_its_delay(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = {"initialDelaySeconds": 30, "periodSeconds": 10}
    assert looks(clock, monkeypatch, 2, probe, eager=True) == [(2, True, True)]


def test_early_misses_do_not_shorten_a_slow_programs_time(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = {"initialDelaySeconds": 5, "periodSeconds": 10, "failureThreshold": 2}
    counted = looks(clock, monkeypatch, 1000, probe, eager=True)
    assert counted == [(5, False, False), (15, False, True)]


def test_a_patient_probe_waits_for_its_delay(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert looks(clock, monkeypatch, 0, {"initialDelaySeconds": 7}, eager=False) == [(7, True, True)]
