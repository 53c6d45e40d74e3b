"""A run of Ansible as its events tell it; the process itself is replaced, or given a playbook of the test's own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import ansible_runner
import pytest

from bootstrap import playbooks
from bootstrap.errors import PlaybookFailed
from bootstrap.progress import Lines

STAGES = {"storage": "MinIO", "model": "the model"}


def fake(monkeypatch: pytest.MonkeyPatch, events: list[dict], code: int = 0) -> dict:
    seen: dict = {}

    def run(**arguments: object) -> SimpleNamespace:
        seen.update(arguments, environment=dict(os.environ))
        variables = str(arguments["cmdline"]).split("@")[1].split()[0]
        seen["variables"] = json.loads(Path(variables).read_text())
        for event in events:
            assert arguments["event_handler"](event) is False  # type: ignore[operator]
        return SimpleNamespace(rc=code)

    monkeypatch.setattr(ansible_runner, "run", run)
    return seen


def ok(role: str, task: str, **result: object) -> dict:
    return {"event": "runner_on_ok", "pid": 1, "event_data": {"role": role, "task": task, "res": result}}


def failed(role: str, task: str, message: str) -> dict:
    return {"event": "runner_on_failed", "event_data": {"role": role, "task": task, "res": {"msg": message}}}


def run(folder: Path, out: io.StringIO | None = None, **more: object) -> playbooks.Outcome:
    return playbooks.run(
        STAGES, {"storage_namespace": "n"}, show=Lines(out or io.StringIO()), log=folder / "log.jsonl", **more
    )


def test_every_stage_is_shown_with_what_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(
        monkeypatch,
        [ok("storage", "Deliver", changed=True, created=["Service n/minio"]), ok("model", "Seed", changed=False)],
    )
    out = io.StringIO()
    outcome = run(tmp_path, out)
    assert outcome.changed == ["storage: Service n/minio"]
    lines = out.getvalue().splitlines()
    assert lines[0] == "storage     MinIO"
    assert lines[1].endswith("1 changed")
    assert lines[3].endswith("nothing to change")


def test_a_failed_task_names_stage_task_and_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(monkeypatch, [failed("storage", "Wait for MinIO", "Deployment n/minio: image cannot be pulled")], 2)
    with pytest.raises(PlaybookFailed, match="storage: Wait for MinIO: Deployment n/minio: image cannot be pulled"):
        run(tmp_path)


def test_a_run_that_ends_before_any_task_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(monkeypatch, [], 4)
    with pytest.raises(PlaybookFailed, match="ended before any task could say why"):
        run(tmp_path)


def test_no_secret_of_ours_is_in_ansibles_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PASSWORD", "hunter2")
    seen = fake(monkeypatch, [])
    run(tmp_path)
    assert "hunter2" not in json.dumps(seen["environment"])
    assert os.environ["PASSWORD"] == "hunter2"


def test_variables_travel_in_a_file_that_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = fake(monkeypatch, [])
    run(tmp_path)
    assert seen["variables"] == {"storage_namespace": "n"}
    assert not Path(seen["private_data_dir"]).exists()


def test_the_log_has_one_line_per_task(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(monkeypatch, [ok("storage", "Deliver", changed=True, created=["Service n/minio"])])
    run(tmp_path)
    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["stage"], entry["task"], entry["names"]) == ("storage", "Deliver", ["Service n/minio"])


SLEEPER = """
import sys
from pathlib import Path
from bootstrap import playbooks
from bootstrap.progress import Lines
playbooks.PLAYBOOKS = Path(sys.argv[1])
try:
    playbooks.run({"sleep": "sleeps"}, {}, show=Lines(sys.stdout), log=Path(sys.argv[1]) / "log.jsonl")
except KeyboardInterrupt:
    sys.exit(130)
"""
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Sleep
      ansible.builtin.command: {argv: [sleep, "%s"], creates: never}
"""


def sleepers(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if marker in (entry / "cmdline").read_bytes().decode(errors="replace"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over processes in /proc")
def test_ctrl_c_stops_within_seconds_and_leaves_no_process(tmp_path: Path) -> None:
    seconds = f"600.{os.getpid()}"  # nobody else's
    marker = f"sleep\x00{seconds}"
    (tmp_path / "sleep.yml").write_text(PLAY % seconds)
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(tmp_path)], cwd=playbooks.PLAYBOOKS.parent, start_new_session=True
    )
    try:
        end = time.monotonic() + 60
        while not sleepers(marker) and time.monotonic() < end:
            time.sleep(0.05)
        assert sleepers(marker), "the playbook never began"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert time.monotonic() - began < 2 * playbooks.GRACE + 5  # a second where nothing else runs
        end = time.monotonic() + 5
        while sleepers(marker) and time.monotonic() < end:
            time.sleep(0.05)
        assert not sleepers(marker)
    finally:
        for pid in (process.pid, *sleepers(marker)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
