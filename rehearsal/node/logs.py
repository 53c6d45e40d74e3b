"""Container logs: lines with times, as the container runtime keeps them, and reading them back."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

LIMIT = 16 << 20  # bytes; then the file is set aside, and the one set aside before is dropped
CHUNK = 1 << 16


class Log:
    """The log of one run of one container."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb", buffering=0)
        self._size = 0
        self.generation = 0
        self._partial: dict[str, bytes] = {}
        self._open: set[str] = set()
        self._news = asyncio.Event()
        self._listeners: set[asyncio.Queue[tuple[str, bytes]]] = set()
        self.closed = False

    def follow_pipe(self, stream: str, descriptor: int) -> None:
        """What comes through the pipe is logged until its end."""
        os.set_blocking(descriptor, False)
        self._open.add(stream)
        asyncio.get_running_loop().add_reader(descriptor, self._readable, stream, descriptor)

    def _readable(self, stream: str, descriptor: int) -> None:
        try:
            chunk = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""  # a terminal's other end is gone
        if chunk:
            self.write(stream, chunk)
            return
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        self._open.discard(stream)
        if not self._open:
            self.close()

    def write(self, stream: str, chunk: bytes) -> None:
        """Complete lines go to the file with this moment's time; the rest waits for its end."""
        for queue in self._listeners:
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait((stream, chunk))
        *lines, rest = (self._partial.get(stream, b"") + chunk).split(b"\n")
        if len(rest) > CHUNK:
            lines, rest = [*lines, rest], b""
        self._partial[stream] = rest
        self._append(stream, lines)

    def _append(self, stream: str, lines: list[bytes]) -> None:
        if not lines:
            return
        head = f"{timestamp()} {stream} F ".encode()
        block = b"".join(head + line + b"\n" for line in lines)
        if self._size > LIMIT:
            self._rotate()
        self._file.write(block)
        self._size += len(block)
        self._wake()

    def _rotate(self) -> None:
        self._file.close()
        self.path.replace(self.path.with_suffix(".log.1"))
        self._file = self.path.open("wb", buffering=0)
        self._size, self.generation = 0, self.generation + 1

    def close(self) -> None:
        """No more lines come; readers that follow end."""
        if self.closed:
            return
        for stream, rest in self._partial.items():
            if rest:
                self._append(stream, [rest])
        self.closed = True
        self._file.close()
        self._wake()

    async def ended(self, limit: float) -> None:
        """Everything that the container wrote is in the file, or the limit is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while not self.closed:
                    await self.news()
        self.close()

    async def news(self) -> None:
        """Something was written, or the log was closed."""
        if not self.closed:
            await self._news.wait()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def attach(self) -> asyncio.Queue[tuple[str, bytes]]:
        """Raw output from now on, for `attach`."""
        queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(maxsize=1000)
        self._listeners.add(queue)
        return queue

    def detach(self, queue: asyncio.Queue[tuple[str, bytes]]) -> None:
        self._listeners.discard(queue)


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader asks for."""

    follow: bool = False
    tail: int | None = None
    since: str = ""  # RFC 3339: earlier lines are left out
    timestamps: bool = False
    limit: int | None = None  # bytes
    stream: str = ""  # stdout, stderr or both


async def read(log: Log, options: Options) -> AsyncIterator[bytes]:
    """The log's text as the options ask for it; following ends with the container."""
    left = options.limit
    async for block in _blocks(log, options):
        text = b"".join(_render(line, options) for line in block.splitlines(keepends=True))
        if left is not None:
            text = text[:left]
            left -= len(text)
        if text:
            yield text
        if left == 0:
            return


async def _blocks(log: Log, options: Options) -> AsyncIterator[bytes]:
    generation = log.generation
    older, current = await asyncio.to_thread(_existing, log.path)
    current, _ = _complete(current)
    position = len(current)
    yield tail(older + current, options.tail)
    if options.follow:
        async for block in _following(log, position, generation):
            yield block


async def _following(log: Log, position: int, generation: int) -> AsyncIterator[bytes]:
    file = log.path.open("rb")  # kept open: a deleted pod's folder goes before its readers do
    try:
        while True:
            if log.generation != generation:
                file.close()
                file, position, generation = log.path.open("rb"), 0, log.generation
            file.seek(position)
            block, _ = _complete(file.read(CHUNK * 16))
            position += len(block)
            if block:
                yield block
            elif log.closed:
                return
            else:
                await log.news()
    finally:
        file.close()


def _complete(content: bytes) -> tuple[bytes, int]:
    end = content.rfind(b"\n") + 1
    return content[:end], len(content) - end


def _existing(path: Path) -> tuple[bytes, bytes]:
    """The file that was set aside, and the present one."""
    found = [part.read_bytes() if part.exists() else b"" for part in (path.with_suffix(".log.1"), path)]
    return found[0], found[1]


def tail(content: bytes, count: int | None) -> bytes:
    """The last lines.

    >>> tail(b"a\\nb\\nc\\n", 2)
    b'b\\nc\\n'
    """
    if count is None:
        return content
    return b"".join(content.splitlines(keepends=True)[-count:]) if count else b""


def _render(line: bytes, options: Options) -> bytes:
    moment, stream, _, text = line.split(b" ", 3)
    if options.stream and stream.decode() != options.stream:
        return b""
    if options.since and moment.decode() < options.since:
        return b""
    return moment + b" " + text if options.timestamps else text


def timestamp() -> str:
    """Now, with nanoseconds' width, so that times compare as text."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def last_lines(path: Path, count: int = 80, size: int = 2048) -> str:
    """The end of a log without its times: the fallback for a termination message."""
    lines = tail(b"".join(_existing(path)), count).splitlines(keepends=True)
    return b"".join(_render(line, Options()) for line in lines)[-size:].decode(errors="replace")
