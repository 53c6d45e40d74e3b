"""A proxy on loopback that lets every byte arrive later, as over a long line; the line's capacity is not limited."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CHUNK = 1 << 16


@contextmanager
def delayed(port: int, round_trip: float) -> Iterator[int]:
    """A port of 127.0.0.1 that leads to `port`, half of the round trip later in each direction."""
    ready: queue.Queue[int] = queue.Queue()
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(port, round_trip / 2, ready, over)), daemon=True)
    thread.start()
    try:
        yield ready.get(timeout=10)
    finally:
        over.set()
        thread.join(10)


async def _serve(port: int, delay: float, ready: queue.Queue[int], over: threading.Event) -> None:
    async with await asyncio.start_server(lambda *ends: _join(*ends, port, delay), "127.0.0.1", 0) as server:
        ready.put(int(server.sockets[0].getsockname()[1]))
        await asyncio.to_thread(over.wait)
        left = asyncio.all_tasks() - {asyncio.current_task()}  # connections that nobody closed
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, delay: float) -> None:
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.gather(_pass_on(reader, far_writer, delay), _pass_on(far_reader, writer, delay))
    finally:
        for end in (far_writer, writer):
            end.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float) -> None:
    loop = asyncio.get_running_loop()
    line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            due, data = await line.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                target.close()
                return
            target.write(data)
            await target.drain()

    arrival = asyncio.create_task(arrive())
    try:
        while data := await source.read(CHUNK):
            line.put_nowait((loop.time() + delay, data))
    except ConnectionError:
        pass
    line.put_nowait((loop.time() + delay, b""))
    await asyncio.gather(arrival, return_exceptions=True)
