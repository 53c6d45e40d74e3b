"""Probes and hooks: commands in the container, HTTP and TCP to the pod."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from rehearsal.node.children import Children
from rehearsal.node.container import Container, StartError, execute

Obj = dict[str, Any]
EAGER_SECONDS = 1.0  # between looks before the first good one
PATIENCE = 5.0  # seconds that a look may take at least: all of a cluster shares one machine's cores here
OUTPUT = 10 << 10  # bytes of a command's output that a message may carry


@dataclass(frozen=True, slots=True)
class Answer:
    """What one look found."""

    good: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """The container that is looked at."""

    children: Children
    container: Container
    address: str
    ports: list[Obj]


async def check(target: Target, action: Obj, limit: float) -> Answer:
    """One look, within the limit."""
    if "exec" in action:
        return await _command(target, action["exec"].get("command") or [], limit)
    try:
        async with asyncio.timeout(limit):
            if "httpGet" in action:
                return await _http(target, action["httpGet"])
            if "tcpSocket" in action:
                return await _tcp(target, action["tcpSocket"])
            if "grpc" in action:
                port = action["grpc"]["port"]
                return await _tcp(target, {"port": port})  # reachable is all that is asked here
            if "sleep" in action:
                await asyncio.sleep(float(action["sleep"].get("seconds", 0)))
            return Answer(True)
    except TimeoutError:
        return Answer(False, "context deadline exceeded")


async def _command(target: Target, command: list[str], limit: float) -> Answer:
    """The limit is the command's own: entering the namespaces takes its time on a busy machine."""
    try:
        running = await execute(target.children, target.container, command)
    except StartError as error:
        return Answer(False, str(error))
    try:
        async with asyncio.timeout(limit):
            output = await asyncio.gather(drain(running.stdio.stdout), drain(running.stdio.stderr))
            code = await asyncio.shield(running.exited)
    except TimeoutError:
        return Answer(False, f"command timed out after {limit:g}s")
    finally:
        running.kill()
        running.stdio.close()
    return Answer(code == 0, b"".join(output).decode(errors="replace"))


async def drain(descriptor: int) -> bytes:
    """What a pipe says until its end, cut where a message would get too long."""
    loop, ended, found = asyncio.get_running_loop(), asyncio.get_running_loop().create_future(), bytearray()
    os.set_blocking(descriptor, False)

    def readable() -> None:
        try:
            chunk = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        found.extend(chunk[: OUTPUT - len(found)])
        if not chunk and not ended.done():
            ended.set_result(None)

    loop.add_reader(descriptor, readable)
    try:
        await ended
    finally:
        loop.remove_reader(descriptor)
    return bytes(found)


async def _http(target: Target, action: Obj) -> Answer:
    scheme = (action.get("scheme") or "HTTP").lower()
    host = action.get("host") or target.address
    path = "/" + (action.get("path") or "/").lstrip("/")
    url = f"{scheme}://{host}:{port_number(action['port'], target.ports)}{path}"
    headers = {"User-Agent": "kube-probe/1.36", "Connection": "close"}
    headers |= {item["name"]: item["value"] for item in action.get("httpHeaders") or ()}
    try:
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.get(url, headers=headers, ssl=_unverified(), allow_redirects=False) as answer,
        ):
            if 200 <= answer.status < 400:
                return Answer(True)
            return Answer(False, f"HTTP probe failed with statuscode: {answer.status}")
    except (aiohttp.ClientError, OSError) as error:
        return Answer(False, f'Get "{url}": {error}')


@functools.cache
def _unverified() -> ssl.SSLContext:
    """As a kubelet's: a probe asks for life only. The default context would load every CA for each look."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _tcp(target: Target, action: Obj) -> Answer:
    host, port = action.get("host") or target.address, port_number(action["port"], target.ports)
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return Answer(False, f"dial tcp {host}:{port}: {error.strerror or error}")
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return Answer(True)


def port_number(port: int | str, ports: list[Obj]) -> int:
    """A port, by number or by the container's name for it."""
    for item in ports:
        if item.get("name") == port:
            return int(item["containerPort"])
    return int(port)


async def watch(
    target: Target, probe: Obj, result: Callable[[Answer, bool], Awaitable[bool]], *, eager: bool = False
) -> None:
    """Looks again and again; the callback gets each change of mind and says whether to go on.

    Eager looks begin at once and come each second until the first good one; early misses are not counted, so a slow
    program keeps all the time that its delays and periods give it, and a quick one is known at once.
    """
    period, limit = probe.get("periodSeconds") or 10, max(PATIENCE, probe.get("timeoutSeconds") or 1)
    needed = {True: probe.get("successThreshold") or 1, False: probe.get("failureThreshold") or 3}
    delay = probe.get("initialDelaySeconds") or 0
    due = time.monotonic() + delay
    await asyncio.sleep(0 if eager else delay)
    run, last = 0, None
    while True:
        answer = await check(target, probe, limit)
        if answer.good or not eager or time.monotonic() >= due:
            run, last, due = (run + 1 if answer.good is last else 1), answer.good, time.monotonic() + period
            eager = eager and not answer.good
            if not await result(answer, run >= needed[answer.good]):
                return
        await asyncio.sleep(min(period, EAGER_SECONDS) if eager else period)
