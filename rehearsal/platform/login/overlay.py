"""API paths that a custom resource cannot serve: one's own tokens, and the user behind the request."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from rehearsal.api import Api, Obj
from rehearsal.platform.login.server import LoginServer
from rehearsal.platform.login.tokens import API_VERSION, Tokens
from rehearsal.platform.login.users import USERS, storable

OWN_TOKENS = "/apis/oauth.openshift.io/v1/useroauthaccesstokens"
ALL_TOKENS = "/apis/oauth.openshift.io/v1/oauthaccesstokens"
MYSELF = f"{USERS}/~"
PATHS = (OWN_TOKENS, ALL_TOKENS, MYSELF)
KINDS = {OWN_TOKENS: "UserOAuthAccessToken", ALL_TOKENS: "OAuthAccessToken"}
Handler = Callable[[web.Request], Awaitable[web.Response]]


class Overlay:
    """Answers what the API's front door does not send to the API server."""

    def __init__(self, api: Api, server: LoginServer, tokens: Tokens) -> None:
        self._api, self._server, self._tokens = api, server, tokens

    def application(self) -> web.Application:
        app = web.Application()
        for collection, kind in KINDS.items():
            app.router.add_get(collection, self._lister(kind))
            app.router.add_get(f"{collection}/{{name}}", self._one(kind))
            app.router.add_delete(f"{collection}/{{name}}", self._one(kind))
        app.router.add_get(MYSELF, self._myself)
        return app

    async def _identify(self, request: web.Request) -> Obj:
        """Who asks: by certificate, by a token of ours, or by one that the API server knows."""
        if user := request.headers.get("X-Remote-User"):
            return {"username": user, "groups": request.headers.getall("X-Remote-Group", [])}
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            if found := await self._server.find(token):
                return self._server.user_info(found)
            review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
            answer = await self._api.create("/apis/authentication.k8s.io/v1/tokenreviews", review)
            if answer["status"].get("authenticated"):
                return dict(answer["status"]["user"])
        raise _refused(web.HTTPUnauthorized, "Unauthorized", "Unauthorized")

    async def _owner(self, request: web.Request, kind: str) -> str | None:
        """Whose tokens the request is about; None for everybody's, if that is allowed."""
        user = await self._identify(request)
        name = str(user["username"])
        if kind == "UserOAuthAccessToken":
            return name
        verb = {"GET": "get" if "name" in request.match_info else "list", "DELETE": "delete"}[request.method]
        if verb == "delete":
            return None  # whoever knows a token's name may withdraw it: `oc logout` of older releases does
        attributes = {"group": "oauth.openshift.io", "resource": "oauthaccesstokens", "verb": verb}
        spec = {"user": name, "groups": user.get("groups") or [], "resourceAttributes": attributes}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        answer = await self._api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        if not answer["status"].get("allowed"):
            what = 'resource "oauthaccesstokens" in API group "oauth.openshift.io" at the cluster scope'
            message = f'oauthaccesstokens.oauth.openshift.io is forbidden: User "{name}" cannot {verb} {what}'
            raise _refused(web.HTTPForbidden, "Forbidden", message)
        return None

    def _lister(self, kind: str) -> Handler:
        async def serve(request: web.Request) -> web.Response:
            items = [token.shown(kind) for token in self._tokens.of(await self._owner(request, kind))]
            head = {"apiVersion": API_VERSION, "kind": f"{kind}List", "metadata": {"resourceVersion": "1"}}
            return web.json_response({**head, "items": items})

        return serve

    def _one(self, kind: str) -> Handler:
        async def serve(request: web.Request) -> web.Response:
            name, owner = request.match_info["name"], await self._owner(request, kind)
            found = next((token for token in self._tokens.of(owner) if token.name == name), None)
            if found is None:
                resource = f"{kind.lower()}s.oauth.openshift.io"
                raise _refused(web.HTTPNotFound, "NotFound", f'{resource} "{name}" not found')
            if request.method == "DELETE":
                self._tokens.withdraw(name)
            return web.json_response(found.shown(kind))

        return serve

    async def _myself(self, request: web.Request) -> web.Response:
        """The User object of who asks; for one without such an object what is known of the request."""
        user = await self._identify(request)
        name = str(user["username"])
        stored = await self._api.find(f"{USERS}/{name}") if storable(name) and ":" not in name else None
        virtual = {
            "apiVersion": "user.openshift.io/v1",
            "kind": "User",
            "metadata": {"name": name, **({"uid": user["uid"]} if user.get("uid") else {})},
            "identities": None,
        }
        return web.json_response({**(stored or virtual), "groups": user.get("groups") or []})


def _refused(kind: type[web.HTTPError], reason: str, message: str) -> web.HTTPError:
    """The refusal with a Status as its body, as the API server would send it."""
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    status = {**body, "message": message, "reason": reason, "code": kind.status_code}
    return kind(text=json.dumps(status), content_type="application/json")
