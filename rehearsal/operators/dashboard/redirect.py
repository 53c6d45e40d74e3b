"""A stand-in for the nginx that sends the dashboard's old addresses to the new one."""

from __future__ import annotations

import asyncio
import os
import sys

from aiohttp import web

from rehearsal.operators.web import serve

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


if __name__ == "__main__":
    asyncio.run(serve(application(os.environ["REDIRECT_TO"]), PORT))
    sys.exit(0)
