"""The login as a part of the platform: its listeners, and what the API's front door has to know."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable
from typing import Any

from aiohttp import web

from rehearsal.api import Api
from rehearsal.cluster import NODE_IP, Cluster
from rehearsal.pki import Authority
from rehearsal.platform.login import flow, overlay
from rehearsal.platform.login.server import LoginServer
from rehearsal.platform.login.tokens import Tokens
from rehearsal.platform.login.users import Users
from rehearsal.platform.ports import OAUTH_PORT, TOKEN_REVIEW_PORT
from rehearsal.platform.watching import Cache


class LoginPart:
    """Password login to one cluster."""

    def __init__(self, api: Api, cluster: Cluster) -> None:
        self.authentication = Cache(api, "/apis/config.openshift.io/v1/authentications")
        self._groups = Cache(api, "/apis/user.openshift.io/v1/groups")
        tokens = Tokens(cluster.root / "tokens.json")
        self._server = LoginServer(Users(api), tokens, self._groups, self.authentication)
        self._overlay = overlay.Overlay(api, self._server, tokens)
        self._cluster = cluster

    def front_door(self) -> dict[str, Any]:
        """The data plane's share: nothing where users log in elsewhere."""
        if not self._server.integrated():
            return {"well_known": None, "overlays": []}
        return {"well_known": flow.metadata(), "overlays": list(overlay.PATHS)}

    async def start(self) -> list[Awaitable[Any]]:
        """Everything listens; the returned work keeps it up to date."""
        pki = self._cluster.pki
        if not (pki / "oauth.crt").exists():
            Authority.load(pki, "ingress-ca").issue(flow.HOST, sans=(flow.HOST,), server=True).write(pki, "oauth")
        await _listen(self._server.oauth(), NODE_IP, OAUTH_PORT, self._tls("oauth"))
        await _listen(self._server.reviews(), "127.0.0.1", TOKEN_REVIEW_PORT, self._tls("platform"))
        runner = web.AppRunner(self._overlay.application(), access_log=None)
        await runner.setup()
        socket = self._cluster.run / "platform.sock"
        socket.unlink(missing_ok=True)
        await web.UnixSite(runner, str(socket)).start()
        socket.chmod(0o600)
        return [self.authentication.run(), self._groups.run()]

    def _tls(self, name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._cluster.pki / f"{name}.crt", self._cluster.pki / f"{name}.key")
        return context


async def _listen(app: web.Application, address: str, port: int, tls: ssl.SSLContext) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port, ssl_context=tls).start()
