"""Git over HTTP, read-only, for the bare repositories of the state folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

SECONDS = 120
ALLOWED = (("GET", "/info/refs"), ("POST", "/git-upload-pack"), ("GET", "/HEAD"))
CHUNK = 64 * 1024


def environment(folder: Path, request: Mapping[str, str], inherited: Mapping[str, str]) -> dict[str, str]:
    """The CGI environment of `git http-backend`, for reading alone."""
    kept = {name: inherited[name] for name in ("PATH", "HOME") if name in inherited}
    return {
        **kept,
        **request,
        "GIT_PROJECT_ROOT": str(folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "http.receivepack",
        "GIT_CONFIG_VALUE_0": "false",
        "GIT_CONFIG_KEY_1": "safe.directory",  # the files may belong to another user than the one in the namespaces
        "GIT_CONFIG_VALUE_1": "*",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


def permitted(method: str, path: str, service: str) -> bool:
    """Whether the request reads a repository."""
    if service and service != "git-upload-pack":
        return False
    return any(method == verb and path.endswith(end) for verb, end in ALLOWED)


def headers(raw: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of a CGI answer."""
    found = dict(line.split(": ", 1) for line in raw.decode().splitlines() if ": " in line)
    return int(found.pop("Status", "200").split()[0]), found


def application(folder: Path) -> web.Application:
    """The Git server of one folder."""
    app = web.Application(client_max_size=64 * 1024 * 1024)

    async def serve(request: web.Request) -> web.StreamResponse:
        if not permitted(request.method, request.path, request.query.get("service", "")):
            return web.Response(status=403, text="this server is for reading: clone and fetch\n")
        body = await request.read()
        asked = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query_string,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": request.remote or "",
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        if request.headers.get("Content-Encoding") == "gzip":
            asked["HTTP_CONTENT_ENCODING"] = ""  # aiohttp has unpacked it
        return await _run(request, body, environment(folder, asked, os.environ))

    app.router.add_route("*", "/{path:.*}", serve)
    return app


async def _run(request: web.Request, body: bytes, env: dict[str, str]) -> web.StreamResponse:
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec("git", "http-backend", stdin=pipe, stdout=pipe, env=env)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        async with asyncio.timeout(SECONDS):
            child.stdin.write(body)
            child.stdin.close()
            head = await child.stdout.readuntil(b"\r\n\r\n")
            status, found = headers(head)
            answer = web.StreamResponse(status=status, headers=found)
            await answer.prepare(request)
            while chunk := await child.stdout.read(CHUNK):
                await answer.write(chunk)
            await answer.write_eof()
            return answer
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
