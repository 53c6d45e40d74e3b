"""The decisions of the OAuth server, as functions of a request: what is answered, and which code becomes a token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from rehearsal.cluster import APPS_DOMAIN
from rehearsal.platform.login.tokens import Login

HOST = f"oauth-openshift.{APPS_DOMAIN}"
ISSUER = f"https://{HOST}"
CLIENT = "openshift-challenging-client"
REDIRECT = f"{ISSUER}/oauth/token/implicit"
SCOPE = "user:full"
CODE_SECONDS = 300
CSRF_WARNING = 'Warning: 199 Origin "A non-empty X-CSRF-Token header is required to receive basic-auth challenges"'


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; content goes out as JSON when it is a mapping."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, object] | str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What an authorization code stands for."""

    login: Login
    redirect_uri: str
    challenge: str
    method: str
    expires: float


def metadata() -> dict[str, object]:
    """The document that clients discover the login by."""
    return {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/oauth/authorize",
        "token_endpoint": f"{ISSUER}/oauth/token",
        "scopes_supported": ["user:check-access", "user:full", "user:info", "user:list-projects"],
        "response_types_supported": ["code", "token"],
        "grant_types_supported": ["authorization_code", "implicit"],
        "code_challenge_methods_supported": ["plain", "S256"],
    }


def error(status: int, name: str, description: str) -> Reply:
    """A refusal in OAuth's own form."""
    return Reply(status, {"Cache-Control": "no-store"}, {"error": name, "error_description": description})


def refusal(query: Mapping[str, str]) -> Reply | None:
    """Why a request to authorize is wrong whoever asks, or None."""
    redirect = query.get("redirect_uri", REDIRECT)
    if query.get("client_id") != CLIENT:
        text = f"the client is not authorized to request a token using this method; here only {CLIENT} is"
        return error(400, "unauthorized_client", text)
    if redirect != REDIRECT:
        return error(400, "invalid_request", "the redirect URI is not one of the client's")
    if query.get("response_type") not in ("code", "token"):
        return _redirect(redirect, query, error="unsupported_response_type")
    if query.get("scope", SCOPE) != SCOPE:
        return _redirect(redirect, query, error="invalid_scope")
    if query.get("code_challenge_method", "plain") not in ("plain", "S256"):
        return _redirect(redirect, query, error="invalid_request")
    return None


def challenge(headers: Mapping[str, str]) -> Reply:
    """Who did not say a right password is asked for one, if it says that it is no browser led astray."""
    if headers.get("X-CSRF-Token"):
        return Reply(401, {"WWW-Authenticate": 'Basic realm="openshift"'}, "Unauthorized")
    return Reply(401, {"Warning": CSRF_WARNING.removeprefix("Warning: ")}, "Unauthorized")


def basic(authorization: str) -> tuple[str, str] | None:
    """User and password of a Basic header."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


class Codes:
    """Authorization codes on their way from the redirect to the token endpoint: once each, for a short time."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}

    def issue(self, login: Login, query: Mapping[str, str], now: float | None = None) -> Reply:
        """The redirect that carries a new code."""
        now = time.time() if now is None else now
        self._grants = {code: grant for code, grant in self._grants.items() if grant.expires > now}
        code, redirect = f"sha256~{secrets.token_urlsafe(32)}", query.get("redirect_uri", REDIRECT)
        challenge, method = query.get("code_challenge", ""), query.get("code_challenge_method", "plain")
        self._grants[code] = Grant(login, redirect, challenge, method, now + CODE_SECONDS)
        return _redirect(redirect, query, code=code)

    def redeem(self, form: Mapping[str, str], client: str, now: float | None = None) -> Login | Reply:
        """Who logged in with this code, or why there is no token for it."""
        if client != CLIENT:
            return error(400, "unauthorized_client", "the client is not authorized")
        if form.get("grant_type") != "authorization_code":
            return error(400, "unsupported_grant_type", "the authorization grant type is not supported")
        grant = self._grants.pop(form.get("code", ""), None)
        invalid = error(400, "invalid_grant", "the authorization grant is invalid, expired or revoked")
        if grant is None or grant.expires <= (time.time() if now is None else now):
            return invalid
        if form.get("redirect_uri", grant.redirect_uri) != grant.redirect_uri:
            return invalid
        return grant.login if proven(grant, form.get("code_verifier", "")) else invalid


def proven(grant: Grant, verifier: str) -> bool:
    """Whether the verifier belongs to the challenge that the code was asked for with."""
    if not grant.challenge:
        return True
    if grant.method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(verifier.encode(), grant.challenge.encode())


def token_answer(token: str, seconds: int) -> dict[str, object]:
    return {"access_token": token, "expires_in": seconds, "scope": SCOPE, "token_type": "Bearer"}


def implicit(token: str, seconds: int, query: Mapping[str, str]) -> Reply:
    """The redirect of the older flow, with the token in its fragment."""
    fragment = {name: str(value) for name, value in token_answer(token, seconds).items()}
    if "state" in query:
        fragment["state"] = query["state"]
    return Reply(302, {"Location": f"{query.get('redirect_uri', REDIRECT)}#{urlencode(fragment)}"})


def _redirect(uri: str, query: Mapping[str, str], **answer: str) -> Reply:
    if "state" in query:
        answer["state"] = query["state"]
    return Reply(302, {"Location": f"{uri}?{urlencode(answer)}"})
