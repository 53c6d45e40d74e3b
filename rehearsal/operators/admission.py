"""A webhook server: each path is a function from an AdmissionReview's request to a decision."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

Obj = dict[str, Any]
# the places where OLM mounts the certificate of a webhook's Deployment, and where everybody else does
CERTIFICATES = (Path("/tmp/k8s-webhook-server/serving-certs"),)  # noqa: S108 - the path that the manifests mount
WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Decision:
    """What a webhook says: yes, or no with a message, or yes with a JSON patch."""

    allowed: bool = True
    message: str = ""
    code: int = 403
    reason: str = "Forbidden"
    patch: list[Obj] = field(default_factory=list)

    def response(self, uid: str) -> Obj:
        """The response half of an AdmissionReview."""
        answer: Obj = {"uid": uid, "allowed": self.allowed}
        if not self.allowed:
            answer["status"] = {"code": self.code, "message": self.message, "reason": self.reason}
        if self.patch:
            encoded = base64.b64encode(json.dumps(self.patch).encode()).decode()
            answer |= {"patchType": "JSONPatch", "patch": encoded}
        return answer


YES = Decision()
Handler = Callable[[Obj], Awaitable[Decision]]
Converter = Callable[[Obj, str], Obj]


def denied(message: str) -> Decision:
    """No, as controller-runtime's Denied says it."""
    return Decision(False, message)


def invalid(kind: str, name: str, message: str) -> Decision:
    """No, as an Invalid error of the API machinery says it."""
    return Decision(False, f'{kind} "{name}" is invalid: {message}', 422, "Invalid")


def application(handlers: Mapping[str, Handler], convert: Converter | None = None) -> web.Application:
    """The web application that answers at these paths."""

    async def review(request: web.Request) -> web.Response:
        body = await request.json()
        decision = await handlers[request.path](body["request"])
        body["response"] = decision.response(body["request"]["uid"])
        return web.json_response({key: body[key] for key in ("apiVersion", "kind", "response")})

    async def conversion(request: web.Request) -> web.Response:
        body = await request.json()
        asked = body["request"]
        assert convert is not None, "the route exists only with a converter"
        objects = [convert(obj, asked["desiredAPIVersion"]) for obj in asked["objects"]]
        body["response"] = {"uid": asked["uid"], "result": {"status": "Success"}, "convertedObjects": objects}
        return web.json_response({key: body[key] for key in ("apiVersion", "kind", "response")})

    app = web.Application(client_max_size=16 * 1024**2)
    for path in handlers:
        app.router.add_post(path, review)
    if convert is not None:
        app.router.add_post("/convert", conversion)
    return app


async def certificate(folders: tuple[Path, ...] = CERTIFICATES) -> Path:
    """The folder that holds tls.crt and tls.key; a Secret that is filled late is waited for."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            for folder in folders:
                if (folder / "tls.crt").exists() and (folder / "tls.key").exists():
                    return folder
            await asyncio.sleep(0.1)


async def serve(app: web.Application, port: int = 9443) -> web.AppRunner:
    """The application answers by TLS on the port."""
    folder = await certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return await _start(app, port, context)


async def probes(ready: Callable[[], bool], port: int = 0) -> web.AppRunner:
    """/healthz answers 200, /readyz as soon as `ready` holds; on the port of HEALTH_PORT, 8081 by default."""

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(text="ok") if ready() else web.Response(status=500, text="not ready yet")

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    return await _start(app, port or int(os.environ.get("HEALTH_PORT", "8081")), None)


async def _start(app: web.Application, port: int, tls: ssl.SSLContext | None) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, port=port, ssl_context=tls, shutdown_timeout=1).start()
    return runner
