"""The proof: every known answer, asked through the public endpoint, equals the number that came with the model."""

from __future__ import annotations

import json
import statistics
import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from bootstrap import bucket, grpc_v2, own_model
from bootstrap.connection import connection_keys
from bootstrap.errors import DemoError, VerifyError
from bootstrap.forward import forwarded, ready_pod
from bootstrap.outside import route_url
from bootstrap.settings import Settings
from bootstrap.stages import MODEL, PREFIXES, Visit

ANSWERS = {"fraud": MODEL / "known_answers.json", "fraud-v2": MODEL / "known_answers_v2.json"}
Wrong = tuple[str, str, str]  # row, what was expected, what came
Tolerance = tuple[float, float]  # absolute, and beside it relative to the value
EXACT: Tolerance = (0.0, 0.0)  # on loopback it is the rehearsal, where nothing may differ
NEAR: Tolerance = (1e-6, 0.0)  # other hardware may round another way
OWN: Tolerance = (1e-6, 1e-5)  # a model of the user's was not made to be exact on every machine
FLOATS = {"FP16": "e", "FP32": "f", "FP64": "d"}
SETTLE = 30.0  # a router or a mesh may need a moment after everything is ready
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
    example: float | None = 0.0
    own: bool = False  # a model of the user's
    sha256: str = ""  # of the model in the bucket, from which the next pod is served

    @property
    def latency(self) -> float:
        """Return the median answer time in milliseconds."""
        return statistics.median(self.milliseconds or [0.0])

    def to_json(self) -> dict[str, Any]:
        """Return this as plain data."""
        return {
            "model": self.model,
            "url": self.url,
            "known_answers": self.asked,
            "largest_difference": self.largest_difference,
            "median_milliseconds": round(self.latency, 2),
            "example": self.example,
            "own_model": self.own,
            "sha256": self.sha256,
        }

    def __str__(self) -> str:
        if not self.asked:
            return (
                f"{self.model}: a model of yours is loaded, but NO ANSWER WAS COMPARED, because none is known; "
                "`make answers MODEL=<file>` computes some"
            )
        shown = "exactly" if self.largest_difference == 0 else f"within {self.largest_difference:.1e}"
        model = f"{self.model} (a model of yours)" if self.own else self.model
        return f"{model}: {self.asked} known answers {shown}, REST and gRPC, {self.latency:.1f} ms at the median"


def float32(value: float) -> float:
    """Return a number as float32 keeps it."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def known(name: str, settings: Settings) -> dict[str, Any] | None:
    """Return the known answers of a model; None for a model of the user's of which none are known."""
    if settings.model and name == own_model.SLOT:
        return own_model.known(settings, settings.model)
    path = ANSWERS[name]
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError) as problem:
        raise DemoError(
            f"{path.name}: {problem}; restore it from Git, or `.venv/bin/python -m model train --write` writes it"
        ) from problem


def endpoint(here: Visit, name: str) -> str:
    """Return the URL at which a model answers, by its Route."""
    parts = urlsplit(route_url(here.client, here.settings.namespace, name))
    return f"{parts.scheme}://{parts.netloc}/v2/models/{name}/infer"


def verify(here: Visit) -> list[Proof]:
    """Ask every model every known answer; VerifyError names row, expected, got and the likely cause."""
    return [prove(here, name) for name in here.services]


def prove(here: Visit, name: str) -> Proof:
    """Ask one model over REST, and once over gRPC."""
    expected, url = known(name, here.settings), endpoint(here, name)
    if expected is None:
        return loaded(here, name, url)
    own = bool(here.settings.model) and name == own_model.SLOT
    exact = urlsplit(here.session.server).hostname in ("127.0.0.1", "localhost", "::1")
    tolerance = OWN if own else EXACT if exact else NEAR
    pool, differences, times = here.outside.pool(url), [0.0], []
    settle(pool, url, expected["answers"], tolerance)
    for answer in expected["answers"]:
        began = time.perf_counter()
        outputs = infer(pool, url, answer["inputs"])
        if own or len(answer["inputs"][0]["data"]) == answer["inputs"][0]["shape"][-1]:
            times.append((time.perf_counter() - began) * 1000)
        differences.append(compare(here, name, answer, outputs, tolerance, "REST"))
    first = expected["answers"][0]
    selector, port = GRPC[here.era]
    pod = ready_pod(here.client, here.settings.namespace, selector.format(name=name))
    with forwarded(here.outside, here.session.kubeconfig, pod, port) as local:
        outputs = grpc_v2.infer(local, name, first["inputs"])
    differences.append(compare(here, name, first, outputs, tolerance, "gRPC"))
    example = first["outputs"][0]["data"][0]
    shown = float32(example) if isinstance(example, float) else None
    return Proof(name, url, len(expected["answers"]), max(differences), times, shown, own, stored(here, name))


def loaded(here: Visit, name: str, url: str) -> Proof:
    """Say that a model of which no answer is known is loaded, and is the one that was given."""
    ready = url.removesuffix("/infer") + "/ready"
    try:
        answer = here.outside.pool(url).request("GET", ready)
    except urllib3.exceptions.HTTPError as problem:
        raise VerifyError(
            f"{ready} cannot be reached from here: {problem}; check proxy (HTTPS_PROXY) and CA_FILE"
        ) from problem
    if answer.status != 200:
        raise VerifyError(f"{ready} answers {answer.status}: {text(answer.data)}; {meaning(answer.status)}")
    return Proof(name, url, 0, 0.0, own=True, sha256=stored(here, name))


def settle(pool: urllib3.PoolManager, url: str, answers: Sequence[Mapping[str, Any]], tolerance: Tolerance) -> None:
    """Return once every answer is right, or after a while, so that the real question reports what is wrong.

    A router goes on to send requests to the pod before for a moment, which may serve another model.
    """
    end = time.monotonic() + SETTLE
    while time.monotonic() < end:
        with suppress(VerifyError):
            if not any(difference(one, infer(pool, url, one["inputs"]), tolerance)[1] for one in answers):
                return
        time.sleep(0.1)


def infer(pool: urllib3.PoolManager, url: str, inputs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
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
        return {one["name"]: list(one["data"]) for one in outputs}
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
    here: Visit, name: str, answer: Mapping[str, Any], got: Mapping[str, list[Any]], tolerance: Tolerance, way: str
) -> float:
    """Return the largest difference of one answer; more than the tolerance is an error that names the row."""
    largest, problem = difference(answer, got, tolerance)
    if problem:
        row, want, value = problem
        raise VerifyError(
            f"{name}, row '{answer['name']}'{row} over {way}: expected {want}, got {value}; {cause(here, name)}"
        )
    return largest


def difference(
    answer: Mapping[str, Any], got: Mapping[str, list[Any]], tolerance: Tolerance
) -> tuple[float, Wrong | None]:
    """Return the largest difference, and the first that is more than the tolerance."""
    largest = 0.0
    for output in answer["outputs"]:
        form = FLOATS.get(output.get("datatype", "FP32"))
        expected = [rounded(form, value) for value in output["data"]]
        values = [rounded(form, value) for value in got.get(output["name"], [])]
        if len(values) != len(expected):
            return largest, ("", f"{len(expected)} values of {output['name']}", str(len(values)))
        for row, (want, value) in enumerate(zip(expected, values, strict=True)):
            found = abs(want - value) if form else float(want != value)
            allowed = tolerance[0] + tolerance[1] * abs(want) if form else 0.0
            if not found <= allowed:
                return largest, (f"[{row}]", repr(want), repr(value))
            largest = max(largest, found)
    return largest, None


def rounded(form: str | None, value: Any) -> Any:
    """Return a number as its datatype keeps it; anything but a number with a fraction as it is."""
    return struct.unpack(f"<{form}", struct.pack(f"<{form}", float(value)))[0] if form else value


def cause(here: Visit, name: str) -> str:
    """Return the likely cause of a wrong answer, by what lies in the bucket."""
    try:
        found, ours = in_bucket(here, name), sha256(here, name)
    except Exception as problem:
        return f"the bucket could not be asked for the cause: {problem}"
    if found != ours:
        return told(name, found)
    return "the bucket holds the right model, so the server still serves an older one: delete its pod, or `make reset`"


def stored(here: Visit, name: str) -> str:
    """Return the sha256 of the model in the bucket; another than the one that belongs there is an error."""
    found, ours = in_bucket(here, name), sha256(here, name)
    if found != ours:  # right answers come from memory then, and only until the pod is started anew
        raise VerifyError(f"{name}: {told(name, found)}")
    return ours


def in_bucket(here: Visit, name: str) -> str | None:
    """Return the sha256 of the model that lies in the bucket."""
    namespace = here.settings.namespace
    keys, where = connection_keys(here.client, namespace)
    with bucket.endpoint(here.client, here.outside, here.session.kubeconfig, namespace) as place:
        return bucket.stored_digest(place.reader(keys), where, f"{PREFIXES[name]}/1/model.onnx")


def sha256(here: Visit, name: str) -> str:
    """Return the sha256 of the model that has to lie in the bucket."""
    return bucket.digest(Path(here.model_folders()[PREFIXES[name]]) / "1" / "model.onnx")


def told(name: str, stored: str | None) -> str:
    """Return what is wrong in the bucket."""
    if stored is None:
        return f"the bucket has no {PREFIXES[name]}/1/model.onnx: wrong path; `make model` brings it"
    again = "give the same MODEL again, or " if name == own_model.SLOT else ""
    return f"the bucket holds another model (sha256 {stored[:12]}); {again}`make model` brings ours back"
