"""One HTTP exchange with an API server over urllib3, its failures as our errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from bootstrap.errors import ApiError, ClusterError, Conflict, Forbidden, Gone, NotFound, Unauthorized, Unreachable

CONNECT_SECONDS = 10.0
TYPED: dict[int, type[ApiError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 410: Gone}


@dataclass(frozen=True, slots=True)
class Transport:
    """Where requests go and what goes with every one of them."""

    server: str
    pool: urllib3.PoolManager
    headers: Callable[[], Mapping[str, str]]  # asked each time: exec plugins renew their tokens
    proxy: str | None = None

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        read_seconds: float = 60.0,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """Return the answer, whatever its status; Unreachable where there is none."""
        url = self.server + path + ("?" + urlencode(query) if query else "")
        connect = min(CONNECT_SECONDS, read_seconds)
        try:
            return self.pool.request(
                method,
                url,
                body=body if body is None or isinstance(body, str) else json.dumps(body),
                headers={
                    "Accept": "application/json",
                    "User-Agent": "serving-demo",
                    **self.headers(),
                    **(headers or {}),
                },
                timeout=urllib3.Timeout(connect=connect, read=read_seconds),
                retries=False,
                preload_content=not stream,
                redirect=False,
            )
        except (HTTPError, OSError) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> Unreachable:
        """Return what went wrong on the way, told by its cause."""
        cause = error.original_error if isinstance(error, ProxyError) else error
        if isinstance(cause, SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            text = (
                f"the certificate of {self.server} is not trusted ({_tls_reason(cause)}); set CA_FILE to its CA "
                "(who runs the cluster has it; `openssl s_client -showcerts` shows it), or give a KUBECONFIG with it"
            )
            return Unreachable(text, transient=False)
        if isinstance(error, ProxyError):
            return Unreachable(f"the proxy {without_credentials(self.proxy)} does not lead to {self.server} ({cause})")
        if isinstance(error, NewConnectionError | ConnectTimeoutError):
            why = "timed out" if isinstance(error, ConnectTimeoutError) else str(error).rpartition(": ")[2]
            return Unreachable(f"cannot reach {self.server} ({why}); is the address right and the cluster up?")
        return Unreachable(f"{self.server} broke off the connection ({error})", sent=True)


def _tls_reason(error: object) -> str:
    text = str(error)
    for words in (
        "self-signed certificate",
        "unable to get local issuer",
        "Hostname mismatch",
        "expired",
        "IP address",
    ):
        if words.lower() in text.lower():
            return words.lower()
    return text.rpartition("] ")[2].split(" (_ssl")[0]


def without_credentials(proxy: str | None) -> str:
    """Return a proxy's URL without the credentials that may stand in it."""
    return urllib3.util.parse_url(proxy)._replace(auth=None).url if proxy else ""


def checked(answer: urllib3.BaseHTTPResponse, what: str) -> Any:
    """Return the decoded body of a good answer; else raise the error with the server's own words."""
    if answer.status < 300:
        try:
            return json.loads(answer.data) if answer.data else None
        except ValueError as error:
            raise ClusterError(
                f"{what}: the answer is no JSON; is the address that of an API server, and no sign-in page before it?"
            ) from error
    raise failure(answer.status, answer.data, what, answer.headers.get("Retry-After"))


def failure(status: int, data: bytes, what: str, retry_after: str | None = None) -> ApiError:
    """Return the typed error for an answer; a Kubernetes Status gives message, reason and causes."""
    try:
        body = json.loads(data)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    details = body.get("details") or {}
    pause = retry_after if retry_after and retry_after.isdigit() else details.get("retryAfterSeconds")
    text = data.decode(errors="replace").strip().splitlines()
    message = body.get("message") or f"{what}: HTTP {status} {text[0][:200] if text else ''}".rstrip()
    if status == 401:
        message = "the cluster does not accept these credentials (wrong, expired or revoked); sign in again"
    elif status in (429, 503) and body.get("message"):
        message = f"{what}: HTTP {status}: {message}"  # "please try again later" says neither what nor who
    kind = TYPED.get(status, ApiError)
    error = kind(message, status=status, reason=body.get("reason") or "", retry_after=float(pause) if pause else None)
    error.causes = tuple(details.get("causes") or ())
    return error
