"""A stand-in for the product's proxies and gateway: ends TLS, passes the bytes on, and asks for no sign-in."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import ssl
import sys
from pathlib import Path

SERVICE_CA = Path("/etc/service-ca/service-ca.crt")
ROTATION_SECONDS = 60  # how often a renewed certificate is looked for


def server_context(folder: Path) -> ssl.SSLContext:
    """TLS with the serving certificate that was mounted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything read is written, until the other side ends."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()


async def join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, tls: ssl.SSLContext | None
) -> None:
    """One client connection is joined with one connection to the upstream."""
    try:
        upstream = await asyncio.wait_for(
            asyncio.open_connection(host, port, ssl=tls, server_hostname=host if tls else None), 5
        )
    except (OSError, TimeoutError):
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        return
    await asyncio.gather(pump(reader, upstream[1]), pump(upstream[0], writer))
    for end in (writer, upstream[1]):
        end.close()


async def watch_certificate(context: ssl.SSLContext, folder: Path) -> None:
    """A certificate that was renewed in place is used for new connections."""
    seen = (folder / "tls.crt").read_bytes()
    while True:
        await asyncio.sleep(ROTATION_SECONDS)
        if (now := (folder / "tls.crt").read_bytes()) != seen:
            context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
            seen = now


async def main(listen: str, folder: Path, upstream: str) -> None:
    """Listen; an upstream written as https://host:port is reached by TLS with the service CA."""
    tls = None
    if upstream.startswith("https://"):
        tls = ssl.create_default_context(cafile=str(SERVICE_CA))
    host, _, port = upstream.removeprefix("https://").rpartition(":")
    context = server_context(folder)
    server = await asyncio.start_server(
        lambda reader, writer: join(reader, writer, host, int(port), tls), port=int(listen), ssl=context
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    watcher = asyncio.create_task(watch_certificate(context, folder))
    async with server:
        await stop.wait()
    watcher.cancel()


if __name__ == "__main__":
    # the original programs' own flags are let be: what to do stands in the environment
    asyncio.run(main(os.environ["FRONT_PORT"], Path(os.environ["FRONT_CERTIFICATE"]), os.environ["FRONT_UPSTREAM"]))
    sys.exit(0)
