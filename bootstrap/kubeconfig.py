"""What a kubeconfig points at, read without signing in; and the private one we write ourselves."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from bootstrap.errors import SettingsError
from bootstrap.secret import Secret

OURS = "serving-demo"


@dataclass(frozen=True, slots=True)
class Context:
    """The current context of a kubeconfig."""

    name: str
    server: str
    user: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that a kubeconfig says in its current context."""

    name: str
    user_name: str
    cluster: dict[str, Any] = field(repr=False)
    user: dict[str, Any] = field(repr=False)  # {} where the context names one that is not there
    path: Path | None = None  # the file, where it is only one

    @property
    def server(self) -> str:
        """Return the URL of the API server."""
        return str(self.cluster["server"]).rstrip("/")


def paths(kubeconfig: Path) -> list[Path]:
    """Return the files behind a KUBECONFIG value, which may be a list as kubectl takes it."""
    return [_at(part) for part in str(kubeconfig).split(os.pathsep) if part]


def _at(part: str) -> Path:
    try:
        return Path(part).expanduser()
    except RuntimeError:
        return Path(part)  # `~nobody`: as it stands it does not exist, and that is said


def current_context(kubeconfig: Path) -> Context:
    """Return where a kubeconfig points; SettingsError says which file breaks which rule."""
    found = chosen(kubeconfig)
    return Context(found.name, found.server, found.user_name)


def chosen(kubeconfig: Path) -> Chosen:
    """Return what a kubeconfig says in its current context; SettingsError says which file breaks which rule."""
    files = [path for path in paths(kubeconfig) if path.exists()]
    documents = [_document(path) for path in files]
    if not documents:
        raise SettingsError([f"KUBECONFIG: there is no file {str(kubeconfig)!r}; give the path of a kubeconfig"])
    merged = {key: _merged(documents, key) for key in ("contexts", "clusters", "users")}
    name = next((d["current-context"] for d in documents if d.get("current-context")), None)
    if name is None:
        known = ", ".join(sorted(merged["contexts"])) or "none"
        raise SettingsError(
            [
                f"KUBECONFIG: {kubeconfig} has no current-context (contexts in it: {known}); "
                "choose one with `kubectl config use-context NAME`"
            ]
        )
    context = _entry(kubeconfig, merged, "contexts", name, "current-context")
    cluster = _entry(kubeconfig, merged, "clusters", str(context.get("cluster")), f"context {name!r}")
    if not cluster.get("server"):
        raise SettingsError([f"KUBECONFIG: cluster {context.get('cluster')!r} in {kubeconfig} has no server"])
    user = str(context.get("user", ""))
    only = files[0] if len(files) == 1 else None
    return Chosen(name, user, cluster, merged["users"].get(user) or {}, only)


def _document(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(path.read_text(), Loader=loader)  # noqa: S506 the safe one, in C where it is there
    except IsADirectoryError:
        problem = "is a directory, not a file"
    except PermissionError:
        problem = "cannot be read: permission denied"
    except (yaml.YAMLError, UnicodeDecodeError):
        problem = "is not YAML"
    else:
        if isinstance(document, dict):
            return document
        problem = "is not a kubeconfig: expected a mapping with clusters, contexts and users"
    raise SettingsError([f"KUBECONFIG: {path} {problem}; give the path of a kubeconfig"])


def _merged(documents: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    """Return the named entries of all files; the first file that names one wins, as in kubectl."""
    merged: dict[str, dict[str, Any]] = {}
    for document in documents:
        for entry in document.get(key) or []:
            if isinstance(entry, dict) and "name" in entry:
                merged.setdefault(str(entry["name"]), entry.get(key.removesuffix("s")) or {})
    return merged


def _entry(
    kubeconfig: Path, merged: dict[str, dict[str, dict[str, Any]]], key: str, name: str, where: str
) -> dict[str, Any]:
    if name in merged[key]:
        return merged[key][name]
    known = ", ".join(sorted(merged[key])) or "none"
    raise SettingsError([f"KUBECONFIG: {where} of {kubeconfig} names {name!r}, which is not among its {key} ({known})"])


def write_private(
    path: Path, *, server: str, user: str, token: str, ca_pem: str | None, proxy: str | None, revocable: bool
) -> None:
    """Write our kubeconfig so that at no moment anybody else could read it."""
    cluster: dict[str, Any] = {"server": server}
    if ca_pem:
        cluster["certificate-authority-data"] = base64.b64encode(ca_pem.encode()).decode()
    if proxy:
        cluster["proxy-url"] = proxy
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": OURS,
        "clusters": [{"name": OURS, "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": OURS, "context": {"cluster": OURS, "user": user}}],
        # whether the token is one that we asked for, and so ours to revoke
        "extensions": [{"name": OURS, "extension": {"revocable": revocable}}],
    }
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        yaml.safe_dump(document, file, sort_keys=False)
    fresh.replace(path)


@dataclass(frozen=True, slots=True)
class Private:
    """What our own kubeconfig holds."""

    server: str
    user: str
    token: Secret
    revocable: bool
    proxy: str | None = None


def read_private(path: Path) -> Private | None:
    """Return what our kubeconfig holds; None where there is none, or none that we wrote."""
    try:
        document = yaml.safe_load(path.read_text())
        return Private(
            document["clusters"][0]["cluster"]["server"],
            document["users"][0]["name"],
            Secret(document["users"][0]["user"]["token"]),
            bool(document["extensions"][0]["extension"]["revocable"]),
            document["clusters"][0]["cluster"].get("proxy-url"),
        )
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError):
        return None


def same_server(one: str, other: str) -> bool:
    """Say whether two URLs mean the same API server.

    >>> same_server("https://api.lab.example", "https://API.lab.example:443/")
    True
    """
    first, second = urlsplit(one), urlsplit(other)
    hosts = (first.hostname or "").rstrip(".") == (second.hostname or "").rstrip(".")
    return hosts and (first.port or 443) == (second.port or 443)
