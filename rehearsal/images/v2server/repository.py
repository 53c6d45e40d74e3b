"""The model repository: which models the folders hold, which of them are served, and why the others are not."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from . import configuration
from .configuration import Configuration
from .errors import NotFound, Refused, V2Error
from .models import Model, open_version

log = logging.getLogger("v2server")
Fingerprint = tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class Entry:
    """One model by name: its served versions, or the reason why there is none."""

    versions: dict[int, Model] = field(default_factory=dict)
    reason: str = ""
    fingerprint: Fingerprint = ()


@dataclass(slots=True)
class Repository:
    """All models of the given folders."""

    folders: list[Path]
    auto_complete: bool = True
    explicit: bool = False
    entries: dict[str, Entry] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Every folder that could be a model; files beside them are none."""
        for folder in self.folders:
            if not folder.is_dir():
                raise V2Error(f"failed to stat file {folder}: the model repository does not exist")
        return sorted({one.name for folder in self.folders for one in folder.iterdir() if one.is_dir()})

    def load(self, name: str) -> None:
        """The model is served as its folder says now; when that fails, what was served before still is."""
        entry = self.entries.setdefault(name, Entry())
        try:
            folder = self._folder(name)
            entry.fingerprint = fingerprint(folder)
            entry.versions = self._open(name, folder)
            entry.reason = ""
        except V2Error as error:
            entry.reason = str(error)
            log.error("failed to load '%s': %s", name, error)
            raise
        log.info("successfully loaded '%s', versions %s", name, sorted(entry.versions))

    def unload(self, name: str) -> None:
        """The model is no longer served."""
        if name in self.entries:
            self.entries[name] = Entry(reason="unloaded")
            log.info("successfully unloaded '%s'", name)

    def refresh(self) -> None:
        """Models whose files changed are loaded again, those that are gone are unloaded."""
        names = self.names()
        for name in names:
            if name not in self.entries or self.entries[name].fingerprint != fingerprint(self._folder(name)):
                try:
                    self.load(name)
                except V2Error:
                    continue  # logged and kept as the reason
        for name in [name for name in self.entries if name not in names]:
            del self.entries[name]

    def find(self, name: str, version: str = "") -> Model:
        """The version asked for, else the highest one."""
        versions = self.entries[name].versions if name in self.entries else {}
        if not versions:
            known = "has no available versions" if name in self.entries else "is not found"
            raise NotFound(f"Request for unknown model: '{name}' {known}")
        if not version:
            return versions[max(versions)]
        if not version.isdigit():
            raise V2Error(f"failed to get model version from specified version string '{version}'")
        if int(version) not in versions:
            raise NotFound(f"Request for unknown model: '{name}' version {version} is not found")
        return versions[int(version)]

    def versions(self, name: str) -> list[str]:
        return [str(version) for version in sorted(self.entries[name].versions)]

    def index(self, ready_only: bool = False) -> list[dict[str, str]]:
        """One line per served version, and per model that is not served, as Triton lists them."""
        lines = []
        for name in sorted(self.entries.keys() | (set(self.names()) if self.explicit else set())):
            entry = self.entries.get(name, Entry())
            for version in sorted(entry.versions):
                lines.append({"name": name, "version": str(version), "state": "READY"})
            if not entry.versions and not ready_only:
                state = {"version": "1", "state": "UNAVAILABLE", "reason": entry.reason} if entry.reason else {}
                lines.append({"name": name} | state)
        return lines

    def all_loaded(self) -> bool:
        """Whether every model that was to be loaded is served."""
        return all(entry.versions or entry.reason == "unloaded" for entry in self.entries.values())

    def served(self) -> list[Model]:
        return [model for entry in self.entries.values() for model in entry.versions.values()]

    def demand_explicit(self) -> None:
        """Nothing, or the refusal of a server whose models are not controlled by requests."""
        if not self.explicit:
            raise Refused("explicit model load / unload is not allowed if polling is enabled")

    def _folder(self, name: str) -> Path:
        for folder in self.folders:
            if name and "/" not in name and name not in (".", "..") and (folder / name).is_dir():
                return folder / name
        raise V2Error(f"failed to load '{name}', failed to poll from model repository")

    def _open(self, name: str, folder: Path) -> dict[int, Model]:
        known = self._configuration(name, folder)
        numbers = [int(one.name) for one in folder.iterdir() if one.is_dir() and _is_version(one.name)]
        chosen = _chosen(sorted(numbers), known)
        if not chosen:
            raise V2Error(f"at least one version must be available under the version policy of model '{name}'")
        return {
            number: open_version(name, str(number), folder / str(number) / known.file_name, known) for number in chosen
        }

    def _configuration(self, name: str, folder: Path) -> Configuration:
        file = folder / "config.pbtxt"
        if not file.is_file():
            if not self.auto_complete:
                raise V2Error(f"failed to open text file for read {file}: No such file or directory")
            if not any(folder.glob("*/model.onnx")):
                raise V2Error(
                    f"Invalid model name: Could not determine backend for model '{name}' with no backend in model "
                    "configuration. Expected model name of the form 'model.<backend_name>'."
                )
            return Configuration()
        known = configuration.read(file.read_text(encoding="utf-8"))
        if known.name not in ("", name):
            raise V2Error(
                f"unexpected directory name '{name}' for model '{known.name}', directory name must equal model name"
            )
        if known.backend not in ("", "onnxruntime"):
            raise V2Error(
                f"unable to find backend library for backend '{known.backend}'; this server has onnxruntime only"
            )
        return known


def fingerprint(folder: Path) -> Fingerprint:
    """Path, size and time of every file below; it changes when a file does."""
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    return tuple((str(one), (found := one.stat()).st_size, found.st_mtime_ns) for one in files)


def _is_version(name: str) -> bool:
    return name.isascii() and name.isdigit() and not name.startswith("0")


def _chosen(numbers: list[int], known: Configuration) -> list[int]:
    if known.versions:
        return [number for number in numbers if number in known.versions]
    return numbers[-known.newest :] if known.newest else numbers
