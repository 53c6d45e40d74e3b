"""The self-test: every step in turn, a report in any case, and nothing without a yes or on a demo in use."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from bootstrap import selftest
from bootstrap.doctor.visit import Examination
from bootstrap.errors import Blocked, DemoError, GuardError, VerifyError
from bootstrap.kube.record import Record
from bootstrap.playbooks import Outcome
from bootstrap.progress import Lines
from bootstrap.reset import Renewal
from bootstrap.secret import Secret
from bootstrap.settings import Settings
from bootstrap.teardown import Departure
from tests.unit.cluster import Objects, visit

STEPS = ("doctor", "demo", "verify", "demo again", "reset", "teardown", "what is left")


class World:
    """A cluster on which every step does what it is told, and notes that it was asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
        self.taken: list[str] = []
        self.changes = [["gitops: Namespace x"], []]
        self.settings = Settings(state_dir=folder, token=Secret("hunter2hunter2"), **more)
        here = visit(Objects(), folder, "direct")
        self.replace(monkeypatch, selftest.stages, "sign_in", (here.session, here.client), "")
        self.replace(monkeypatch, selftest.stages, "visit", here, "")
        self.replace(monkeypatch, selftest, "visit", here, "")
        self.replace(monkeypatch, selftest, "examine", Examination(), "doctor")
        self.replace(monkeypatch, selftest, "verify", ["fraud: right, hunter2hunter2"], "verify")
        self.replace(monkeypatch, selftest.reset, "reset", (here, Renewal()), "reset")
        self.replace(monkeypatch, selftest.teardown, "teardown", Departure(stays={"x": "on purpose"}), "teardown")
        self.replace(monkeypatch, selftest.record, "read", None, "")
        self.replace(monkeypatch, selftest.record, "leftovers", [], "")
        monkeypatch.setattr(selftest.stages, "run", lambda *_: Outcome(changed=self.changes.pop(0)))

    def replace(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, answer: Any, step: str) -> None:
        def function(*_: Any, **__: Any) -> Any:
            self.taken += [step] if step else []
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(module, name, function)

    def walk(self) -> str:
        return selftest.selftest(self.settings, Lines(io.StringIO())).read_text()


def test_every_step_is_taken_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, yes=True)
    said = world.walk()
    assert world.taken == ["doctor", "verify", "verify", "reset", "verify", "teardown"]
    assert said.splitlines()[2] == "passed"
    assert [line.split(" | ")[0][2:] for line in said.splitlines() if " | well | " in line] == list(STEPS)
    assert "- stays: x: on purpose" in said
    assert "hunter2" not in said


def test_a_step_that_fails_ends_the_walk_and_leaves_the_cluster_to_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, monkeypatch, yes=True)
    world.replace(monkeypatch, selftest, "verify", VerifyError("expected 1, got 2"), "verify")
    with pytest.raises(DemoError, match=r"expected 1, got 2\nthe report is .*; the cluster is left as it is"):
        world.walk()
    assert world.taken == ["doctor", "verify"]
    (path,) = tmp_path.glob("selftest-*.md")
    assert path.read_text().splitlines()[2] == "FAILED"
    assert "| demo | FAILED | 0 | expected 1, got 2 |" in path.read_text()


def test_a_doctor_that_finds_something_leaves_nothing_to_give_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, monkeypatch, yes=True)
    world.replace(monkeypatch, selftest, "examine", Blocked("no room"), "doctor")
    with pytest.raises(DemoError, match=r"no room\nthe report is .*; nothing was changed on the cluster$"):
        world.walk()
    assert world.taken == ["doctor"]


def test_a_walk_that_is_stopped_is_reported_as_far_as_it_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, yes=True)

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(selftest.reset, "reset", stop)
    with pytest.raises(KeyboardInterrupt):
        world.walk()
    (path,) = tmp_path.glob("selftest-*.md")
    assert "| reset | FAILED | 0 | stopped |" in path.read_text()


def test_a_second_run_that_changes_something_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, yes=True)
    world.changes = [["a"], ["storage: Deployment minio"]]
    with pytest.raises(DemoError, match="a second run changed what the first had made: storage: Deployment minio"):
        world.walk()


def test_nothing_begins_without_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch)
    with pytest.raises(GuardError, match="a demo would be raised, raised again, reset and torn down"):
        world.walk()
    assert not world.taken
    assert not list(tmp_path.glob("selftest-*"))


def test_a_demo_in_use_is_not_torn_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, yes=True)
    monkeypatch.setattr(selftest.record, "read", lambda _: Record("id", "1", "server"))
    with pytest.raises(GuardError, match="has a demo already, which a self-test would tear down"):
        world.walk()
    assert not world.taken
