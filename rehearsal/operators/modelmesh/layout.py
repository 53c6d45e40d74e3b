"""From what lies under a storage path to the repository that Triton wants, by the rules of ModelMesh's adapter."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

CONFIG = "config.pbtxt"
FILES = {"onnx": "model.onnx", "tensorflow": "model.graphdef", "tensorrt": "model.plan", "pytorch": "model.pt"}
FOLDERS = {"onnx": "model.onnx", "tensorflow": "model.savedmodel", "keras": "model.savedmodel"}
NAME_LINE = re.compile(r'^\s*name\s*:\s*"[^"]*"\s*$', re.MULTILINE)


def targets(keys: Iterable[str], path: str) -> dict[str, str]:
    """Object to file: the path is cut off as a string, so what merely begins with it comes along too.

    >>> targets(["fraud/1/m.onnx"], "fraud")
    {'fraud/1/m.onnx': '1/m.onnx'}
    >>> targets(["fraud/m.onnx"], "fraud/m.onnx")
    {'fraud/m.onnx': 'm.onnx'}
    """
    found = {}
    for key in keys:
        rest = key.removeprefix(path).lstrip("/")
        if not key.endswith("/"):
            found[key] = rest or key.rpartition("/")[2]
    return found


def adapt(source: Path, repository: Path, model: str, model_format: str, single: bool) -> None:
    """repository/model holds the downloaded model as Triton reads it; `single`: the path named one object."""
    target = repository / model
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    entries = sorted(source.iterdir())
    if single:
        _place(entries[0], target / "1", model_format)
    elif any(entry.name == CONFIG for entry in entries):
        _native(entries, target)
    else:
        version = largest_version(entries)
        folder = source / version if version else source
        inside = sorted(folder.iterdir())
        known = model_format in FILES or model_format in FOLDERS
        _place(inside[0] if len(inside) == 1 and known else folder, target / (version or "1"), model_format)


def largest_version(entries: Iterable[Path]) -> str:
    """The name of the folder with the highest number, "" where a folder is no number or there is none."""
    folders = [entry.name for entry in entries if entry.is_dir()]
    if not folders or not all(name.isdigit() for name in folders):
        return ""
    return max(folders, key=int)


def _place(source: Path, version: Path, model_format: str) -> None:
    version.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        if name := FOLDERS.get(model_format):
            shutil.copytree(source, version / name)
        else:
            shutil.copytree(source, version, dirs_exist_ok=True)
    else:
        shutil.copy(source, version / FILES.get(model_format, source.name))


def _native(entries: Iterable[Path], target: Path) -> None:
    """A repository with a configuration is taken as it is; only the name gives way to the model's id."""
    for entry in entries:
        if entry.name == CONFIG:
            (target / CONFIG).write_text(NAME_LINE.sub("", entry.read_text()))
        elif entry.is_dir():
            shutil.copytree(entry, target / entry.name)
        else:
            shutil.copy(entry, target / entry.name)
