"""The doctor's words as people read them."""

from __future__ import annotations

import json

from bootstrap.doctor.finding import Checked, Finding
from bootstrap.doctor.report import lines, refusal, verdict

DISK = Finding("STATE_DIR state", "has 1 MiB free", "200 MiB are needed", "free some space")
TWO = Finding("StorageClass", "2 are the default", "the newest is taken", "set STORAGE_CLASS", blocks=False)
ALL = [
    Checked("machine", "python"),
    Checked("machine", "disk", [DISK]),
    Checked("cluster", "StorageClass", [TWO]),
    Checked("cluster", "nodes", skipped=["nodes is forbidden"]),
    Checked("cluster", "quotas", skipped=["nodes is forbidden"]),
]


def test_one_line_per_check_and_every_problem_with_its_next_step() -> None:
    assert (
        "\n".join(lines(ALL))
        == """\
machine
  ok python
  x  disk
       STATE_DIR state: has 1 MiB free
         why: 200 MiB are needed
         next: free some space
cluster
  !  StorageClass
       StorageClass: 2 are the default
         why: the newest is taken
         next: set STORAGE_CLASS
  ?  nodes: not checked
  ?  quotas: not checked
not checked, because this could not be read
  nodes is forbidden"""
    )


def test_the_verdict_counts() -> None:
    assert verdict(ALL) == "1 problem stands in the way, 1 warning, 2 not checked"
    assert verdict([Checked("machine", "disk", [DISK, DISK])]) == "2 problems stand in the way"
    assert verdict([Checked("machine", "python")]) == "nothing stands in the way of `make`"


def test_a_refusal_tells_what_blocks_alone() -> None:
    assert refusal(ALL) == (
        "STATE_DIR state: has 1 MiB free\n  why: 200 MiB are needed\n  next: free some space\n"
        "nothing was changed: 1 problem stands in the way, 1 warning, 2 not checked; `make doctor` shows all checks"
    )


def test_programs_get_the_same() -> None:
    found = json.loads(json.dumps([one.to_json() for one in ALL]))
    assert [one["state"] for one in found] == ["ok", "blocked", "warning", "skipped", "skipped"]
    assert found[1]["findings"][0]["next_step"] == "free some space"
