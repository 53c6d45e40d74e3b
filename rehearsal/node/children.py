"""Child processes of the agent: started without threads, collected by one SIGCHLD handler."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
REMEMBERED = 10.0  # seconds that the exit code of a process nobody asked for yet is kept


class Children:
    """Every child's exit code, adopted ones included: the agent is the reaper of what its children leave behind."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._early: dict[int, tuple[float, int]] = {}

    def watch(self) -> None:
        """From now on children are collected; needs the running loop of the main thread."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def start(self, command: Sequence[str], **options: Any) -> tuple[int, asyncio.Future[int]]:
        """The pid of a new process, and its exit code to come (128 + n for signal n)."""
        process = subprocess.Popen(command, **options)
        process.returncode = 0  # `_reap` collects it, not this object
        self._early.pop(process.pid, None)
        future = self._waiting[process.pid] = asyncio.get_running_loop().create_future()
        return process.pid, future

    def adopt(self, pid: int) -> asyncio.Future[int]:
        """The exit code to come of a process that a child of ours left to us."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        early = self._early.pop(pid, None)
        if early is not None:
            future.set_result(early[1])
        else:
            self._waiting[pid] = future
        return future

    async def call(self, command: Sequence[str], text: str = "", limit: float = 10.0) -> None:
        """A short command that must succeed; OSError with its own words if not."""
        source, sink = os.pipe()
        read, write = os.pipe()
        try:
            os.write(sink, text.encode())
            os.close(sink)
            pid, ended = self.start(command, stdin=source, stdout=write, stderr=subprocess.STDOUT)
        finally:
            os.close(source)
            os.close(write)
        try:
            code = await asyncio.wait_for(asyncio.shield(ended), limit)
            if code:
                said = os.read(read, 4096).decode(errors="replace").strip()
                raise OSError(code, f"`{' '.join(command)}` said: {said}")
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise OSError(110, f"`{' '.join(command)}` did not end within {limit:g} s") from None
        finally:
            os.close(read)

    def _reap(self) -> None:
        now = time.monotonic()
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, code = found[0], os.waitstatus_to_exitcode(found[1])
                code = 128 - code if code < 0 else code
                future = self._waiting.pop(pid, None)
                if future is None:
                    self._early[pid] = (now, code)
                elif not future.done():
                    future.set_result(code)
        for pid in [pid for pid, (since, _) in self._early.items() if now - since > REMEMBERED]:
            del self._early[pid]
