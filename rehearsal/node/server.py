"""The node's HTTPS API that the API server calls: logs, exec, attach, port-forward."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from rehearsal.cluster import NODE_IP
from rehearsal.node import portforward, streams
from rehearsal.node.keeper import Keeper
from rehearsal.node.logs import Options, read
from rehearsal.node.node import PORT
from rehearsal.node.records import Waiting

if TYPE_CHECKING:
    from rehearsal.node.agent import Agent
    from rehearsal.node.pod import Pod

CLIENT = "kube-apiserver-kubelet-client"
CERTIFICATE = "node"  # in the PKI folder


class Server:
    """Serves until it is stopped."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._runner: web.AppRunner | None = None

    async def start(self, pki: Path) -> None:
        """The port answers to the API server's certificate, and to no other."""
        app = web.Application(middlewares=[_only_the_api_server])
        app.add_routes(
            [
                web.get("/containerLogs/{namespace}/{pod}/{container}", self._logs),
                # POST is how SPDY begins, to which kubectl falls back: the refusal then says what was wrong
                *(web.route(method, "/exec/{namespace}/{pod}/{container}", self._exec) for method in ("GET", "POST")),
                *(
                    web.route(method, "/attach/{namespace}/{pod}/{container}", self._attach)
                    for method in ("GET", "POST")
                ),
                *(web.route(method, "/portForward/{namespace}/{pod}", self._forward) for method in ("GET", "POST")),
                web.get("/runningpods/", self._running),
                web.get("/pods", self._running),
                web.get("/healthz", _healthy),
            ]
        )
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pki / f"{CERTIFICATE}.crt", pki / f"{CERTIFICATE}.key")
        tls.load_verify_locations(pki / "ca.crt")
        tls.verify_mode = ssl.CERT_REQUIRED
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, NODE_IP, PORT, ssl_context=tls).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _pod(self, request: web.Request) -> Pod:
        found = self._agent.find(request.match_info["namespace"], request.match_info["pod"])
        if found is None:
            raise web.HTTPNotFound(text=f'pod "{request.match_info["pod"]}" not found on this node')
        return found

    def _keeper(self, request: web.Request) -> Keeper:
        name = request.match_info["container"]
        found = self._pod(request).keeper(name)
        if found is None:
            raise web.HTTPNotFound(text=f"container {name} is not in pod {request.match_info['pod']}")
        return found

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        keeper = self._keeper(request)
        previous = request.query.get("previous") == "true"
        log = keeper.previous if previous else keeper.log
        if log is None:
            raise web.HTTPBadRequest(text=_no_log(keeper, request, previous))
        answer = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await answer.prepare(request)
        async for block in read(log, log_options(request.query)):
            await answer.write(block)
        await answer.write_eof()
        return answer

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        keeper = self._keeper(request)
        if keeper.container is None:
            raise web.HTTPBadRequest(text=f"container {keeper.name} is not running")
        children = self._agent.runtime.children
        return await streams.execute(request, children, keeper.container)

    async def _attach(self, request: web.Request) -> web.StreamResponse:
        keeper = self._keeper(request)
        if keeper.container is None:
            raise web.HTTPBadRequest(text=f"container {keeper.name} is not running")
        return await streams.attach(request, keeper.container)

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        pod = self._pod(request)
        return await portforward.serve(request, pod.facts.ip)

    async def _running(self, _: web.Request) -> web.Response:
        items = [pod.context.pod for pod in self._agent.pods.values() if pod.phase == "Running"]
        return web.json_response({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})


def _no_log(keeper: Keeper, request: web.Request, previous: bool) -> str:
    where = f'container "{keeper.name}" in pod "{request.match_info["pod"]}"'
    if previous:
        return f"previous terminated {where} not found"
    state = keeper.record.state
    if isinstance(state, Waiting):
        return f"{where} is waiting to start: {state.message or state.reason}"
    return f"{where} ended under a node agent that was restarted since; its log is gone"


def log_options(query: Any) -> Options:
    """A log request's parameters."""
    since = query.get("sinceTime", "")
    if query.get("sinceSeconds"):
        moment = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=int(query["sinceSeconds"]))
        since = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    tail, limit, stream = query.get("tailLines"), query.get("limitBytes"), query.get("stream", "All")
    return Options(
        follow=query.get("follow") == "true",
        tail=int(tail) if tail else None,
        since=since,
        timestamps=query.get("timestamps") == "true",
        limit=int(limit) if limit else None,
        stream="" if stream == "All" else stream.lower(),
    )


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok")


@web.middleware
async def _only_the_api_server(request: web.Request, handler: Any) -> web.StreamResponse:
    transport = request.transport
    certificate = transport.get_extra_info("peercert") if transport else None
    subject = {key: value for part in (certificate or {}).get("subject", ()) for key, value in part}
    if subject.get("commonName") != CLIENT:
        raise web.HTTPForbidden(text=f"only {CLIENT} may call the node")
    answer: web.StreamResponse = await handler(request)
    return answer
