"""From a manifest folder and what the settings change in it to plain objects, by whichever kustomize is there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bootstrap import process, rendered, tree
from bootstrap.errors import DemoError
from bootstrap.kube.objects import Obj

ROOT = tree.ROOT / "manifests"
BUILDERS = (("kustomize", "build"), ("oc", "kustomize"), ("kubectl", "kustomize"))


@dataclass(frozen=True, slots=True)
class Changes:
    """What settings change in a folder; exactly the fields that an Application can carry too."""

    images: Mapping[str, str] = field(default_factory=dict)  # name in the manifest -> reference to use
    patches: Sequence[Mapping[str, Any]] = ()

    def as_application(self) -> dict[str, Any]:
        """Return these changes as `spec.source.kustomize` of an Application, without empty fields."""
        images = [f"{name}={new}" for name, new in sorted(self.images.items())]
        return {key: value for key, value in (("images", images), ("patches", list(self.patches))) if value}

    def as_kustomization(self) -> dict[str, Any]:
        """Return these changes as fields of a kustomization.

        >>> Changes(images={"quay.io/minio/minio": "mirror:5000/minio:1"}).as_kustomization()
        {'images': [{'name': 'quay.io/minio/minio', 'newName': 'mirror:5000/minio', 'newTag': '1'}]}
        """
        images = [{"name": name, **image_fields(new)} for name, new in sorted(self.images.items())]
        return {key: value for key, value in (("images", images), ("patches", list(self.patches))) if value}


def image_fields(reference: str) -> dict[str, str]:
    """Return an image reference as kustomize wants it: name with either tag or digest."""
    name, _, digest = reference.partition("@")
    if digest:
        return {"newName": name, "digest": digest}
    head, colon, tag = name.rpartition(":")
    return {"newName": head, "newTag": tag} if colon and "/" not in tag else {"newName": name}


def replace(kind: str, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kustomize patch that puts values at the JSON pointers of one object."""
    operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    return {"target": {"kind": kind, "name": name}, "patch": yaml.safe_dump(operations, sort_keys=False)}


@cache
def builder() -> tuple[str, ...]:
    """Return the first kustomize on PATH, as the start of a command."""
    for program, verb in BUILDERS:
        if found := shutil.which(program):
            return (found, verb)
    raise DemoError("kustomize, oc and kubectl are all missing on PATH; one of them has to build the manifests")


def build(folder: str, changes: Changes | None = None) -> list[Obj]:
    """Return the objects of a folder below `manifests`, with the changes made to them."""
    fields = changes.as_kustomization() if changes else {}
    asked = json.dumps([builder(), folder, fields], sort_keys=True)
    return rendered.remembered(ROOT, asked, lambda: render(folder, fields))


def render(folder: str, fields: Mapping[str, Any]) -> list[Obj]:
    """Return what kustomize makes of a folder with these fields on top of it."""
    if not fields:
        return parse(process.run([*builder(), str(ROOT / folder)]).stdout)
    with tempfile.TemporaryDirectory(prefix="serving-demo-") as scratch:
        base = os.path.relpath(ROOT / folder, Path(scratch).resolve())
        content = {"resources": [base], **fields}
        (Path(scratch) / "kustomization.yaml").write_text(yaml.safe_dump(content))
        return parse(process.run([*builder(), scratch]).stdout)


def parse(text: str) -> list[Obj]:
    """Return the objects of a YAML stream."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [obj for obj in yaml.load_all(text, Loader=loader) if obj]
