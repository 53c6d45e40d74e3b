"""The rehearsal's own small asynchronous API client: path based, plain dicts, list-then-watch."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Literal

import aiohttp
import yaml

Obj = dict[str, Any]
PatchKind = Literal["merge", "strategic", "json", "apply"]

_CONTENT_TYPES: Mapping[str, str] = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}
WATCH_SECONDS = 300  # the server ends a watch after this; the client lists again


class ApiError(Exception):
    """The API server answered with a failure status."""

    def __init__(self, code: int, message: str, reason: str = "") -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code, self.message, self.reason = code, message, reason


class Api:
    """A connection to one API server as one identity; use as `async with Api.from_kubeconfig(path) as api`."""

    def __init__(self, server: str, tls: ssl.SSLContext, token_file: Path | None = None) -> None:
        self.server, self._tls, self._token_file = server, tls, token_file
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def from_kubeconfig(cls, path: Path) -> Api:
        """A client with the current context of a kubeconfig that holds certificates as data."""
        config = yaml.safe_load(path.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        if "client-certificate-data" in user:
            # ssl loads client certificates from files only
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
                for key in ("client-certificate-data", "client-key-data"):
                    pem.write(base64.b64decode(user[key]).decode())
                pem.flush()
                tls.load_cert_chain(pem.name)
        return cls(cluster["server"], tls)

    @classmethod
    def in_cluster(cls) -> Api:
        """A client with the ServiceAccount of the pod this process runs in."""
        folder = Path("/var/run/secrets/kubernetes.io/serviceaccount")
        tls = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        return cls("https://kubernetes.default.svc", tls, folder / "token")

    async def __aenter__(self) -> Api:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=64)
        self._session = aiohttp.ClientSession(self.server, connector=connector, trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> Obj:
        """One request; ApiError has the server's own message, or says why there is no answer (503)."""
        headers = dict(options.pop("headers", {})) | self._authorization()
        data = None
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            data = json.dumps(body)
        timeout = aiohttp.ClientTimeout(total=options.pop("timeout", 60))
        assert self._session is not None, "use `async with`"
        sent = self._session.request(method, path, data=data, headers=headers, timeout=timeout, params=_params(options))
        try:
            async with sent as answer:
                raw = await answer.read()
        except TimeoutError as error:
            raise ApiError(504, f"{method} {path}: no answer within {timeout.total:g} s", "Timeout") from error
        except aiohttp.ClientError as error:
            # callers that try again after a refusal do so after a lost connection too
            raise ApiError(503, f"{method} {path}: {error!r}", "ServiceUnavailable") from error
        if answer.status >= 300:
            raise _error(answer.status, raw)
        return json.loads(raw) if raw else {}

    async def get(self, path: str) -> Obj:
        return await self.request("GET", path)

    async def find(self, path: str) -> Obj | None:
        """The object, or None where there is none."""
        try:
            return await self.get(path)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    async def list(self, path: str, **params: str) -> list[Obj]:
        """Items of a collection, each with apiVersion and kind filled in."""
        return _items(await self.request("GET", path, **params))

    async def create(self, path: str, obj: Obj) -> Obj:
        return await self.request("POST", path, obj)

    async def replace(self, path: str, obj: Obj) -> Obj:
        return await self.request("PUT", path, obj)

    async def patch(self, path: str, body: Any, kind: PatchKind = "merge", **params: str) -> Obj:
        return await self.request("PATCH", path, body, headers={"Content-Type": _CONTENT_TYPES[kind]}, **params)

    async def apply(self, path: str, obj: Obj, manager: str) -> Obj:
        """Server-side apply by force: for objects that the rehearsal itself owns."""
        return await self.patch(path, obj, "apply", fieldManager=manager, force="true")

    async def delete(self, path: str, **params: str) -> Obj:
        return await self.request("DELETE", path, **params)

    async def watch(self, path: str, **params: str) -> AsyncIterator[tuple[str, Obj]]:
        """Endless events: first ("SYNC", {"items": [...]}) with the full list, then ADDED, MODIFIED and DELETED.

        After a lost connection or 410 a new SYNC follows, so a consumer that starts over at SYNC is always right.
        """
        while True:
            try:
                answer = await self.request("GET", path, **params)
                yield "SYNC", {"items": _items(answer)}
                async for event in self._stream(path, answer["metadata"]["resourceVersion"], params):
                    yield event
            except (ApiError, aiohttp.ClientError, TimeoutError, OSError):
                await asyncio.sleep(0.5)  # the API server is away or slow: try again, for ever, gently

    async def _stream(self, path: str, version: str, params: Mapping[str, str]) -> AsyncIterator[tuple[str, Obj]]:
        query = {**params, "watch": "1", "resourceVersion": version, "timeoutSeconds": str(WATCH_SECONDS)}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=WATCH_SECONDS + 30)
        assert self._session is not None, "use `async with`"
        async with self._session.get(path, params=query, headers=self._authorization(), timeout=timeout) as answer:
            if answer.status >= 300:
                raise _error(answer.status, await answer.read())
            buffer = b""
            async for chunk in answer.content.iter_any():  # lines can be larger than aiohttp's line limit
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise ApiError(event["object"].get("code", 500), event["object"].get("message", ""))
                    yield event["type"], event["object"]

    def _authorization(self) -> dict[str, str]:
        if self._token_file is None:
            return {}
        return {"Authorization": f"Bearer {self._token_file.read_text()}"}


def _params(options: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in options.items()}


def _items(answer: Obj) -> list[Obj]:
    kind = answer.get("kind", "List").removesuffix("List")
    return [{"apiVersion": answer.get("apiVersion"), "kind": kind, **item} for item in answer.get("items") or []]


def _error(code: int, raw: bytes) -> ApiError:
    try:
        status = json.loads(raw)
        return ApiError(code, status.get("message", ""), status.get("reason", ""))
    except (ValueError, AttributeError):
        return ApiError(code, raw.decode(errors="replace")[:500])
