"""port-forward as a plain WebSocket: a data and an error channel for each port, as the Python client asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import struct

from aiohttp import WSMsgType, web

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io", "portforward.k8s.io")
CHUNK = 32 << 10
LINGER = 0.1  # seconds between the last data and the end, which the Python client takes as "throw away"


async def serve(request: web.Request, address: str) -> web.StreamResponse:
    """Connections to the pod's ports, until the client goes."""
    ports = [int(port) for value in request.query.getall("port", []) for port in value.split(",")]
    socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=16 << 20)
    if not ports or not socket.can_prepare(request):
        text = "port-forward wants a WebSocket and ?port=N; kubectl's SPDY form is not served, the Python client's is"
        raise web.HTTPBadRequest(text=text)
    await socket.prepare(request)
    links = [_Link(socket, index, address, port) for index, port in enumerate(ports)]
    for link in links:
        await link.announce()
    ending = asyncio.create_task(_end_with(socket, links))
    try:
        async for message in socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            channel, content = message.data[0], message.data[1:]
            if channel % 2 == 0 and channel // 2 < len(links):
                await links[channel // 2].send(content)
    finally:
        ending.cancel()
        for link in links:
            link.close()
    return socket


async def _end_with(socket: web.WebSocketResponse, links: list[_Link]) -> None:
    """The socket closes when the pod has closed every connection."""
    await asyncio.gather(*(link.reading for link in links if link.reading is not None))
    await asyncio.sleep(LINGER)
    await socket.close()


class _Link:
    """One port's connection, made with the first byte or at once."""

    def __init__(self, socket: web.WebSocketResponse, index: int, address: str, port: int) -> None:
        self._socket, self._data, self._error = socket, 2 * index, 2 * index + 1
        self._address, self._port = address, port
        self._writer: asyncio.StreamWriter | None = None
        self.reading: asyncio.Task[None] | None = None

    async def announce(self) -> None:
        """Both channels begin with the port's number; then the pod is connected."""
        number = struct.pack("<H", self._port)
        for channel in (self._data, self._error):
            await self._socket.send_bytes(bytes([channel]) + number)
        try:
            reader, self._writer = await asyncio.open_connection(self._address, self._port)
        except OSError as error:
            text = f"failed to connect to port {self._port} of the pod: {error.strerror or error}"
            await self._socket.send_bytes(bytes([self._error]) + text.encode())
            return
        self.reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                await self._socket.send_bytes(bytes([self._data]) + chunk)

    async def send(self, content: bytes) -> None:
        if self._writer is not None and content:
            with contextlib.suppress(ConnectionError):
                self._writer.write(content)
                await self._writer.drain()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self.reading is not None:
            self.reading.cancel()
