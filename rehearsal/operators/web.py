"""Serving HTTP as a program of a pod does: until it is told to stop."""

from __future__ import annotations

import asyncio
import signal

from aiohttp import web


async def serve(application: web.Application, port: int) -> None:
    """Serve until SIGTERM, which ends open connections within a second."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port, shutdown_timeout=1).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()
