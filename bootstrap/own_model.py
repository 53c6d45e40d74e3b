"""A model of the user's in the demo's slot: its bytes, a configuration that fits any, and its known answers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from bootstrap.errors import DemoError
from bootstrap.kube.objects import Obj, dig
from bootstrap.kube.readiness import judge
from bootstrap.kube.readiness.verdict import Predicate, Verdict, not_ready
from bootstrap.settings import Settings

SLOT = "fraud"  # names in the bucket, of the InferenceService and in URLs stay
ANNOTATION = "serving-demo/model"  # KServe hands it on to the pods, so that other bytes bring other pods
# inputs and outputs are the file's own: Triton completes them; batches are a matter of the model
CONFIGURATION = 'backend: "onnxruntime"\nmax_batch_size: 0\ninstance_group [ { count: 1 } ]\n'


def digest(path: Path) -> str:
    """Return the sha256 of a model file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def folder(settings: Settings, model: Path) -> Path:
    """Return the folder that goes into the bucket, kept in the state directory by the model's sha256."""
    content = model.read_bytes()
    made = (settings.state_dir / "models" / hashlib.sha256(content).hexdigest()[:16]).resolve()
    for name, wanted in {"1/model.onnx": content, "config.pbtxt": CONFIGURATION.encode()}.items():
        path = made / name
        if not path.is_file() or path.read_bytes() != wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted)
    return made


def mark(settings: Settings) -> str:
    """Return the mark of pods that serve the user's model, nothing where they serve ours."""
    return digest(settings.model)[:16] if settings.model else ""


def patches(settings: Settings) -> list[dict[str, Any]]:
    """Return the patch that puts the mark on the InferenceService, from where KServe takes it to the pods."""
    if not settings.model:
        return []
    path = "/metadata/annotations/" + ANNOTATION.replace("/", "~1")
    add = [{"op": "add", "path": path, "value": mark(settings)}]
    return [{"target": {"kind": "InferenceService", "name": SLOT}, "patch": yaml.safe_dump(add)}]


def serves(wanted: str) -> Predicate:
    """Return the predicate of a Deployment whose pods serve this model, and are rolled out."""

    def check(obj: Obj) -> Verdict:
        notes = dig(obj, "spec", "template", "metadata", "annotations", default={})
        if notes.get(ANNOTATION, "") != wanted:
            return not_ready("its pods are still those of another model")
        return judge(obj)

    return check


def answers_file(settings: Settings, model: Path) -> Path:
    """Return where the answers of the user's model are, or would be."""
    return settings.answers or model.with_suffix(".answers.json")


def known(settings: Settings, model: Path) -> dict[str, Any] | None:
    """Return the known answers of the user's model, None where there are none; those of another model are refused."""
    path = answers_file(settings, model)
    if settings.answers is None and not path.is_file():
        return None
    how = f"`make answers MODEL={model}` writes them again"
    try:
        found = dict(json.loads(path.read_text()))
        about, first = found["sha256"], found["answers"][0]
        complete = {"name", "inputs", "outputs"} <= first.keys()
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as problem:
        raise DemoError(f"{path}: is no file of known answers ({problem!r}); {how}") from problem
    if not complete:
        raise DemoError(f"{path}: its answers lack name, inputs or outputs; {how}")
    if about != digest(model):
        raise DemoError(f"{path}: holds answers of another model (sha256 {about[:12]}) than MODEL {model}; {how}")
    return found
