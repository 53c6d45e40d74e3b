"""The V2 protocol over HTTP, with Triton's statuses and content types."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from . import bodies, descriptions, serving
from .errors import V2Error
from .serving import State

log = logging.getLogger("v2server")
STATE = web.AppKey("state", State)
LARGEST_BODY = 256 * 1024 * 1024  # bytes
HEADER_SIZE = "Inference-Header-Content-Length"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(state: State) -> web.Application:
    """All routes of the inference port."""
    app = web.Application(middlewares=[_errors], client_max_size=LARGEST_BODY)
    app[STATE] = state
    app.router.add_get("/v2", _server)
    app.router.add_get("/v2/", _server)
    app.router.add_get("/v2/health/live", _live)
    app.router.add_get("/v2/health/ready", _ready)
    for model in ("/v2/models/{model}", r"/v2/models/{model}/versions/{version:\d+}"):
        app.router.add_get(model, _metadata)
        app.router.add_get(f"{model}/ready", _model_ready)
        app.router.add_get(f"{model}/config", _configuration)
        app.router.add_post(f"{model}/infer", _infer)
    app.router.add_post("/v2/repository/index", _index)
    app.router.add_post("/v2/repository/models/{model}/load", _load)
    app.router.add_post("/v2/repository/models/{model}/unload", _unload)
    return app


def metrics_application(state: State) -> web.Application:
    """The port that Prometheus reads."""
    app = web.Application()
    app[STATE] = state
    app.router.add_get("/metrics", _metrics)
    return app


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except V2Error as error:
        return _json({"error": str(error)}, error.http_status)
    except web.HTTPNotFound:
        return _plain({"error": "Not Found"}, 404)
    except web.HTTPMethodNotAllowed:
        return _plain({"error": "Method Not Allowed"}, 405)
    except web.HTTPException as error:
        return _plain({"error": error.reason}, error.status)
    except Exception:
        log.exception("unexpected failure of %s %s", request.method, request.path)
        return _json({"error": "internal error; the server's log has the reason"}, 500)


def _json(content: Any, status: int = 200) -> web.Response:
    return web.Response(body=_text(content), status=status, content_type="application/json")


def _plain(content: Any, status: int) -> web.Response:
    return web.Response(body=_text(content), status=status, content_type="text/plain")


def _text(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _empty(ok: bool) -> web.Response:
    return web.Response(body=b"", status=200 if ok else 400, content_type="text/plain")


def _asked(request: web.Request) -> tuple[str, str]:
    return request.match_info["model"], request.match_info.get("version", "")


async def _server(_: web.Request) -> web.Response:
    return _json(descriptions.server())


async def _live(_: web.Request) -> web.Response:
    return _empty(ok=True)


async def _ready(request: web.Request) -> web.Response:
    return _empty(request.app[STATE].ready())


async def _metadata(request: web.Request) -> web.Response:
    repository = request.app[STATE].repository
    return _json(descriptions.model(repository, repository.find(*_asked(request))))


async def _model_ready(request: web.Request) -> web.Response:
    if request.app[STATE].model_ready(*_asked(request)):
        return _empty(ok=True)
    return _plain({"error": "Model version not ready"}, 400)


async def _configuration(request: web.Request) -> web.Response:
    return _json(descriptions.configuration(request.app[STATE].repository.find(*_asked(request))))


async def _infer(request: web.Request) -> web.Response:
    model = request.app[STATE].repository.find(*_asked(request))
    try:
        wanted = bodies.parse(await request.read(), request.headers.get(HEADER_SIZE))
    except V2Error:
        model.counts.failed += 1
        raise
    outputs = await serving.ask(model, wanted.inputs, wanted.outputs, wanted.id)
    answer = bodies.render(model, wanted, outputs)
    if answer.json_size is None:
        return web.Response(body=answer.body, content_type="application/json")
    headers = {HEADER_SIZE: str(answer.json_size)}
    return web.Response(body=answer.body, content_type="application/octet-stream", headers=headers)


async def _object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty one."""
    try:
        found = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise V2Error(f"failed to parse the request JSON buffer: {error}") from None
    if not isinstance(found, dict):
        raise V2Error("failed to parse the request JSON buffer: expected an object")
    return found


async def _index(request: web.Request) -> web.Response:
    ready = (await _object(request)).get("ready", False) is True
    return _json(request.app[STATE].repository.index(ready))


async def _load(request: web.Request) -> web.Response:
    if parameters := (await _object(request)).get("parameters"):
        raise V2Error(f"load parameters are not supported by this server: {', '.join(parameters)}")
    await serving.load(request.app[STATE].repository, request.match_info["model"])
    return _empty(ok=True)


async def _unload(request: web.Request) -> web.Response:
    await _object(request)
    serving.unload(request.app[STATE].repository, request.match_info["model"])
    return _empty(ok=True)


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(text=descriptions.metrics(request.app[STATE].repository), content_type="text/plain")
