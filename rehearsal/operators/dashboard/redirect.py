"""A stand-in for the nginx that sends the dashboard's old addresses to the new one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from aiohttp import web

PORT = 8080


def application(target: str) -> web.Application:
    """Every path is answered with the same path at the target."""

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def move(request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": f"{target}{request.path_qs}"})

    app = web.Application()
    app.router.add_get("/healthz", health)
    app.router.add_route("*", "/{path:.*}", move)
    return app


async def main() -> None:
    """Serve until stopped."""
    runner = web.AppRunner(application(os.environ["REDIRECT_TO"]), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=PORT, shutdown_timeout=1).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
    sys.exit(0)
