"""The sidecar of a runtime pod: pulls models and has Triton load them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from minio import Minio
from minio.error import MinioException

from rehearsal.operators.modelmesh.front import REST, TRITON, rest, serve_grpc
from rehearsal.operators.modelmesh.layout import adapt, targets

Obj = dict[str, Any]
STORAGE = Path("/storage-config")
REPOSITORY = Path("/models/_triton_models")
CONTROL = 8085
READY_SECONDS = 60  # for Triton to start
FAILED = "rpc error: code = Unknown desc = Failed to pull model from storage due to error: {}"


class PullFailed(Exception):
    """A model could not be fetched or loaded; the text is what the InferenceService's status shows."""


class Puller:
    """The models of one runtime pod, by the names of their InferenceServices."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.models: dict[str, str] = {}  # InferenceService -> id of the model that Triton has loaded for it
        self.failed: dict[str, str] = {}  # id -> why

    async def load(self, wanted: Obj) -> Obj:
        """The model is loaded, or the answer says why not; asked again, a loaded one stays as it is."""
        name, model = wanted["name"], wanted["id"]
        if self.models.get(name) == model and await self._answers(model):
            return {"state": "Loaded"}
        try:
            await asyncio.to_thread(pull, wanted)
            await self._triton(f"repository/models/{model}/load")
        except (PullFailed, aiohttp.ClientError, OSError, IndexError) as error:
            self.failed[model] = str(error)
            return {"state": "FailedToLoad", "message": str(error)}
        before = self.models.get(name)
        self.models[name] = model
        if before and before != model:
            await self._drop(before)
        return {"state": "Loaded"}

    async def _answers(self, model: str) -> bool:
        """Whether Triton still has the model: after a restart of its container it has none."""
        async with self.session.get(f"{TRITON}/v2/models/{model}/ready") as answer:
            return answer.status == 200

    async def unload(self, name: str) -> None:
        """The InferenceService is served no longer."""
        if model := self.models.pop(name, None):
            await self._drop(model)

    async def _drop(self, model: str) -> None:
        with contextlib.suppress(PullFailed, aiohttp.ClientError):
            await self._triton(f"repository/models/{model}/unload")
        shutil.rmtree(REPOSITORY / model, ignore_errors=True)

    async def _triton(self, path: str) -> None:
        async with self.session.post(f"{TRITON}/v2/{path}", json={}) as answer:
            if answer.status != 200:
                text = await answer.text()
                raise PullFailed(f"rpc error: code = Internal desc = {_message(text)}")

    async def wait(self) -> None:
        """Triton answers."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with self.session.get(f"{TRITON}/v2/health/live") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.2)


def pull(wanted: Obj) -> None:
    """The model's objects lie in Triton's repository."""
    file = STORAGE / wanted["key"]
    if not file.is_file():
        raise PullFailed(FAILED.format(f"storage secret key '{wanted['key']}' not found"))
    config = json.loads(file.read_text())
    if config.get("type") != "s3":
        raise PullFailed(FAILED.format(f"unsupported storage type '{config.get('type', '')}'"))
    bucket = wanted.get("bucket") or config.get("bucket") or config.get("default_bucket")
    with tempfile.TemporaryDirectory() as scratch:
        found = download(config, bucket, wanted["path"], Path(scratch))
        single = list(found) == [wanted["path"]]
        adapt(Path(scratch), REPOSITORY, wanted["id"], wanted["format"], single)


def download(config: Obj, bucket: str, path: str, folder: Path) -> dict[str, str]:
    """What begins with the path lies in the folder; object to file."""
    url = urlsplit(config["endpoint_url"])
    client = Minio(
        url.netloc,
        access_key=config["access_key_id"],
        secret_key=config["secret_access_key"],
        region=config.get("region") or None,
        secure=url.scheme == "https",
    )
    try:
        keys = [str(item.object_name) for item in client.list_objects(bucket, prefix=path, recursive=True)]
    except (MinioException, OSError) as error:
        raise PullFailed(FAILED.format(f"unable to list objects in bucket '{bucket}': {_reason(error)}")) from error
    found = targets(keys, path)
    if not found:
        raise PullFailed(FAILED.format(f"no objects found for path '{path}' in bucket '{bucket}'"))
    try:
        for key, name in found.items():
            client.fget_object(bucket, key, str(folder / name))
    except (MinioException, OSError) as error:
        raise PullFailed(FAILED.format(f"unable to download objects in bucket '{bucket}': {_reason(error)}")) from error
    return found


def _reason(error: Exception) -> str:
    """Code and message of an S3 answer, without the request's headers that the library adds."""
    code, message = getattr(error, "code", ""), getattr(error, "message", "")
    return f"{code}: {message}" if code else str(error).partition("headers:")[0].strip()


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text.strip()


def control(puller: Puller) -> web.Application:
    """What the controller asks of this pod."""

    async def load(request: web.Request) -> web.Response:
        return web.json_response(await puller.load(await request.json()))

    async def unload(request: web.Request) -> web.Response:
        await puller.unload(request.match_info["name"])
        return web.json_response({})

    async def ready(_: web.Request) -> web.Response:
        return web.json_response({"models": puller.models})

    app = web.Application()
    app.router.add_post("/models", load)
    app.router.add_delete("/models/{name}", unload)
    app.router.add_get("/ready", ready)
    return app


async def main() -> None:
    """Serve until stopped; ready once Triton is."""
    REPOSITORY.mkdir(parents=True, exist_ok=True)
    async with aiohttp.ClientSession(trust_env=False) as session:
        puller = Puller(session)
        await puller.wait()
        runners = []
        for app, port in ((control(puller), CONTROL), (rest(puller.models, session), REST)):
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, port=port, shutdown_timeout=1).start()
            runners.append(runner)
        server = await serve_grpc(puller.models)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await server.stop(1)
        for runner in runners:
            await runner.cleanup()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # until the loop has its own handler
    asyncio.run(main())
    sys.exit(0)
