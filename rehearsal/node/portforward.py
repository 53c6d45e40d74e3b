"""port-forward as a plain WebSocket: a data and an error channel for each port, as the Python client asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import struct

from aiohttp import WSMsgType, web

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io", "portforward.k8s.io")
CHUNK = 32 << 10
CLOSE = 255


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
    try:
        async for message in socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            channel, content = message.data[0], message.data[1:]
            if channel == CLOSE and content and content[0] // 2 < len(links):
                links[content[0] // 2].half_close()
            elif channel % 2 == 0 and channel // 2 < len(links):
                await links[channel // 2].send(content)
    finally:
        for link in links:
            link.close()
    return socket


class _Link:
    """One port's connection, made with the first byte or at once."""

    def __init__(self, socket: web.WebSocketResponse, index: int, address: str, port: int) -> None:
        self._socket, self._data, self._error = socket, 2 * index, 2 * index + 1
        self._address, self._port = address, port
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

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
        self._reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                await self._socket.send_bytes(bytes([self._data]) + chunk)
            if self._socket.ws_protocol == PROTOCOLS[0]:
                await self._socket.send_bytes(bytes([CLOSE, self._data]))
            else:
                await self._socket.close()

    async def send(self, content: bytes) -> None:
        if self._writer is not None and content:
            with contextlib.suppress(ConnectionError):
                self._writer.write(content)
                await self._writer.drain()

    def half_close(self) -> None:
        if self._writer is not None and self._writer.can_write_eof():
            with contextlib.suppress(OSError):
                self._writer.write_eof()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            self._reading.cancel()
