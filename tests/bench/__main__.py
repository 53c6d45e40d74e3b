"""`make bench`: one rehearsal, every row of the table, printed and kept in docs/bench.md."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.cluster import CLONE, Cluster
from tests.bench import cluster as demo
from tests.bench import core
from tests.bench.measure import Line, alone, seconds, table, timed
from tests.commit import commit
from tests.e2e.journey import user_of
from tests.e2e.rehearsing import rehearsal

NAME = "bench"
PAGE = CLONE / "docs" / "bench.md"
HEAD = """# Speed

`make bench` measures it: every figure and its peer in one run on one machine, so the ratios are what can be compared.
"At most" is the aim; a figure above it has not reached it yet.

Measured {when} at commit {commit}, on {cores} cores ({machine}).

{table}
"""


def main() -> None:
    """Raise, measure, take down."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every run compiles every module anew, which no user's does
    folder = Path(tempfile.mkdtemp(prefix="sd-bench-", dir="/tmp"))
    try:
        lines = measured(folder)
    finally:
        rehearsal("down", "--name", NAME, root=folder, check=False)
        shutil.rmtree(folder, ignore_errors=True)
    page = HEAD.format(
        when=datetime.now(UTC).date(),
        commit=commit(),
        cores=os.cpu_count(),
        machine=platform.machine(),
        table=table(lines),
    )
    PAGE.write_text(page)
    print(page)


def measured(folder: Path) -> list[Line]:
    """The rows in the order in which they can be had."""
    up = timed(lambda: rehearsal("up", "--name", NAME, root=folder))
    user = user_of(Cluster.load(folder / NAME), folder / "state")
    raised = timed(lambda: user.run("demo"))
    return [
        alone("rehearsal up, programs built, catalogs served", seconds(up), "20 s"),
        alone("rehearsal up and the whole journey to the prediction", seconds(up + raised), "60 s"),
        demo.again(user),
        demo.credentials(user),
        *core.rows(user.cluster, folder),
        demo.first_answer(user),
        *demo.rest(user),
        demo.reset(user),
        demo.teardown(user),
    ]


if __name__ == "__main__":
    main()
