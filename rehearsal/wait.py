"""Waiting for a rehearsal that is starting: bounded, explained, with the last log line of what died."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from rehearsal import processes, status
from rehearsal.cluster import NODE_NAME, Cluster, RehearsalError
from rehearsal.preflight import explain
from rehearsal.progress import say, step
from rehearsal.supervisor import last_line

LIMIT = 300.0  # seconds until every part is ready
NODE_LIMIT = 60.0
HOPELESS = 6  # restarts in a row after which a part is not waited for any longer
SILENCE = 10.0  # seconds without news after which a line says what is being waited for


def until_ready(cluster: Cluster) -> None:
    """Every part is ready and the node takes pods, or the error says which part is not, and its last log line."""
    seen: set[str] = set()
    deadline, news = time.monotonic() + LIMIT, time.monotonic()
    while True:
        rows = status.rows(cluster)
        for row in rows:
            if row["state"] in status.GOOD and row["name"] not in seen:
                seen.add(row["name"])
                news = time.monotonic()
                step(row["name"], row["state"])
        if rows and len(seen) == len(rows):
            break
        _give_up_on_the_dead(cluster, rows)
        waiting = [row["name"] for row in rows if row["name"] not in seen]
        if time.monotonic() > deadline:
            raise RehearsalError(_explained(cluster, f"not ready after {LIMIT:.0f} s", waiting))
        if time.monotonic() - news > SILENCE:
            news = time.monotonic()
            step("waiting for", _explained(cluster, ", ".join(waiting), waiting[-1:]))
        time.sleep(0.1)
    if any(row["name"] == "node" for row in rows) and any(row["name"] == "dataplane" for row in rows):
        asyncio.run(_node_ready(cluster))


def _give_up_on_the_dead(cluster: Cluster, rows: list[dict[str, Any]]) -> None:
    if not _runs(cluster):
        said = last_line(cluster.log("supervisor"))
        hint = f": {explain(said)}" if "unshare" in said else ""
        raise RehearsalError(f"the rehearsal ended while it was starting; {cluster.log('supervisor')}: {said}{hint}")
    for row in rows:
        if row.get("in_a_row", 0) >= HOPELESS and row["state"] != "ready":
            log = cluster.log(row["name"])
            raise RehearsalError(
                f"part {row['name']} does not stay up, {row['in_a_row']} restarts; {log}: {row['last']}"
            )


def _runs(cluster: Cluster) -> bool:
    """The supervisor's process exists; one that is just being started shows no command line for a moment."""
    if processes.find(cluster.root):
        return True
    time.sleep(0.5)
    return bool(processes.find(cluster.root))


def _explained(cluster: Cluster, what: str, waiting: list[str]) -> str:
    lines = (f"{name}: {last_line(cluster.log(name)) or 'has logged nothing yet'}" for name in waiting)
    return "; ".join([what, *lines])


async def _node_ready(cluster: Cluster) -> None:
    """The node is Ready and has no taint, so that pods can be bound to it."""
    from rehearsal.api import Api, ApiError  # aiohttp takes 0.3 s to import, which `down` need not spend

    deadline, reason = time.monotonic() + NODE_LIMIT, "it has not registered"
    async with Api.from_kubeconfig(cluster.kubeconfig) as api:
        while time.monotonic() < deadline:
            try:
                node = await api.find(f"/api/v1/nodes/{NODE_NAME}")
            except (ApiError, OSError) as error:
                node, reason = None, str(error)
            if node is not None and not (reason := _not_ready_because(node)):
                step(f"node {NODE_NAME}", "Ready")
                return
            await asyncio.sleep(0.1)
    raise RehearsalError(f"node {NODE_NAME} is not Ready after {NODE_LIMIT:.0f} s: {reason}")


def _not_ready_because(node: dict[str, Any]) -> str:
    conditions = {item["type"]: item for item in node.get("status", {}).get("conditions", [])}
    ready = conditions.get("Ready", {})
    if ready.get("status") != "True":
        return f"condition Ready: {ready.get('message', 'not reported')}"
    taints = [taint["key"] for taint in node.get("spec", {}).get("taints", [])]
    return f"taints {', '.join(taints)}" if taints else ""


def announce(cluster: Cluster) -> None:
    """The last lines of `up`: where things are and what to type next."""
    say(f"rehearsal '{cluster.name}' is ready: API server {cluster.api_url}, proxy for Routes {cluster.proxy_url}")
    print(f"to use it in a shell of yours: . {shown(cluster.env_file)}")


def shown(path: Path) -> str:
    """The path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
