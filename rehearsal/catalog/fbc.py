"""A file-based catalog as `opm serve` reads it, from plain data."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Obj = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One version in a channel and the edge that leads to it."""

    name: str  # of the CSV
    replaces: str | None = None
    skip_range: str | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """An operator as a catalog offers it."""

    name: str
    description: str
    default_channel: str
    channels: Mapping[str, tuple[Entry, ...]]
    bundles: Mapping[str, list[Obj]] = field(default_factory=dict)  # CSV name -> its objects, the CSV among them


def write(packages: Iterable[Package], folder: Path) -> None:
    """Afterwards the folder holds these packages and no other, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"{package.name}.json": "\n".join(json.dumps(blob) for blob in blobs(package)) for package in packages}
    for stale in folder.iterdir():
        if stale.name not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text)


def blobs(package: Package) -> list[Obj]:
    """The catalog's own records for a package."""
    head: Obj = {
        "schema": "olm.package",
        "name": package.name,
        "defaultChannel": package.default_channel,
        "description": package.description,
    }
    channels = [_channel(package.name, name, entries) for name, entries in package.channels.items()]
    return [head, *channels, *(_bundle(package.name, name, objects) for name, objects in package.bundles.items())]


def _channel(package: str, name: str, entries: tuple[Entry, ...]) -> Obj:
    return {
        "schema": "olm.channel",
        "package": package,
        "name": name,
        "entries": [
            {
                "name": entry.name,
                **({"replaces": entry.replaces} if entry.replaces else {}),
                **({"skipRange": entry.skip_range} if entry.skip_range else {}),
            }
            for entry in entries
        ],
    }


def _bundle(package: str, name: str, objects: list[Obj]) -> Obj:
    csv = next(obj for obj in objects if obj["kind"] == "ClusterServiceVersion")
    provided = [
        {
            "type": "olm.gvk",
            "value": {"group": crd["name"].partition(".")[2], "version": crd["version"], "kind": crd["kind"]},
        }
        for crd in csv["spec"].get("customresourcedefinitions", {}).get("owned", [])
    ]
    # The manifests travel inside the catalog and the image stays empty: with an image OLM would start an unpack Job.
    carried = [
        {"type": "olm.bundle.object", "value": {"data": base64.b64encode(json.dumps(lean(obj)).encode()).decode()}}
        for obj in objects
    ]
    version = {"type": "olm.package", "value": {"packageName": package, "version": csv["spec"]["version"]}}
    return {
        "schema": "olm.bundle",
        "package": package,
        "name": name,
        "image": "",
        "properties": [version, *provided, *carried],
    }


def lean(obj: Obj) -> Obj:
    """A CRD without its descriptions (an InstallPlan over 2 MiB fails); anything else as it is."""
    if obj["kind"] != "CustomResourceDefinition":
        return obj
    return {
        **obj,
        "spec": {**obj["spec"], "versions": [_without_descriptions(version) for version in obj["spec"]["versions"]]},
    }


def _without_descriptions(node: Any) -> Any:
    if isinstance(node, dict):
        # a property that is itself named "description" is a schema (a dict), not a text
        return {k: _without_descriptions(v) for k, v in node.items() if not (k == "description" and isinstance(v, str))}
    if isinstance(node, list):
        return [_without_descriptions(item) for item in node]
    return node
