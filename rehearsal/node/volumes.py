"""From a pod's volumes to files: which objects they need and what they then contain. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from rehearsal.node.spec import ConfigError, Facts, Find, contents, expand, pod_field, resource_field

Obj = dict[str, Any]
DEFAULT_AUDIENCE = ""
LIVE = ("configMap", "secret", "projected", "downwardAPI")  # kinds whose files follow their objects


class MountError(Exception):
    """A volume cannot be set up yet: FailedMount, tried again."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a volume."""

    content: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A ServiceAccount token that a projected volume asks for."""

    audience: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume's file or folder at a path of the container."""

    volume: str
    target: str
    sub_path: str
    read_only: bool


def references(pod: Obj) -> set[tuple[str, str]]:
    """(kind, name) of the ConfigMaps and Secrets behind the pod's volumes."""
    found: set[tuple[str, str]] = set()
    for volume in pod["spec"].get("volumes") or ():
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            if "configMap" in source:
                found.add(("ConfigMap", source["configMap"]["name"]))
            if "secret" in source:
                found.add(("Secret", source["secret"].get("secretName") or source["secret"]["name"]))
    return found


def token_requests(volume: Obj) -> list[TokenRequest]:
    """The tokens that a volume's files need."""
    sources = (volume.get("projected") or {}).get("sources") or ()
    return [_token_request(source["serviceAccountToken"]) for source in sources if "serviceAccountToken" in source]


def _token_request(token: Obj) -> TokenRequest:
    return TokenRequest(token.get("audience") or DEFAULT_AUDIENCE, int(token.get("expirationSeconds") or 3600))


def files(pod: Obj, volume: Obj, facts: Facts, find: Find, tokens: Mapping[TokenRequest, str]) -> dict[str, File]:
    """Relative path to file, for a volume made of API objects."""
    name = volume["name"]
    if "projected" in volume:
        mode = volume["projected"].get("defaultMode", 0o644)
        found: dict[str, File] = {}
        for source in volume["projected"].get("sources") or ():
            found |= _source_files(pod, name, source, mode, facts, find, tokens)
        return found
    key = next(kind for kind in LIVE if kind in volume)
    return _source_files(pod, name, volume, volume[key].get("defaultMode", 0o644), facts, find, tokens)


def _source_files(
    pod: Obj, name: str, source: Obj, mode: int, facts: Facts, find: Find, tokens: Mapping[TokenRequest, str]
) -> dict[str, File]:
    if "configMap" in source:
        return _object_files(pod, name, "ConfigMap", source["configMap"]["name"], source["configMap"], mode, find)
    if "secret" in source:
        secret = source["secret"]
        return _object_files(pod, name, "Secret", secret.get("secretName") or secret["name"], secret, mode, find)
    if "downwardAPI" in source:
        items = source["downwardAPI"].get("items") or ()
        return {item["path"]: File(_downward(pod, item, facts), item.get("mode", mode)) for item in items}
    if "serviceAccountToken" in source:
        token = source["serviceAccountToken"]
        return {token["path"]: File(tokens[_token_request(token)].encode(), mode)}
    kind = next((key for key in source if key != "name"), "empty")
    raise MountError(f'volume "{name}": source {kind} is not supported by the rehearsal\'s node agent')


def _object_files(pod: Obj, volume: str, kind: str, name: str, source: Obj, mode: int, find: Find) -> dict[str, File]:
    obj = find(kind, name)
    optional = bool(source.get("optional"))
    if obj is None:
        if optional:
            return {}
        raise MountError(f'MountVolume.SetUp failed for volume "{volume}" : {kind.lower()} "{name}" not found')
    values = contents(obj)
    items = source.get("items")
    if not items:
        return {key: File(value, mode) for key, value in values.items()}
    found: dict[str, File] = {}
    for item in items:
        if item["key"] in values:
            found[item["path"]] = File(values[item["key"]], item.get("mode", mode))
        elif not optional:
            where = f"{pod['metadata']['namespace']}/{name}"
            text = f"references non-existent {kind.lower()} key: {item['key']} ({where})"
            raise MountError(f'MountVolume.SetUp failed for volume "{volume}" : {text}')
    return found


def _downward(pod: Obj, item: Obj, facts: Facts) -> bytes:
    if "fieldRef" in item:
        return pod_field(pod, item["fieldRef"]["fieldPath"], facts).encode()
    return resource_field(pod, pod["spec"]["containers"][0], item["resourceFieldRef"], facts).encode()


def mounts(container: Obj, volumes: Iterable[Obj], env: Mapping[str, str]) -> list[Mount]:
    """What a container mounts; volumes made of API objects are read-only whatever the mount says."""
    by_name = {volume["name"]: volume for volume in volumes}
    found = []
    for mount in container.get("volumeMounts") or ():
        volume = by_name.get(mount["name"])
        if volume is None:
            raise ConfigError(f'volume "{mount["name"]}" of the container is not in the pod')
        sub_path = expand(mount["subPathExpr"], env) if mount.get("subPathExpr") else mount.get("subPath") or ""
        if ".." in PurePosixPath(sub_path).parts or sub_path.startswith("/"):
            raise ConfigError(f"subPath '{sub_path}' of volume \"{mount['name']}\" must stay inside the volume")
        claim = volume.get("persistentVolumeClaim") or {}
        read_only = bool(mount.get("readOnly") or claim.get("readOnly") or any(kind in volume for kind in LIVE))
        found.append(Mount(mount["name"], mount["mountPath"], sub_path, read_only))
    return found
