"""One container's process: its start through `launch.py`, commands run inside it, its end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.images.table import Image
from rehearsal.node import stdio
from rehearsal.node.children import Children
from rehearsal.node.logs import Log
from rehearsal.node.spec import Process
from rehearsal.node.stdio import Stdio

LAUNCH = Path(__file__).with_name("launch.py")
STAGE = Path("/run/container-root")  # an empty folder; each container mounts its root there in its own namespace
START_LIMIT = 20.0  # seconds, on a very busy machine
TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
SHARED_ETC = (
    "alternatives", "ca-certificates", "crypto-policies", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
    "mime.types", "pki", "protocols", "services", "ssl", "terminfo",
)  # fmt: skip


class StartError(Exception):
    """The container could not be created: CreateContainerError."""


@dataclass(slots=True)
class Container:
    """A running container."""

    id: str
    pid: int
    process: Process
    exited: asyncio.Future[int]
    log: Log
    stdin: int = -1
    tty: int = -1
    stopping: asyncio.Task[None] | None = None  # a stop that a probe asked for

    def kill(self, number: signal.Signals) -> None:
        """The signal goes to the container's first process."""
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


@functools.cache
def system() -> dict[str, Any]:
    """What every container shows of this machine."""
    links = {name: str(Path("/", name).readlink()) for name in TOP if Path("/", name).is_symlink()}
    folders = [f"/{name}" for name in TOP if Path("/", name).is_dir() and name not in links]
    etc = [f"/etc/{name}" for name in SHARED_ETC if Path("/etc", name).exists()]
    base = Path(sys.base_prefix).resolve()
    own_local = not base.is_relative_to("/usr/local")  # else the Python that runs us lives there
    python = [] if base.is_relative_to("/usr") else [str(base)]
    return {"system_links": links, "system": ["/usr", *folders, *etc, *python], "own_usr_local": own_local}


def description(
    process: Process, image: Image, netns: Path | None, etc: Mapping[str, str], mounts: Sequence[Mapping[str, Any]],
    hostname: str, security: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """What `launch.py` needs to know to run a container."""
    return {
        "mode": "run",
        "stage": str(STAGE),
        "netns": str(netns or ""),
        "hostname": hostname,
        "argv": process.argv,
        "env": dict(process.env),
        "workdir": process.workdir,
        "uid": process.uid,
        "gid": process.gid,
        "binds": [{"source": str(bind.source.resolve()), "target": bind.target} for bind in image.binds],
        "links": dict(image.links),
        "files": dict(image.files),
        "etc": dict(etc),
        "mounts": list(mounts),
        "read_only_root": bool(security.get("readOnlyRootFilesystem")),
        "no_new_privileges": security.get("allowPrivilegeEscalation") is False,
        **system(),
    }


async def start(
    children: Children, what: Mapping[str, Any], process: Process, log: Log, identifier: str,
    stdin: bool = False, tty: bool = False,
) -> Container:  # fmt: skip
    """The container's program runs, or StartError says why not."""
    ours, theirs = stdio.open_pair(stdin, tty)
    child = 0
    try:
        agent, launched, _ = spawn(children, theirs)
        with contextlib.closing(agent):
            async with asyncio.timeout(START_LIMIT):
                child = (await _ask(agent, what))["pid"]
                await asyncio.shield(launched)  # only now is the child ours, and dies with us
                exited = children.adopt(child)
                await _release(agent)
    except BaseException as error:
        if child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        ours.close()
        log.close()
        if isinstance(error, TimeoutError):
            raise StartError(f"container did not start within {START_LIMIT:g} s") from None
        raise
    if ours.stderr >= 0:
        log.follow_pipe("stderr", ours.stderr)
    log.follow_pipe("stdout", os.dup(ours.stdout) if tty else ours.stdout)
    return Container(identifier, child, process, exited, log, ours.stdin, ours.stdout if tty else -1)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that runs inside a container."""

    launcher: int
    exited: asyncio.Future[int]
    stdio: Stdio

    def kill(self) -> None:
        """The launcher dies, and the command with it."""
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.launcher, signal.SIGKILL)


async def execute(
    children: Children, container: Container, argv: Sequence[str], stdin: bool = False, tty: bool = False
) -> Command:
    """The command runs in the container's namespaces, with its environment; StartError says why not."""
    process = container.process
    what = {
        "mode": "enter",
        "pid": container.pid,
        "own_user": bool(process.uid or process.gid),
        "argv": list(argv),
        "env": {**process.env, **({"TERM": "xterm"} if tty else {})},
        "workdir": process.workdir,
        "tty": tty,
    }
    if container.exited.done():
        raise StartError("container is not running")
    ours, theirs = stdio.open_pair(stdin, tty)
    command: Command | None = None
    try:
        agent, exited, launcher = spawn(children, theirs)
        command = Command(launcher, exited, ours)
        with contextlib.closing(agent):
            async with asyncio.timeout(START_LIMIT):
                await _ask(agent, what)
    except BaseException as error:
        ours.close()
        if command is not None:
            command.kill()
        if isinstance(error, TimeoutError):
            raise StartError(f"the command did not start within {START_LIMIT:g} s") from None
        raise
    return command


def spawn(children: Children, theirs: Stdio) -> tuple[socket.socket, asyncio.Future[int], int]:
    """A launcher with these streams; the socket to it, its exit and its pid."""
    agent, launcher = socket.socketpair()
    agent.setblocking(False)
    try:
        pid, exited = children.start(
            [sys.executable, "-I", "-S", str(LAUNCH), str(launcher.fileno())],
            stdin=theirs.stdin,
            stdout=theirs.stdout,
            stderr=theirs.stderr,
            pass_fds=(launcher.fileno(),),
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
        )
    except BaseException:
        agent.close()
        raise
    finally:
        launcher.close()
        theirs.close()
    return agent, exited, pid


async def _ask(agent: socket.socket, what: Mapping[str, Any]) -> dict[str, Any]:
    await asyncio.get_running_loop().sock_sendall(agent, json.dumps(what).encode() + b"\n")
    return await _line(agent)


async def _release(agent: socket.socket) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its own words say why it is gone
        await asyncio.get_running_loop().sock_sendall(agent, b"g")
    await _line(agent)


async def _line(agent: socket.socket) -> dict[str, Any]:
    """The launcher's next word; nothing more to say means that the program runs."""
    received = b""
    while not received.endswith(b"\n"):
        try:
            chunk = await asyncio.get_running_loop().sock_recv(agent, 1 << 16)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            break
        received += chunk
    answer: dict[str, Any] = json.loads(received.splitlines()[0]) if received else {}
    if "error" in answer:
        raise StartError(answer["error"])
    return answer
