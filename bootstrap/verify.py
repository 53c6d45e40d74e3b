"""The proof: every known answer, asked through the public endpoint, equals the number that came with the model."""

from __future__ import annotations

import json
import statistics
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import urllib3

from bootstrap import bucket, grpc_v2
from bootstrap.connection import connection_keys
from bootstrap.errors import DemoError, VerifyError
from bootstrap.forward import forwarded, ready_pod
from bootstrap.outside import route_url
from bootstrap.stages import MODEL, PREFIXES, Visit

ANSWERS = {"fraud": MODEL / "known_answers.json", "fraud-v2": MODEL / "known_answers_v2.json"}
TOLERANCE = 1e-6  # other hardware may round another way; on loopback it is the rehearsal, where nothing may differ
SETTLE = 15.0  # a router or a mesh may need a moment after everything is ready
GRPC = {
    "raw": ("serving.kserve.io/inferenceservice={name}", 9000),
    "modelmesh": ("name=modelmesh-serving-triton", 8033),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What one model answered."""

    model: str
    url: str
    asked: int
    largest_difference: float
    milliseconds: list[float] = field(default_factory=list)
    example: float = 0.0

    @property
    def latency(self) -> float:
        """Return the median answer time in milliseconds."""
        return statistics.median(self.milliseconds)

    def to_json(self) -> dict[str, Any]:
        """Return this as plain data."""
        return {
            "model": self.model,
            "url": self.url,
            "known_answers": self.asked,
            "largest_difference": self.largest_difference,
            "median_milliseconds": round(self.latency, 2),
            "example": self.example,
        }

    def __str__(self) -> str:
        shown = "exactly" if self.largest_difference == 0 else f"within {self.largest_difference:.1e}"
        return f"{self.model}: {self.asked} known answers {shown}, REST and gRPC, {self.latency:.1f} ms at the median"


def float32(value: float) -> float:
    """Return a number as float32 keeps it."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def known(name: str) -> dict[str, Any]:
    """Return the known answers of a model."""
    path = ANSWERS[name]
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError) as problem:
        raise DemoError(f"{path.name}: {problem}; `make train` writes it") from problem


def endpoint(here: Visit, name: str) -> str:
    """Return the URL at which a model answers, by its Route."""
    parts = urlsplit(route_url(here.client, here.settings.namespace, name))
    return f"{parts.scheme}://{parts.netloc}/v2/models/{name}/infer"


def verify(here: Visit) -> list[Proof]:
    """Ask every model every known answer; VerifyError names row, expected, got and the likely cause."""
    return [prove(here, name) for name in here.services]


def prove(here: Visit, name: str) -> Proof:
    """Ask one model over REST, and once over gRPC."""
    expected, url = known(name), endpoint(here, name)
    exact = urlsplit(here.session.server).hostname in ("127.0.0.1", "localhost", "::1")
    tolerance = 0.0 if exact else TOLERANCE
    pool, differences, times = here.outside.pool(url), [0.0], []
    settle(pool, url, expected["answers"][0])
    for answer in expected["answers"]:
        began = time.perf_counter()
        outputs = infer(pool, url, answer["inputs"])
        if len(answer["inputs"][0]["data"]) == answer["inputs"][0]["shape"][-1]:
            times.append((time.perf_counter() - began) * 1000)
        differences.append(compare(here, name, answer, outputs, tolerance, "REST"))
    first = expected["answers"][0]
    selector, port = GRPC[here.era]
    pod = ready_pod(here.client, here.settings.namespace, selector.format(name=name))
    with forwarded(here.outside, here.session.kubeconfig, pod, port) as local:
        outputs = grpc_v2.infer(local, name, first["inputs"])
    differences.append(compare(here, name, first, outputs, tolerance, "gRPC"))
    example = float32(first["outputs"][0]["data"][0])
    return Proof(name, url, len(expected["answers"]), max(differences), times, example)


def settle(pool: urllib3.PoolManager, url: str, answer: Mapping[str, Any]) -> None:
    """Return at the first answer, or after a while, so that the real question reports what is wrong."""
    end = time.monotonic() + SETTLE
    while time.monotonic() < end:
        try:
            infer(pool, url, answer["inputs"])
        except VerifyError:
            time.sleep(0.1)
        else:
            return


def infer(pool: urllib3.PoolManager, url: str, inputs: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Return the outputs by name that the endpoint answers."""
    body = json.dumps({"inputs": list(inputs)})
    try:
        answer = pool.request("POST", url, body=body, headers={"Content-Type": "application/json"})
    except urllib3.exceptions.HTTPError as problem:
        raise VerifyError(
            f"{url} cannot be reached from here: {problem}; check proxy (HTTPS_PROXY) and CA_FILE"
        ) from problem
    if answer.status != 200:
        raise VerifyError(f"{url} answers {answer.status}: {text(answer.data)}; {meaning(answer.status)}")
    try:
        outputs = json.loads(answer.data)["outputs"]
        return {one["name"]: [float(value) for value in one["data"]] for one in outputs}
    except (ValueError, KeyError, TypeError) as problem:
        raise VerifyError(f"{url} answers 200 with something that is no V2 answer: {text(answer.data)}") from problem


def text(data: bytes, limit: int = 200) -> str:
    """Return the beginning of an answer on one line."""
    return " ".join(data.decode(errors="replace").split())[:limit] or "nothing"


def meaning(status: int) -> str:
    """Return what a status of the endpoint usually means here."""
    if status in (400, 404):
        return "the server runs but has no such model: wrong path in the bucket, or the model failed to load"
    if status in (502, 503, 504):
        return "the router has no ready pod behind this Route; `make status` says why"
    return "`make status` shows the state of the model server"


def compare(
    here: Visit, name: str, answer: Mapping[str, Any], got: Mapping[str, list[float]], tolerance: float, way: str
) -> float:
    """Return the largest difference of one answer; more than the tolerance is an error that names the row."""
    largest = 0.0
    for output in answer["outputs"]:
        expected = [float32(value) for value in output["data"]]
        values = [float32(value) for value in got.get(output["name"], [])]
        if len(values) != len(expected):
            raise VerifyError(
                f"{name}, row '{answer['name']}' over {way}: expected {len(expected)} values of {output['name']}, "
                f"got {len(values)}; {cause(here, name)}"
            )
        for row, (want, value) in enumerate(zip(expected, values, strict=True)):
            difference = abs(want - value)
            if not difference <= tolerance:
                raise VerifyError(
                    f"{name}, row '{answer['name']}'[{row}] over {way}: expected {want!r}, got {value!r}; "
                    f"{cause(here, name)}"
                )
            largest = max(largest, difference)
    return largest


def cause(here: Visit, name: str) -> str:
    """Return the likely cause of a wrong answer, by what lies in the bucket."""
    try:
        namespace = here.settings.namespace
        keys, where = connection_keys(here.client, namespace)
        with bucket.endpoint(here.client, here.outside, here.session.kubeconfig, namespace) as place:
            stored = bucket.stored_digest(place.reader(keys), where, f"{PREFIXES[name]}/1/model.onnx")
    except Exception as problem:
        return f"the bucket could not be asked for the cause: {problem}"
    if stored is None:
        return f"the bucket {where} has no {PREFIXES[name]}/1/model.onnx: wrong path; `make model` brings it"
    if stored != known(name)["sha256"]:
        return f"the bucket holds another model (sha256 {stored[:12]}); `make model` brings ours back"
    return "the bucket holds the right model, so the server still serves an older one: delete its pod, or `make reset`"
