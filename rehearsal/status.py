"""What runs, since when, with how much memory, and what the latest failure said."""

from __future__ import annotations

import json
import time
from typing import Any

from rehearsal import processes
from rehearsal.cluster import Cluster

GOOD = ("ready", "done")
COLUMNS = ("PART", "STATE", "PID", "MEMORY", "AGE", "RESTARTS", "LAST FAILURE")


def rows(cluster: Cluster) -> list[dict[str, Any]]:
    """The parts as the supervisor last wrote them down; none when it does not run."""
    try:
        parts: list[dict[str, Any]] = json.loads((cluster.run / "status.json").read_text())["parts"]
    except (OSError, ValueError):
        return []
    return parts


def measured(cluster: Cluster) -> list[dict[str, Any]]:
    """The parts with their pids on this machine and the memory of all their processes."""
    outers = processes.find(cluster.root)
    if not outers:
        return []
    families = processes.families(outers[0])
    found = []
    for row in rows(cluster):
        family = families.get(row["pid"], [])
        found.append({**row, "pid": family[0] if family else 0, "memory": processes.memory(family)})
    own = {"name": "supervisor", "state": "ready", "pid": outers[0].init, "memory": processes.memory([outers[0].init])}
    return [{**own, "since": _began(cluster), "restarts": 0, "last": ""}, *found]


def table(found: list[dict[str, Any]]) -> str:
    """Aligned columns, one line per part, and the sum of the memory."""
    now = time.time()
    cells = [
        (
            row["name"],
            row["state"],
            str(row["pid"] or "-"),
            size(row["memory"]),
            age(now - row["since"]),
            str(row["restarts"]),
            row["last"] or "-",
        )
        for row in found
    ]
    cells.append(("total", "", "", size(sum(row["memory"] for row in found)), "", "", ""))
    widths = [max(len(line[column]) for line in (COLUMNS, *cells)) for column in range(len(COLUMNS))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (COLUMNS, *cells)
    )
    return "\n".join(line.rstrip() for line in lines)


def all_up(found: list[dict[str, Any]]) -> bool:
    """Something runs, and every part of it is ready or done."""
    return bool(found) and all(row["state"] in GOOD for row in found)


def size(number: int) -> str:
    return f"{number / (1 << 20):.0f} MiB"


def age(seconds: float) -> str:
    """Two units at most, as kubectl writes ages."""
    seconds = max(0, int(seconds))
    if seconds < 120:
        return f"{seconds}s"
    if seconds < 7200:
        return f"{seconds // 60}m{seconds % 60}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60}m"


def _began(cluster: Cluster) -> float:
    try:
        return (cluster.run / "audit-policy.yaml").stat().st_mtime  # written right before the start
    except OSError:
        return time.time()
