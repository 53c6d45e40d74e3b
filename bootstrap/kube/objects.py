"""Kubernetes objects as plain nested dicts, and the reference that names one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Obj = dict[str, Any]

PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "serving-demo"
LABELS = {PART_OF: OWNER, MANAGED_BY: OWNER}
SELECTOR = f"{PART_OF}={OWNER},{MANAGED_BY}={OWNER}"


@dataclass(frozen=True, slots=True)
class Ref:
    """Names one object."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    @classmethod
    def of(cls, obj: Obj) -> Ref:
        """Return the reference of an object.

        >>> str(Ref.of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}}))
        'Secret n/s'
        """
        meta = obj.get("metadata") or {}
        return cls(obj["apiVersion"], obj["kind"], meta.get("namespace") or None, meta["name"])

    @property
    def group(self) -> str:
        """Return the API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def __lt__(self, other: Ref) -> bool:
        return self.sort_key() < other.sort_key()

    def sort_key(self) -> tuple[str, str, str, str]:
        """Return what references are sorted by: namespace, kind, name, version."""
        return (self.namespace or "", self.kind, self.name, self.api_version)


def dig(obj: Any, *path: str, default: Any = None) -> Any:
    """Return the value at a path of keys, or `default` where any of them is missing or null."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
        if obj is None:
            return default
    return obj


def conditions(obj: Obj) -> dict[str, Obj]:
    """Return the status conditions by type."""
    return {c["type"]: c for c in dig(obj, "status", "conditions", default=[]) if isinstance(c, dict) and "type" in c}


def carries_our_labels(obj: Obj) -> bool:
    """Say whether an object carries both of our labels."""
    labels = dig(obj, "metadata", "labels", default={})
    return all(labels.get(key) == value for key, value in LABELS.items())
