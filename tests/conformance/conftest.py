"""The servers under test: ours always, the real Triton where its wheel runs. Each test runs against each of them."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from rehearsal.images.v2server import messages
from rehearsal.toolchain.environments import environment
from rehearsal.toolchain.errors import EnvironmentUnsupported

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "rehearsal" / "images"
START_SECONDS, STOP_SECONDS = 60, 30
TYPES = messages.build()
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy of the environment leads to loopback


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Server:
    """A running server over one repository."""

    kind: str
    repository: Path
    process: subprocess.Popen[bytes]
    log: Path
    ports: dict[str, int]
    seconds_to_ready: float = 0.0
    channels: list[grpc.Channel] = field(default_factory=list)

    def http(self, method: str, path: str, body: Any = None, port: str = "http", **headers: str) -> Reply:
        """One request; a body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[port]}{path}", data, method=method)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with DIRECT.open(request, timeout=30) as answer:
                return Reply(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
        except urllib.error.HTTPError as answer:
            with answer:
                return Reply(answer.code, {k.lower(): v for k, v in answer.headers.items()}, answer.read())

    def infer(self, inputs: list[dict[str, Any]], model: str = "fraud", **more: Any) -> Reply:
        return self.http("POST", f"/v2/models/{model}/infer", {"inputs": inputs, **more})

    def call(self, call: str, /, **fields: Any) -> Any:
        """One gRPC call."""
        if not self.channels:
            direct = [("grpc.enable_http_proxy", 0)]
            self.channels.append(grpc.insecure_channel(f"127.0.0.1:{self.ports['grpc']}", direct))
        method = self.channels[0].unary_unary(
            f"/{messages.SERVICE}/{call}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=TYPES[f"{call}Response"].FromString,
        )
        return method(TYPES[f"{call}Request"](**fields), timeout=30)


def command(kind: str) -> tuple[list[str], dict[str, str]]:
    """Program and environment of a server, as its image has them; nothing of ours is inherited."""
    python = os.environ.get(f"CONFORMANCE_{kind.upper()}_PYTHON") or str(environment(kind) / "bin" / "python")
    base = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    if kind == "v2server":
        return [python, "-m", "v2server"], base | {"PYTHONPATH": str(IMAGES)}
    return [python, str(IMAGES / "triton" / "launch.py")], base


def start(kind: str, repository: Path, scratch: Path, *arguments: str) -> Server:
    """A server that was started and has not yet been waited for."""
    sockets = [socket.socket() for _ in range(3)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = dict(zip(("http", "grpc", "metrics"), (one.getsockname()[1] for one in sockets), strict=True))
    for one in sockets:
        one.close()
    words, variables = command(kind)
    words += [f"--model-store={repository}", "--allow-http=true", "--allow-grpc=true", "--log-verbose=0", *arguments]
    words += [f"--{name}-port={port}" for name, port in ports.items()]
    words += [f"--{name}-address=127.0.0.1" for name in ports]
    log = scratch / f"{kind}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, cwd="/", env=variables | {"TMPDIR": str(scratch)}, stdout=output, stderr=subprocess.STDOUT
        )
    return Server(kind, repository, process, log, ports)


def wait_until_ready(server: Server) -> None:
    begin = time.monotonic()
    while time.monotonic() - begin < START_SECONDS:
        assert server.process.poll() is None, server.log.read_text(errors="replace")
        try:
            if server.http("GET", "/v2/health/live").status == 200:
                server.seconds_to_ready = time.monotonic() - begin
                return
        except OSError:
            pass
        time.sleep(0.02)
    pytest.fail(f"{server.kind} was not live within {START_SECONDS} s:\n{server.log.read_text(errors='replace')}")


def stop(server: Server) -> float:
    """How long the server took to end by SIGTERM."""
    begin = time.monotonic()
    for channel in server.channels:
        channel.close()
    server.process.terminate()
    try:
        server.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
        raise
    return time.monotonic() - begin


@contextmanager
def running(kind: str, repository: Path, scratch: Path, *arguments: str) -> Iterator[Server]:
    """A live server, which ends with the block, also where it never gets live."""
    made = start(kind, repository, scratch, *arguments)
    try:
        wait_until_ready(made)
        yield made
    finally:
        stop(made)


@pytest.fixture(scope="package", params=["v2server", "triton"])
def kind(request: pytest.FixtureRequest) -> str:
    """The name of a server that runs on this machine."""
    name = str(request.param)
    try:
        command(name)
    except EnvironmentUnsupported as error:
        if name == "v2server":
            raise
        pytest.skip(f"NOT TESTED AGAINST THE REAL TRITON: {error}")
    return name


@pytest.fixture(scope="package")
def server(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose models are loaded by request, with all of the repository loaded at first."""
    scratch = tmp_path_factory.mktemp(kind)
    arguments = ("--model-control-mode=explicit", "--load-model=*")
    with running(kind, fill(scratch / "models"), scratch, *arguments) as made:
        yield made


@pytest.fixture(scope="package")
def bare_server(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with default settings over a repository whose only model file lies flat in its root."""
    scratch = tmp_path_factory.mktemp(f"{kind}-bare")
    repository = scratch / "models"
    repository.mkdir()
    (repository / "model.onnx").write_bytes((ROOT / "model" / "fraud" / "1" / "model.onnx").read_bytes())
    with running(kind, repository, scratch) as made:
        yield made


def fill(repository: Path) -> Path:
    """Models with and without configuration, with several versions, and with every type of tensor."""
    for name in ("fraud", "fraud-v2"):
        put(repository, name, 1, ROOT / "model" / name / "1" / "model.onnx")
        (repository / name / "config.pbtxt").write_text((ROOT / "model" / name / "config.pbtxt").read_text())
    put(repository, "no-config", 1, ROOT / "model" / "fraud" / "1" / "model.onnx")
    put(repository, "two-versions", 1, ROOT / "model" / "fraud" / "1" / "model.onnx")
    put(repository, "two-versions", 2, ROOT / "model" / "fraud-v2" / "1" / "model.onnx")
    put(repository, "all-versions", 1, ROOT / "model" / "fraud" / "1" / "model.onnx")
    put(repository, "all-versions", 10, ROOT / "model" / "fraud-v2" / "1" / "model.onnx")
    (repository / "all-versions" / "config.pbtxt").write_text('backend: "onnxruntime"\nversion_policy { all {} }\n')
    put(repository, "echo", 1, None)
    return repository


def put(repository: Path, name: str, version: int, source: Path | None) -> None:
    file = repository / name / str(version) / "model.onnx"
    file.parent.mkdir(parents=True)
    file.write_bytes(source.read_bytes() if source else echo())


def echo() -> bytes:
    """A model that answers what it was asked: one tensor each of text, whole number, truth and double."""
    onnx = pytest.importorskip("onnx", reason="the extra `train` is not installed")
    kinds = {"text": onnx.TensorProto.STRING, "whole": onnx.TensorProto.INT64, "truth": onnx.TensorProto.BOOL,
             "double": onnx.TensorProto.DOUBLE, "small": onnx.TensorProto.INT8}  # fmt: skip
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", [name], [f"{name}_out"]) for name in kinds],
        "echo",
        [onnx.helper.make_tensor_value_info(name, kind, ["N"]) for name, kind in kinds.items()],
        [onnx.helper.make_tensor_value_info(f"{name}_out", kind, ["N"]) for name, kind in kinds.items()],
    )
    model = onnx.helper.make_model(graph, ir_version=7, opset_imports=[onnx.helper.make_opsetid("", 13)])
    return bytes(model.SerializeToString())


@pytest.fixture
def serve() -> Iterator[Any]:
    """Starts servers of the test's own, which end with it."""
    with ExitStack() as started:  # stops all of them, and raises what went wrong after that

        def begin(kind: str, repository: Path, scratch: Path, *arguments: str, wait: bool = False) -> Server:
            server = start(kind, repository, scratch, *arguments)
            started.callback(stop, server)
            if wait:
                wait_until_ready(server)
            return server

        yield begin
