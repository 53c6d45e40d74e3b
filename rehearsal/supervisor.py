"""Pid 1 inside the namespaces: sets them up, then starts, watches, restarts and stops the parts."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal import namespaces
from rehearsal.binaries import folders, tool_or_name
from rehearsal.cluster import CLONE, Cluster
from rehearsal.parts import LEFT_OUT, Part, environment, parts, wanted

BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds before the first, second, … restart in a row
STEADY = 30.0  # seconds of life after which the back-off starts over
LOG_LIMIT = 32 << 20  # bytes; a larger log is set aside when its part starts


@dataclass(slots=True)
class Running:
    """What the supervisor knows of one part."""

    part: Part
    state: str = "waiting"
    pid: int = 0
    since: float = field(default_factory=time.time)
    restarts: int = 0
    in_a_row: int = 0  # restarts without a steady run between them
    last: str = ""  # how the latest run ended, with the log's last line
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    exited: asyncio.Future[int] | None = None

    def facts(self) -> dict[str, object]:
        """The row for status.json."""
        names = ("state", "pid", "since", "restarts", "in_a_row", "last")
        return {"name": self.part.name, **{name: getattr(self, name) for name in names}}


class Supervisor:
    """Keeps the parts of one cluster running until it is told to stop."""

    def __init__(self, cluster: Cluster, every: Iterable[Part]) -> None:
        self.cluster = cluster
        self.rows = {part.name: Running(part) for part in every}
        self.stopping = asyncio.Event()
        self._environment = environment()
        ca = cluster.pki / "ca.crt"
        tls = ssl.create_default_context(cafile=str(ca)) if ca.exists() else ssl.create_default_context()
        https = urllib.request.HTTPSHandler(context=tls)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)

    async def run(self) -> None:
        """All parts ran until SIGTERM came, and are stopped in order."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        keepers = [asyncio.create_task(self._keep(row), name=row.part.name) for row in self.rows.values()]
        stop = asyncio.create_task(self.stopping.wait())
        # a keeper ends by itself only for a one-shot part or by a bug of ours, which must not stay silent
        for keeper in keepers:
            keeper.add_done_callback(_complain)
        await stop
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await self._stop_all()

    async def _keep(self, row: Running) -> None:
        while True:
            await asyncio.gather(*(self.rows[name].ready.wait() for name in row.part.needs if name in self.rows))
            begun = time.monotonic()
            code = await self._live(row)
            if row.part.once and code == 0:
                self._set(row, "done")
                row.ready.set()
                return
            steady = time.monotonic() - begun > STEADY and not row.part.once
            row.restarts, row.in_a_row = row.restarts + 1, 1 if steady else row.in_a_row + 1
            row.last = f"{_ending(code)}: {last_line(self.cluster.log(row.part.name)) or 'it logged nothing'}"
            self._set(row, "restarting")
            pause = BACK_OFF[min(row.in_a_row, len(BACK_OFF)) - 1]
            print(f"{row.part.name} {row.last}; next start in {pause} s", flush=True)
            await asyncio.sleep(pause)

    async def _live(self, row: Running) -> int:
        """One run of the part, from its start to its exit code."""
        self.cluster.ready_file(row.part.name).unlink(missing_ok=True)
        row.exited = asyncio.get_running_loop().create_future()
        try:
            row.pid = self._start(row.part)
        except OSError as error:
            with self.cluster.log(row.part.name).open("a") as log:
                log.write(f"cannot start {row.part.command[0]}: {error.strerror}\n")
            return 127
        self._set(row, "starting")
        waiter = asyncio.create_task(self._await_ready(row))
        try:
            return await asyncio.shield(row.exited)  # `_stop` waits for it too, after this keeper is cancelled
        finally:
            waiter.cancel()
            row.ready.clear()

    def _start(self, part: Part) -> int:
        log = self.cluster.log(part.name)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            process = subprocess.Popen(
                part.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.cluster.root,
                env={**self._environment, **part.environment},
                pass_fds=part.descriptors,
                start_new_session=True,
            )
        process.returncode = 0  # `_reap` collects the exit code, not this object
        return process.pid

    async def _await_ready(self, row: Running) -> None:
        if row.part.once:
            return
        while not await self._is_ready(row.part):
            await asyncio.sleep(0.05 if time.time() - row.since < 10 else 0.5)
        self._set(row, "ready")
        row.ready.set()

    async def _is_ready(self, part: Part) -> bool:
        if not part.url:
            return self.cluster.ready_file(part.name).exists()
        return await asyncio.to_thread(self._answers, part.url)

    def _answers(self, url: str) -> bool:
        try:
            with self._opener.open(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _reap(self) -> None:
        """Every dead child is collected, orphans of the parts included; a part's exit code reaches its keeper."""
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = found
                for row in self.rows.values():
                    if row.pid == pid and row.exited is not None and not row.exited.done():
                        row.exited.set_result(os.waitstatus_to_exitcode(status))
                        row.pid = 0

    async def _stop_all(self) -> None:
        for order in sorted({row.part.stop_order for row in self.rows.values()}):
            group = [row for row in self.rows.values() if row.part.stop_order == order]
            await asyncio.gather(*(self._stop(row) for row in group))

    async def _stop(self, row: Running) -> None:
        if row.pid:
            assert row.exited is not None
            os.kill(row.pid, signal.SIGTERM)
            done, _ = await asyncio.wait([row.exited], timeout=row.part.grace)
            if not done:
                os.kill(row.pid, signal.SIGKILL)
                await asyncio.wait([row.exited], timeout=5)
        self._set(row, "stopped")

    def _set(self, row: Running, state: str) -> None:
        row.state, row.since = state, time.time()
        self.write_status()

    def write_status(self) -> None:
        """run/status.json holds the present state of every part."""
        facts = {"written": time.time(), "parts": [row.facts() for row in self.rows.values()]}
        draft = self.cluster.run / "status.json.draft"
        draft.write_text(json.dumps(facts))
        draft.replace(self.cluster.run / "status.json")


def last_line(log: Path) -> str:
    """The last line with text in a log, shortened."""
    with contextlib.suppress(OSError), log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 4096))
        lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""
    return ""


def _ending(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exited with {code}"


def _complain(keeper: asyncio.Task[None]) -> None:
    if not keeper.cancelled() and keeper.exception() is not None:
        print(f"supervisor: lost its hold on {keeper.get_name()}: {keeper.exception()!r}", flush=True)


def main() -> None:
    """Runs as pid 1 of new namespaces; see `namespaces.UNSHARE`."""
    parser = argparse.ArgumentParser(prog="rehearsal.supervisor")
    parser.add_argument("root", type=Path)
    parser.add_argument("--api-fd", type=int, required=True)
    parser.add_argument("--proxy-fd", type=int, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cluster = Cluster.load(arguments.root)
    try:
        namespaces.set_up_mounts([cluster.root, CLONE, Path(sys.prefix), Path(sys.base_prefix), *folders()])
        namespaces.set_up_network()
        every = parts(cluster, tool_or_name, arguments.api_fd, arguments.proxy_fd)
        every = wanted(every, os.environ.get(LEFT_OUT))
    except Exception as error:
        print(f"{error}", flush=True)  # `up` shows the last line of this log
        raise SystemExit(1) from error
    asyncio.run(Supervisor(cluster, every).run())


if __name__ == "__main__":
    main()
