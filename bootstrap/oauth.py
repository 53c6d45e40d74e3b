"""A token from OpenShift's OAuth server for user and password, as `oc login` gets one."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3

from bootstrap.errors import ApiError, ClusterError, LoginError, Unreachable
from bootstrap.kube.transport import Transport, checked
from bootstrap.secret import Secret

CLIENT = "openshift-challenging-client"
TOKEN_PREFIX = "sha256~"  # noqa: S105 - the mark in front of every such token, no token
OTHER_WAYS = "give TOKEN (console, Copy login command) or KUBECONFIG instead"
Reach = Callable[[str], Transport]  # from a URL's origin to the way there, which may lead through a proxy


def token_for(api: str, user: str, password: Secret, reach: Reach) -> Secret:
    """Return a fresh token; LoginError says which step failed and what to do."""
    server = _discover(api, reach)
    verifier = secrets.token_urlsafe(48)
    redirect = f"{str(server['issuer']).rstrip('/')}/oauth/token/implicit"
    question = {"client_id": CLIENT, "response_type": "code", "redirect_uri": redirect}
    if "S256" in server.get("code_challenge_methods_supported", ()):
        digest = hashlib.sha256(verifier.encode()).digest()
        question |= {"code_challenge": _unpadded(digest), "code_challenge_method": "S256"}
    code = _authorize(server["authorization_endpoint"], question, user, password, reach)
    return _redeem(server["token_endpoint"], code, redirect, verifier, reach)


def token_name(token: Secret) -> str:
    """Return the name under which the API server keeps a token.

    >>> token_name(Secret("sha256~abc"))
    'sha256~ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'
    """
    return TOKEN_PREFIX + _unpadded(hashlib.sha256(token.reveal().removeprefix(TOKEN_PREFIX).encode()).digest())


def _discover(api: str, reach: Reach) -> dict[str, Any]:
    try:
        answer = reach(api).send("GET", "/.well-known/oauth-authorization-server", read_seconds=20)
        found = checked(answer, "GET /.well-known/oauth-authorization-server")
    except Unreachable as error:
        raise LoginError(f"CLUSTER: {error}") from error
    except ApiError as error:
        if error.status in {403, 404}:
            raise LoginError(
                f"{api} has no OAuth server of OpenShift: it uses an external identity provider, or is no OpenShift; "
                f"{OTHER_WAYS}"
            ) from error
        raise LoginError(f"{api} does not tell where to sign in yet ({error}); is it still starting?") from error
    except ClusterError as error:
        raise LoginError(f"{api} answers, but not like an API server; is CLUSTER right?") from error
    if not isinstance(found, dict) or not {"authorization_endpoint", "token_endpoint", "issuer"} <= found.keys():
        raise LoginError(f"{api} does not tell where to sign in; {OTHER_WAYS}")
    return found


def _authorize(endpoint: str, question: dict[str, str], user: str, password: Secret, reach: Reach) -> str:
    """Return the code that stands for a right password."""
    # without this header the server answers with its login page instead of a challenge
    headers = {"X-CSRF-Token": "1", "Authorization": _basic(user, password.reveal())}
    answer = _exchange(endpoint, "GET", reach, query=question, headers=headers)
    if answer.status == 401:
        if "basic" in answer.headers.get("WWW-Authenticate", "").lower():
            raise LoginError(f"USER {user!r} or PASSWORD is wrong; check both in creds.env")
        raise LoginError(f"USER {user!r}: no identity provider of this cluster takes a password; {OTHER_WAYS}")
    if answer.status not in {302, 303}:
        raise LoginError(f"the OAuth server refuses to sign in {user!r} (HTTP {answer.status}); is it healthy?")
    found = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    if "error" in found:
        said = (found.get("error_description") or found["error"])[0]
        raise LoginError(f"the OAuth server does not sign in {user!r}: {said}")
    if "code" not in found:
        raise LoginError(f"USER {user!r} can only sign in through a web page; {OTHER_WAYS}")
    return found["code"][0]


def _redeem(endpoint: str, code: str, redirect: str, verifier: str, reach: Reach) -> Secret:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": _basic(CLIENT, ""),
    }
    answer = _exchange(endpoint, "POST", reach, body=urlencode(form), headers=headers)
    try:
        found = json.loads(answer.data)
        token = found["access_token"]
    except (ValueError, LookupError, TypeError):
        raise LoginError(f"the OAuth server gives no token for its own code (HTTP {answer.status})") from None
    return Secret(str(token))


def _exchange(url: str, method: str, reach: Reach, **request: Any) -> urllib3.BaseHTTPResponse:
    parts = urlsplit(url)
    transport = reach(f"{parts.scheme}://{parts.netloc}")
    try:
        return transport.send(method, parts.path, read_seconds=30, **request)
    except ClusterError as error:
        raise LoginError(
            f"the OAuth server cannot be used: {error}; where the apps domain has its own CA, CA_FILE needs that too"
            if "not trusted" in str(error)
            else f"the OAuth server cannot be used: {error}"
        ) from error


def _basic(user: str, password: str) -> str:
    """Return the header for user and password in UTF-8, as the server reads it (urllib3 would write Latin-1)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
