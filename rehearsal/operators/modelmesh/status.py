"""The status of an InferenceService on ModelMesh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rehearsal.operators.openshift_ai.conditions import condition, now

Obj = dict[str, Any]
NO_RUNTIME = ("NoSupportingRuntime", "No ServingRuntime supports specified model type and/or protocol")
NOT_RECOGNIZED = ("RuntimeNotRecognized", "Specified runtime name not recognized")
WAITING = ("RuntimeUnhealthy", "Waiting for runtime Pod to become available")
LOADED, FAILED, PENDING = "Loaded", "FailedToLoad", "Pending"


def addresses(namespace: str) -> Obj:
    """Where a namespace's models answer; the first url is gRPC's."""
    host = f"modelmesh-serving.{namespace}"
    grpc = f"grpc://{host}:8033"
    components = {"predictor": {"grpcUrl": grpc, "restUrl": f"http://{host}:8008", "url": grpc}}
    return {"components": components, "url": grpc}


def blocked(isvc: Obj, model: str, why: tuple[str, str]) -> Obj:
    """Nothing can serve the model: its runtime is missing or not up; a model that is loaded says so no less."""
    before = ((isvc.get("status") or {}).get("modelStatus") or {}).get("states") or {}
    if before.get("activeModelState") == LOADED:
        return _status(isvc, LOADED, "", (0, 1), "UpToDate", _failure(model, why))
    state = PENDING if why == WAITING else FAILED
    return _status(isvc, state, "", (0, 0), "UpToDate", _failure(model, why))


def reported(isvc: Obj, model: str, answers: Sequence[tuple[str, Obj]]) -> Obj:
    """What the pods say about the model: pod name and answer each."""
    failures = [(pod, answer) for pod, answer in answers if answer["state"] == FAILED]
    loaded = len(answers) - len(failures)
    failure = None
    if failures:
        pod, answer = failures[0]
        failure = _failure(model, ("ModelLoadFailed", answer["message"])) | {"location": pod[-12:].lstrip("-")}
    before = ((isvc.get("status") or {}).get("modelStatus") or {}).get("states") or {}
    if loaded:
        return _status(isvc, LOADED, "", (len(failures), len(answers)), "UpToDate", failure)
    if before.get("activeModelState") == LOADED:  # the older model still serves
        return _status(isvc, LOADED, FAILED, (len(failures), len(answers) + 1), "BlockedByFailedLoad", failure)
    return _status(isvc, FAILED, "", (len(failures), len(answers)), "UpToDate", failure)


def _failure(model: str, why: tuple[str, str]) -> Obj:
    return {"modelRevisionName": model, "reason": why[0], "message": why[1], "time": now()}


def _status(isvc: Obj, active: str, target: str, copies: tuple[int, int], transition: str, failure: Obj | None) -> Obj:
    model: Obj = {
        "copies": {"failedCopies": copies[0], "totalCopies": copies[1]},
        "states": {"activeModelState": active, "targetModelState": target},
        "transitionStatus": transition,
        # a merge patch keeps what it does not name
        "lastFailureInfo": failure,
    }
    ready = active == LOADED
    found: Obj = {"conditions": [condition("PredictorReady", ready), condition("Ready", ready)], "modelStatus": model}
    return found | (addresses(isvc["metadata"]["namespace"]) if active != PENDING else {})
