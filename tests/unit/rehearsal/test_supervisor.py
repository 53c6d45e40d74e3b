"""The supervisor with small programs in place of the parts; no namespaces."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal import supervisor
from rehearsal.cluster import Cluster
from rehearsal.parts import Part
from rehearsal.supervisor import Supervisor, last_line

READY = "import pathlib, time; pathlib.Path({file!r}).touch(); time.sleep(60)"


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    made = Cluster("one", tmp_path)
    for folder in (made.run, made.logs, made.pki):
        folder.mkdir()
    return made


def python(name: str, code: str, **facts: Any) -> Part:
    return Part(name, (sys.executable, "-c", code), grace=1.0, **facts)


def ready(cluster: Cluster, name: str, **facts: Any) -> Part:
    return python(name, READY.format(file=str(cluster.ready_file(name))), **facts)


def state(cluster: Cluster) -> dict[str, dict[str, Any]]:
    rows = json.loads((cluster.run / "status.json").read_text())["parts"]
    return {row["name"]: row for row in rows}


def run(cluster: Cluster, parts: list[Part], meanwhile: Callable[[Supervisor], Awaitable[None]]) -> None:
    async def together() -> None:
        keeper = Supervisor(cluster, parts)
        task = asyncio.create_task(keeper.run())
        try:
            await asyncio.wait_for(meanwhile(keeper), 20)
        finally:
            keeper.stopping.set()
            await asyncio.wait_for(task, 10)

    asyncio.run(together())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_steady_run_ends_the_back_off_but_not_the_count(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STEADY", 0.0)  # every run is a steady one

    async def watch(keeper: Supervisor) -> None:
        row = keeper.rows["short"]
        await until(lambda: row.restarts == 3)
        assert row.in_a_row == 1

    run(cluster, [python("short", "")], watch)


def test_a_part_starts_when_what_it_needs_is_ready(cluster: Cluster) -> None:
    slow = READY.format(file=str(cluster.ready_file("first"))).replace("pathlib.Path", "time.sleep(0.4); pathlib.Path")
    parts = [python("first", slow), ready(cluster, "second", needs=("first",))]

    async def watch(keeper: Supervisor) -> None:
        rows = keeper.rows
        await until(lambda: rows["first"].state == "starting")
        assert rows["second"].state == "waiting"
        await until(lambda: rows["second"].state == "ready")
        assert state(cluster)["second"]["pid"] == rows["second"].pid

    run(cluster, parts, watch)
    assert {row["state"] for row in state(cluster).values()} == {"stopped"}


def test_a_part_that_dies_is_restarted_and_its_last_line_kept(cluster: Cluster) -> None:
    file = str(cluster.ready_file("fragile"))
    code = f"import pathlib, sys, time; pathlib.Path({file!r}).touch(); time.sleep(.1); sys.exit('it broke in two')"

    async def watch(keeper: Supervisor) -> None:
        row = keeper.rows["fragile"]
        await until(lambda: row.restarts >= 2)
        assert row.last == "exited with 1: it broke in two"

    run(cluster, [python("fragile", code)], watch)


def test_a_killed_part_comes_back_as_another_process(cluster: Cluster) -> None:
    async def watch(keeper: Supervisor) -> None:
        row = keeper.rows["one"]
        await until(lambda: row.state == "ready")
        first = row.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: row.state == "ready" and row.pid not in (0, first))
        assert "killed by SIGKILL" in row.last

    run(cluster, [ready(cluster, "one")], watch)


def test_a_one_shot_part_that_fails_is_tried_again_and_then_done(cluster: Cluster) -> None:
    mark = cluster.root / "tried"
    code = f"import pathlib, sys; p = pathlib.Path({str(mark)!r}); seen = p.exists(); p.touch(); sys.exit(not seen)"

    async def watch(keeper: Supervisor) -> None:
        await until(lambda: keeper.rows["once"].state == "done")
        assert keeper.rows["once"].restarts == 1
        await asyncio.sleep(0.4)
        assert keeper.rows["once"].state == "done"

    run(cluster, [python("once", code, once=True)], watch)


def test_a_program_that_does_not_exist_is_said_in_its_log(cluster: Cluster) -> None:
    async def watch(keeper: Supervisor) -> None:
        await until(lambda: keeper.rows["gone"].restarts > 0)
        assert "cannot start no-such-program: No such file or directory" in keeper.rows["gone"].last

    run(cluster, [Part("gone", ("no-such-program",))], watch)


def test_parts_stop_in_order_and_the_stubborn_one_is_killed(cluster: Cluster) -> None:
    said = cluster.root / "order"
    code = (
        "import pathlib, signal, sys, time\n"
        "def end(*_):\n"
        "    with open({said!r}, 'a') as f: f.write({name!r} + ' ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, {action})\n"
        "pathlib.Path({file!r}).touch()\n"
        "while True: time.sleep(.05)\n"
    )

    def speaking(name: str, order: int, action: str = "end") -> Part:
        file = str(cluster.ready_file(name))
        return python(name, code.format(said=str(said), name=name, action=action, file=file), stop_order=order)

    pids: list[int] = []

    async def watch(keeper: Supervisor) -> None:
        await until(lambda: all(row.state == "ready" for row in keeper.rows.values()))
        pids.extend(row.pid for row in keeper.rows.values())

    run(cluster, [speaking("etcd", 2), speaking("deaf", 1, "signal.SIG_IGN"), speaking("node", 0)], watch)
    assert said.read_text().split() == ["node", "etcd"]
    assert not any(map(alive, pids))


def test_orphans_of_parts_are_reaped(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    reaped: list[int] = []
    wait = os.waitpid

    def recording(pid: int, flags: int) -> tuple[int, int]:
        found = wait(pid, flags)
        reaped.append(found[0])
        return found

    monkeypatch.setattr(supervisor.os, "waitpid", recording)

    async def watch(keeper: Supervisor) -> None:
        # a child that the supervisor never registered, as one that a dying part leaves behind
        orphan = os.spawnlp(os.P_NOWAIT, "true", "true")
        await until(lambda: orphan in reaped)

    run(cluster, [ready(cluster, "one")], watch)


def test_a_stale_ready_mark_does_not_count(cluster: Cluster) -> None:
    cluster.ready_file("late").touch()

    async def watch(keeper: Supervisor) -> None:
        await until(lambda: keeper.rows["late"].state == "starting")
        await asyncio.sleep(0.3)
        assert keeper.rows["late"].state == "starting"

    run(cluster, [python("late", "import time; time.sleep(60)")], watch)


def test_the_last_line_skips_blank_ones_and_bears_no_file(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert last_line(log) == ""
    log.write_text("one\ntwo \n\n")
    assert last_line(log) == "two"


def test_a_large_log_is_set_aside(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_LIMIT", 10)
    cluster.log("one").write_text("x" * 11)
    begun = time.time()

    async def watch(keeper: Supervisor) -> None:
        await until(lambda: keeper.rows["one"].state == "ready")

    run(cluster, [ready(cluster, "one")], watch)
    assert cluster.log("one").stat().st_size == 0
    assert (cluster.logs / "one.log.1").read_text() == "x" * 11
    assert time.time() - begun < 10
