"""The model server's image is many GB: its pull starts with the run, in a pod that does nothing, and is told of."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bootstrap.desired import SERVICES, Desired
from bootstrap.errors import DemoError
from bootstrap.kube.client import Client
from bootstrap.kube.lease import NAMESPACE
from bootstrap.kube.objects import LABELS, Obj, Ref, dig
from bootstrap.kube.record import Keeper
from bootstrap.progress import Lines

POD = Ref("v1", "Pod", NAMESPACE, "serving-demo-image")
EVERY = 2.0  # seconds between two looks
STAGE = "serving"  # which waits for the image


def wanted(client: Client, namespace: str, stages: Sequence[Desired]) -> Obj | None:
    """Return the container to pull for, where a model server is to come and something else comes before it."""
    if len(stages) < 2 or stages[-1].stage != STAGE:
        return None
    if client.find(Ref("serving.kserve.io/v1beta1", "InferenceService", namespace, SERVICES["raw"][0])):
        return None
    objects = [obj for group in stages[-1].applied.values() for obj in group] + stages[-1].delivered
    runtimes = (obj for obj in objects if obj["kind"] == "ServingRuntime")
    return next((one for runtime in runtimes for one in dig(runtime, "spec", "containers", default=[])), None)


def pod(container: Obj) -> Obj:
    """Return the pod: it asks for as much as the model server, so that it gets a node with room for that one."""
    nothing: dict[str, Any] = {
        "name": "nothing",
        "image": container["image"],
        "command": ["/bin/true"],
        "resources": {"requests": dig(container, "resources", "requests", default={})},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "containers": [nothing],
    }
    meta = {"name": POD.name, "namespace": POD.namespace, "labels": dict(LABELS)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


@contextlib.contextmanager
def pulling(client: Client, container: Obj | None, keeper: Keeper, show: Lines) -> Iterator[None]:
    """Let a node pull the image while the block lasts; a run does not fail because of it."""
    if container is None:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=follow, args=(client, container["image"], show, stop.wait), daemon=True)
    with contextlib.suppress(DemoError):  # the pod of a killed run is as good
        keeper.intend([POD])
        client.create(pod(container))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        with contextlib.suppress(DemoError):
            client.delete(POD)
            keeper.forget([POD])


def follow(client: Client, image: str, show: Lines, wait: Callable[[float], bool]) -> None:
    """Tell how the pull goes, until it is done or nobody wants to know."""
    began, failure = time.monotonic(), ""
    while not wait(EVERY):
        found = events(client)
        if done := found.get("Pulled"):
            if "already present" not in done:
                show.note(f"the model server's image is there: {done}")
            return
        trouble = found.get("Failed", "")
        if trouble and trouble != failure:
            failure = trouble
            show.note(f"{trouble}; where the nodes cannot reach that registry, set TRITON_IMAGE to a mirror of it")
        if show.stage == STAGE:
            show.say(f"{image} is being pulled, for {time.monotonic() - began:.0f} s by now")


def events(client: Client) -> dict[str, str]:
    """Return what was reported of the pull: reason -> message."""
    try:
        found = client.list("v1", "Event", POD.namespace, field_selector=f"involvedObject.name={POD.name}")
    except DemoError:
        return {}  # the run itself says what is wrong with the API
    return {str(one.get("reason")): str(one.get("message")) for one in found}
