"""`python -m v2server <Triton's arguments>`: serves until SIGTERM or SIGINT."""

import asyncio
import logging
import signal
import sys
import time
from typing import Any

from aiohttp import web

from . import arguments, grpc_service, rest
from .arguments import Options
from .errors import V2Error
from .repository import Repository
from .serving import State

log = logging.getLogger("v2server")
START = time.monotonic()


def main() -> int:
    """The exit code: 0 stopped when told to, 1 could not serve."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname).1s %(asctime)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    words = sys.argv[1:]
    if "--help" in words:
        print("usage: tritonserver [options] (the options of Triton Inference Server; V2 server in its place)")
        return 0
    try:
        options = arguments.parse(words)
        repository = _load(options)
        return asyncio.run(_serve(options, repository))
    except arguments.UsageError as error:
        log.error("%s", error)
    except (V2Error, OSError) as error:
        log.error("error: creating server: Internal - %s", error)
    return 1


def _load(options: Options) -> Repository:
    """The repository with the models that the options name; a model that fails ends the start, unless told not to."""
    if options.ignored:
        log.info("ignored here, meant for other parts of Triton: %s", " ".join(options.ignored))
    repository = Repository(options.repositories, options.auto_complete, options.control_mode == "explicit")
    names = repository.names()
    if repository.explicit and "*" not in options.load_models:
        names = options.load_models
    failed = 0
    for name in names:
        try:
            repository.load(name)
        except V2Error:
            failed += 1
    if failed and options.exit_on_error:
        raise V2Error(f"failed to load {failed} of {len(names)} models")
    return repository


async def _serve(options: Options, repository: Repository) -> int:
    """Zero, after all ports were open and a signal closed them."""
    state, stop = State(repository, options.strict_readiness), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runners: list[web.AppRunner] = []
    grpc_server: Any = None
    try:
        if options.allow_grpc:
            grpc_server = grpc_service.server(state, f"{options.grpc_address}:{options.grpc_port}")
            await grpc_server.start()
            log.info("Started GRPCInferenceService at %s:%d", options.grpc_address, options.grpc_port)
        if options.allow_metrics:
            address = options.metrics_address or options.http_address
            runners.append(await _open(rest.metrics_application(state), address, options.metrics_port, options))
        if options.allow_http:
            runners.append(await _open(rest.application(state), options.http_address, options.http_port, options))
        log.info("ready after %.2f s, serving %d models", time.monotonic() - START, len(repository.served()))
        poll = asyncio.create_task(_poll(options, repository)) if options.control_mode == "poll" else None
        await stop.wait()
        if poll:
            poll.cancel()
    finally:
        state.stopping = True
        log.info("stopping")
        closing = [runner.cleanup() for runner in runners]
        await asyncio.gather(*closing, *([grpc_server.stop(options.exit_timeout)] if grpc_server else []))
    return 0


async def _open(app: web.Application, address: str, port: int, options: Options) -> web.AppRunner:
    runner = web.AppRunner(app, shutdown_timeout=options.exit_timeout, handle_signals=False, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port).start()
    log.info("Started HTTP at %s:%d", address, port)
    return runner


async def _poll(options: Options, repository: Repository) -> None:
    """Never; the repository follows its folders."""
    while True:
        await asyncio.sleep(options.poll_seconds)
        try:
            await asyncio.to_thread(repository.refresh)
        except (V2Error, OSError) as error:
            log.error("failed to poll the model repository: %s", error)


if __name__ == "__main__":
    sys.exit(main())
