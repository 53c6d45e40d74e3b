"""What would change, as a diff that people can read and that shows no secret."""

from __future__ import annotations

import difflib
import hashlib
import hmac
import secrets
from typing import Any

import yaml

from bootstrap.kube.objects import Obj

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # repeats the object, its secrets too
_KEY = secrets.token_bytes(16)  # for this run alone: a short password cannot be guessed from its mark later
SERVER_SIDE = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})


def changes(before: Obj | None, after: Obj) -> str:
    """Return a unified diff between two states of an object, empty where they are equal in what people set."""
    old = "" if before is None else _text(before)
    lines = difflib.unified_diff(old.splitlines(), _text(after).splitlines(), lineterm="", n=2)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def visible(obj: Obj) -> Obj:
    """Return an object without what the server keeps for itself, and with hashes in place of secret values."""
    shown = {key: value for key, value in obj.items() if key != "status"}
    shown["metadata"] = {key: value for key, value in obj["metadata"].items() if key not in SERVER_SIDE}
    if LAST_APPLIED in (shown["metadata"].get("annotations") or {}):
        rest = {key: value for key, value in shown["metadata"]["annotations"].items() if key != LAST_APPLIED}
        shown["metadata"]["annotations"] = rest
    if obj.get("kind") == "Secret":
        for key in ("data", "stringData"):
            if key in shown:
                shown[key] = {name: hashed(value) for name, value in (shown[key] or {}).items()}
    return shown


def hashed(value: Any) -> str:
    """Return a mark that tells two secrets apart without giving either away.

    >>> hashed("secret") == hashed("secret"), "secret" in hashed("secret")
    (True, False)
    """
    return "hash:" + hmac.new(_KEY, str(value).encode(), hashlib.sha256).hexdigest()[:12]


def _text(obj: Obj) -> str:
    return str(yaml.safe_dump(visible(obj), sort_keys=True, default_flow_style=False))
