"""The webhooks of odh-model-controller for InferenceServices."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.api import Obj
from rehearsal.operators.admission import YES, Decision, Handler, invalid
from rehearsal.operators.world import World

LONGEST_NAME = 53
APPLICATIONS = "redhat-ods-applications"
KIND = "InferenceService.serving.kserve.io"
PANIC = "panic: error setting Istio Control Plane in DSCI. [recovered]"


def handlers(world: World, era: str) -> Mapping[str, Handler]:
    """Path to handler."""

    async def validate(request: Obj) -> Decision:
        mesh = await mesh_namespace(world) if era == "2.25" else ""
        if mesh is None:
            return Decision(False, PANIC, 500, "InternalError")
        protected = {APPLICATIONS, *({"knative-serving", mesh} if era == "2.25" else ())}
        return judge(request, protected, era)

    async def accept(request: Obj) -> Decision:
        return YES

    return {
        "/validate-serving-kserve-io-v1beta1-inferenceservice": validate,
        "/mutate-serving-kserve-io-v1beta1-inferenceservice": accept,
        "/mutate--v1-pod": accept,
    }


def judge(request: Obj, protected: set[str], era: str) -> Decision:
    """Whether an InferenceService of this name may live in this namespace."""
    name, space = request["name"], request["namespace"]
    if space in protected:
        text = f'metadata.namespace: Invalid value: "{space}": specified namespace is protected'
        return invalid(KIND, name, text)
    if era == "3.4" and len(name) > LONGEST_NAME:
        text = (
            f'metadata.name: Invalid value: "{name}": InferenceService name is too long. The name exceeds the maximum '
            f"length of {LONGEST_NAME} characters (current length: {len(name)})"
        )
        return invalid(KIND, name, text)
    return YES


async def mesh_namespace(world: World) -> str | None:
    """The mesh's namespace from the DSCInitialization; None where 2.25's validator panics for lack of it."""
    for dsci in await world.list("dscinitialization.opendatahub.io/v1", "DSCInitialization"):
        plane = ((dsci.get("spec") or {}).get("serviceMesh") or {}).get("controlPlane") or {}
        if plane.get("namespace"):
            return str(plane["namespace"])
    return None
