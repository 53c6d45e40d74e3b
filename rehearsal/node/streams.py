"""exec and attach over WebSocket, in the channel protocols of Kubernetes (v4 and v5)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import Any

from aiohttp import WSMsgType, web

from rehearsal.node import stdio
from rehearsal.node.children import Children
from rehearsal.node.container import Command, Container, StartError
from rehearsal.node.container import execute as run

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
CHUNK = 32 << 10
SUCCESS: dict[str, Any] = {"metadata": {}, "status": "Success"}


async def execute(request: web.Request, children: Children, container: Container) -> web.StreamResponse:
    """A command of the client's runs in the container, its streams joined to the socket's channels."""
    command, tty = request.query.getall("command", []), _wants(request, "tty")
    if not command:
        raise web.HTTPBadRequest(text="exec needs a command")
    socket = await _accept(request)
    try:
        running = await run(children, container, command, _wants(request, "input", "stdin"), tty)
    except StartError as error:
        await _finish(socket, failure("InternalError", str(error), 500))
        return socket
    reader = asyncio.create_task(_incoming(socket, running.stdio.stdin, running.stdio.stdout if tty else -1))
    reader.add_done_callback(lambda _: running.kill() if socket.closed else None)
    try:
        await _outgoing(socket, running)
        code = await asyncio.shield(running.exited)
        await _finish(socket, exit_status(code))
    finally:
        reader.cancel()
        running.kill()
        running.stdio.close()
    return socket


async def attach(request: web.Request, container: Container) -> web.StreamResponse:
    """The container's output from now on goes to the socket, and its input comes from there."""
    socket = await _accept(request)
    queue = container.log.attach()
    stdin = container.stdin if _wants(request, "input", "stdin") else -1
    reader = asyncio.create_task(_incoming(socket, stdin, container.tty))
    getter: asyncio.Task[tuple[str, bytes]] = asyncio.create_task(queue.get())
    try:
        while not socket.closed:
            events: list[asyncio.Future[Any]] = [getter, container.exited, reader]
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            if getter.done():
                stream, chunk = getter.result()
                await socket.send_bytes(bytes([STDERR if stream == "stderr" else STDOUT]) + chunk)
                getter = asyncio.create_task(queue.get())
            elif container.exited.done():
                await _finish(socket, exit_status(container.exited.result()))
            elif reader.done():
                break
    finally:
        reader.cancel()
        getter.cancel()
        container.log.detach(queue)
    return socket


async def _accept(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=16 << 20)
    if not socket.can_prepare(request):
        raise web.HTTPBadRequest(text="only WebSocket is served here; use a client that speaks v5.channel.k8s.io")
    await socket.prepare(request)
    return socket


def _wants(request: web.Request, *names: str) -> bool:
    return any(request.query.get(name) in ("1", "true") for name in names)


async def _outgoing(socket: web.WebSocketResponse, running: Command) -> None:
    """Both streams have been sent to their end."""
    pairs = [(STDOUT, running.stdio.stdout), (STDERR, running.stdio.stderr)]
    await asyncio.gather(*(_copy(socket, channel, descriptor) for channel, descriptor in pairs if descriptor >= 0))


async def _copy(socket: web.WebSocketResponse, channel: int, descriptor: int) -> None:
    async for chunk in chunks(descriptor):
        with contextlib.suppress(ConnectionError):
            await socket.send_bytes(bytes([channel]) + chunk)


async def chunks(descriptor: int) -> Any:
    """What comes out of a pipe or terminal, until its end."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    os.set_blocking(descriptor, False)
    while True:
        try:
            chunk = os.read(descriptor, CHUNK)
        except BlockingIOError:
            loop.add_reader(descriptor, ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_reader(descriptor)
            ready.clear()
            continue
        except OSError:
            return  # a terminal whose programs are gone
        if not chunk:
            return
        yield chunk


async def _incoming(socket: web.WebSocketResponse, stdin: int, terminal: int) -> None:
    """The client's input and window sizes, until it goes."""
    async for message in socket:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel, content = message.data[0], message.data[1:]
        if channel == STDIN and stdin >= 0:
            await _write(stdin, content)
        elif channel == CLOSE and content[:1] == bytes([STDIN]) and stdin >= 0 and terminal < 0:
            stdio.end(stdin)
        elif channel == RESIZE and terminal >= 0:
            size = json.loads(content)
            stdio.resize(terminal, int(size.get("Width", 80)), int(size.get("Height", 24)))


async def _write(descriptor: int, content: bytes) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    os.set_blocking(descriptor, False)
    while content:
        try:
            content = content[os.write(descriptor, content) :]
        except BlockingIOError:
            loop.add_writer(descriptor, ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_writer(descriptor)
            ready.clear()
        except OSError:
            return  # the program closed its input


async def _finish(socket: web.WebSocketResponse, status: dict[str, Any]) -> None:
    with contextlib.suppress(ConnectionError):
        await socket.send_bytes(bytes([ERROR]) + json.dumps(status).encode())
        await socket.close()


def exit_status(code: int) -> dict[str, Any]:
    """The Status of a command that ended with this code."""
    if code == 0:
        return SUCCESS
    text = f"command terminated with non-zero exit code: exit status {code}"
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return {"metadata": {}, "status": "Failure", "message": text, "reason": "NonZeroExitCode",
            "details": {"causes": causes}}  # fmt: skip


def failure(reason: str, message: str, code: int) -> dict[str, Any]:
    return {"metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code}
