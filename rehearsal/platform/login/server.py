"""The OAuth server of the challenge flow, and the token review for the API server."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from rehearsal.api import Obj
from rehearsal.platform.login import flow
from rehearsal.platform.login.tokens import Login, Token, Tokens
from rehearsal.platform.login.users import Users, groups
from rehearsal.platform.watching import Cache

SCOPES = "scopes.authorization.openshift.io"


class LoginServer:
    """Answers for users, codes and tokens of one cluster."""

    def __init__(self, users: Users, tokens: Tokens, known_groups: Cache, authentication: Cache) -> None:
        self._users, self._tokens = users, tokens
        self._groups, self._authentication = known_groups, authentication
        self._codes = flow.Codes()

    def integrated(self) -> bool:
        """Whether the cluster's users log in here, and not at an outside provider."""
        config = self._authentication.get("", "cluster")
        return config is not None and (config.get("spec", {}).get("type") or "IntegratedOAuth") == "IntegratedOAuth"

    def oauth(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/oauth/authorize", self._authorize)
        app.router.add_post("/oauth/token", self._token)
        app.router.add_get("/healthz", _healthy)
        return app

    def reviews(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/tokenreview", self._review)
        return app

    async def _authorize(self, request: web.Request) -> web.Response:
        if refusal := flow.refusal(request.query):
            return _http(refusal)
        given = flow.basic(request.headers.get("Authorization", ""))
        login = await self._users.check(*given) if given else None
        if login is None:
            return _http(flow.challenge(request.headers))
        if request.query["response_type"] == "code":
            return _http(self._codes.issue(login, request.query))
        token, seconds = await self._issue(login)
        return _http(flow.implicit(token, seconds, request.query))

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        client = flow.basic(request.headers.get("Authorization", ""))
        found = self._codes.redeem(form, client[0] if client else form.get("client_id", ""))
        if isinstance(found, flow.Reply):
            return _http(found)
        return _http(flow.Reply(200, {"Cache-Control": "no-store"}, flow.token_answer(*await self._issue(found))))

    async def _issue(self, login: Login) -> tuple[str, int]:
        seconds = await self._users.seconds()
        return self._tokens.issue(login, flow.CLIENT, flow.REDIRECT, seconds), seconds

    async def find(self, token: str) -> Token | None:
        """The record of a token that is in force for a user who is still there."""
        found = self._tokens.find(token) if self.integrated() else None
        return found if found is not None and await self._users.still_known(found) else None

    async def _review(self, request: web.Request) -> web.Response:
        review = await request.json()
        status: Obj = {"authenticated": False}
        found = await self.find(review.get("spec", {}).get("token", ""))
        if found is not None:
            status = {"authenticated": True, "user": self.user_info(found)}
        answer = {"apiVersion": review.get("apiVersion"), "kind": "TokenReview", "status": status}
        return web.json_response(answer)

    def user_info(self, token: Token) -> Obj:
        """Whom a token stands for, as the API server wants to know it."""
        extra = {SCOPES: ["user:full"]}
        names = groups(token, self._groups.items())
        return {"username": token.user, "uid": token.user_uid, "groups": names, "extra": extra}


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def _http(reply: flow.Reply) -> web.Response:
    if isinstance(reply.content, Mapping):
        return web.json_response(reply.content, status=reply.status, headers=reply.headers)
    return web.Response(status=reply.status, headers=reply.headers, text=reply.content)
