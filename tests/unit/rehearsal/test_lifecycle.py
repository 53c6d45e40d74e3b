"""Start and end of a rehearsal as far as no namespace is needed: locks, leftovers, refusals, faults, tables."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from rehearsal import cli, faults, lifecycle, processes, status, wait
from rehearsal.cluster import Cluster, RehearsalError, define, root_of


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REHEARSAL_ROOT", str(tmp_path / "all"))
    return tmp_path / "all"


@pytest.fixture
def cluster() -> Cluster:
    made = define("one", "3.4", None)
    made.save()
    made.run.mkdir()
    made.logs.mkdir()
    return made


def test_two_commands_on_one_rehearsal_take_turns(tmp_path: Path) -> None:
    order: list[str] = []
    begun = threading.Event()

    def first() -> None:
        with lifecycle.hold(tmp_path / "one"):
            order.append("first begins")
            begun.set()
            time.sleep(0.3)
            order.append("first ends")

    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(10)
    with lifecycle.hold(tmp_path / "one"):
        order.append("second")
    thread.join()
    assert order == ["first begins", "first ends", "second"]


def test_waiting_for_another_command_has_an_end(tmp_path: Path) -> None:
    with (
        lifecycle.hold(tmp_path / "one"),
        pytest.raises(RehearsalError, match=r"another command .* rehearsal 'one'"),
        lifecycle.hold(tmp_path / "one", seconds=0.2),
    ):
        pytest.fail("both hold it")


def test_a_folder_removed_while_waiting_is_locked_anew(tmp_path: Path) -> None:
    root = tmp_path / "one"
    with lifecycle.hold(root):
        lifecycle.remove(root)
    with lifecycle.hold(root):
        assert root.is_dir()


def test_read_only_folders_are_removed(tmp_path: Path) -> None:
    deep = tmp_path / "one" / "volumes" / "data"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    (deep / "file").chmod(0o400)
    deep.chmod(0o500)
    deep.parent.chmod(0)
    lifecycle.remove(tmp_path / "one")
    assert not (tmp_path / "one").exists()


def test_down_of_nothing_is_nothing(home: Path) -> None:
    assert not lifecycle.down("never")
    assert not home.exists()


def test_down_removes_a_folder_that_is_no_cluster(home: Path) -> None:
    (home / "half" / "pki").mkdir(parents=True)
    assert lifecycle.down("half")
    assert not home.exists()


def test_another_version_than_the_existing_one_is_refused_by_name(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "_require_machine", lambda _: None)
    with pytest.raises(
        RehearsalError, match=r"'one' has RHODS 3.4, not 2.8; `make rehearsal-down REHEARSAL=one`"
    ) as caught:
        lifecycle.up("one", "2.8", None)
    assert caught.value.code == 2


def test_leftovers_of_an_up_that_was_killed_early_are_cleared(home: Path) -> None:
    (home / "one" / "pki").mkdir(parents=True)
    (home / "one" / "pki" / "ca.key").write_text("half")
    (home / "one" / "cluster.json.draft").write_text("{")
    assert lifecycle._existing(root_of("one")) is None
    assert list((home / "one").iterdir()) == []


def test_a_port_that_another_program_took_is_replaced(cluster: Cluster) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", cluster.api_port))
        other.listen()
        changed = lifecycle._with_own_ports(cluster)
    assert changed.api_port != cluster.api_port
    assert lifecycle._with_own_ports(cluster) == cluster


def test_prepare_is_repeatable_and_clears_the_last_run(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle.git_snapshot, "take", lambda _: "abc")
    lifecycle.prepare(cluster)
    authority = (cluster.pki / "ca.crt").read_bytes()
    (cluster.run / "node.ready").touch()
    lifecycle.prepare(cluster)
    assert not (cluster.run / "node.ready").exists()
    assert (cluster.pki / "ca.crt").read_bytes() == authority
    assert "REVISION=abc" in cluster.env_file.read_text()


def test_a_rehearsal_that_ended_while_starting_shows_its_last_words(cluster: Cluster) -> None:
    cluster.log("supervisor").write_text("unshare: unshare failed: No space left on device\n")
    with pytest.raises(
        RehearsalError, match=r"ended while it was starting; .*No space left on device: a namespace limit"
    ):
        wait.until_ready(cluster)


def test_a_part_that_never_stays_up_is_not_waited_for(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "name": "node",
        "state": "restarting",
        "pid": 0,
        "since": 0,
        "restarts": 9,
        "in_a_row": 6,
        "last": "exited with 1: no bridge",
    }
    (cluster.run / "status.json").write_text(json.dumps({"parts": [row]}))
    monkeypatch.setattr(processes, "find", lambda _: [processes.Outer(1, 1)])
    with pytest.raises(
        RehearsalError, match=r"part node does not stay up, 6 restarts; .*node.log: exited with 1: no bridge"
    ):
        wait.until_ready(cluster)


def test_nothing_that_only_looks_like_a_rehearsal_is_found(cluster: Cluster) -> None:
    assert processes.find(cluster.root) == []
    assert processes.inside(processes.Outer(0, 0)) == {}


def test_memory_of_this_process_is_measured() -> None:
    assert 5 << 20 < processes.memory([os.getpid()]) < 2 << 30


def test_the_table_has_aligned_columns_and_a_sum() -> None:
    facts = {"pid": 7, "restarts": 2, "since": time.time() - 130}
    rows = [
        {"name": "etcd", "state": "ready", "memory": 3 << 20, "last": "", **facts},
        {"name": "node", "state": "restarting", "memory": 1 << 20, "last": "exited with 1: no bridge", **facts},
    ]
    lines = status.table(rows).splitlines()
    assert lines[0].split() == ["PART", "STATE", "PID", "MEMORY", "AGE", "RESTARTS", "LAST", "FAILURE"]
    assert lines[1].split() == ["etcd", "ready", "7", "3", "MiB", "2m10s", "2", "-"]
    assert lines[2].endswith("exited with 1: no bridge")
    assert lines[3].split() == ["total", "4", "MiB"]
    assert not status.all_up(rows)
    assert status.all_up(rows[:1])
    assert not status.all_up([])


@pytest.mark.parametrize(("seconds", "text"), [(5, "5s"), (119, "119s"), (125, "2m5s"), (7300, "2h1m"), (-1, "0s")])
def test_ages_are_short(seconds: float, text: str) -> None:
    assert status.age(seconds) == text


def test_a_fault_that_a_part_acts_out_is_written_and_taken_back(cluster: Cluster) -> None:
    faults.switch(cluster, "api-errors", True, {"share": "0.5"})
    faults.switch(cluster, "image-pull", True, {"image": "minio"})
    assert faults.read(cluster) == {"api-errors": {"share": "0.5"}, "image-pull": {"image": "minio"}}
    faults.switch(cluster, "api-errors", False, {})
    assert json.loads(cluster.faults_file.read_text()) == {"image-pull": {"image": "minio"}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "no fault 'nope'; there are: api-errors, "),
        (["api-slow", "on", "speed=1"], "fault api-slow: no parameter speed; known: delay, share"),
        (["finalizer-stuck"], "fault finalizer-stuck: needs object="),
        (["api-slow", "on", "much"], "'much': expected key=value"),
    ],
)
def test_wrong_faults_are_refused_with_the_right_ones(
    cluster: Cluster, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["fault", "--name", "one", *words]) == 2
    assert said in capsys.readouterr().err


def test_status_of_a_stopped_rehearsal_fails_and_says_how_to_start(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", "--name", "one"]) == 1
    assert "make rehearsal-up REHEARSAL=one" in capsys.readouterr().err


def test_a_missing_rehearsal_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--name", "none"]) == 1
    assert capsys.readouterr().err.startswith("rehearsal: no rehearsal 'none' in ")


def test_logs_name_the_parts_there_are(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.log("etcd").write_text("one\ntwo\n")
    assert cli.main(["logs", "--name", "one"]) == 0
    assert capsys.readouterr().out == "etcd: two\n"
    assert cli.main(["logs", "--name", "one", "etcdd"]) == 2
    assert "there are: etcd" in capsys.readouterr().err
