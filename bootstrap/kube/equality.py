"""Whether applying an object would change anything, from what the server says that we manage.

The live object's managedFields list exactly the fields of our last apply. Nothing would change where these are the
fields that we want now, and each has the value that we want. A wrong "no" costs one request, so doubt means no.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from bootstrap.kube.objects import Obj, dig
from bootstrap.kube.quantity import amount

# below these keys "1000m" and "1" mean the same; elsewhere they are just two strings
AMOUNTS = frozenset({"limits", "requests", "hard", "capacity", "sizeLimit", "default", "defaultRequest", "max", "min"})
NOT_FIELDS = frozenset({"apiVersion", "kind"})


def prepared(obj: Obj) -> Obj:
    """Return an object as it is sent: no status, no nulls in its metadata, Secret texts as the data they become."""
    made = {key: value for key, value in obj.items() if key not in {"status", "stringData"}}
    made["metadata"] = {key: value for key, value in obj["metadata"].items() if value is not None}
    if obj["kind"] == "Secret" and obj["apiVersion"] == "v1" and obj.get("stringData"):
        texts = {key: base64.b64encode(str(text).encode()).decode() for key, text in obj["stringData"].items()}
        made["data"] = {**(obj.get("data") or {}), **texts}
    elif "stringData" in obj:
        made["stringData"] = obj["stringData"]
    return made


def is_applied(desired: Obj, live: Obj, manager: str) -> bool:
    """Say whether this manager's last apply was exactly `desired` and every value still stands."""
    entry = next(
        (
            found
            for found in dig(live, "metadata", "managedFields", default=[])
            if found.get("manager") == manager and found.get("operation") == "Apply" and not found.get("subresource")
        ),
        None,
    )
    if entry is None or entry.get("apiVersion") != desired["apiVersion"]:
        return False
    fields = {key: value for key, value in desired.items() if key not in NOT_FIELDS}
    fields["metadata"] = {k: v for k, v in desired["metadata"].items() if k not in {"name", "namespace"}}
    return _same(fields, live, entry.get("fieldsV1") or {}, amounts=False)


def _same(desired: Any, live: Any, owned: dict[str, Any], *, amounts: bool) -> bool:
    """Compare by the server's own notion of the structure: fields, keyed items, set values, or one atomic whole."""
    inner = {key: value for key, value in owned.items() if key != "."}
    if not inner:
        return _equal(desired, live, amounts=amounts)
    if isinstance(desired, dict):
        return _same_fields(desired, live, inner, amounts=amounts)
    if isinstance(desired, list) and isinstance(live, list):
        return _same_items(desired, live, inner, amounts=amounts)
    return False


def _same_fields(desired: dict[str, Any], live: Any, owned: dict[str, Any], *, amounts: bool) -> bool:
    if not isinstance(live, dict) or not all(key.startswith("f:") for key in owned):
        return False
    names = {key[2:] for key in owned}
    # what the server leaves out of its books because it is empty does not count
    wanted = {key for key, value in desired.items() if key in names or not _empty(value)}
    return names <= desired.keys() and all(
        key in names and _same(desired[key], live.get(key), owned["f:" + key], amounts=amounts or key in AMOUNTS)
        for key in wanted
    )


def _same_items(desired: list[Any], live: list[Any], owned: dict[str, Any], *, amounts: bool) -> bool:
    if len(owned) != len(desired):
        return False
    for key, inner in owned.items():
        selector = json.loads(key[2:])
        if key.startswith("v:"):
            if selector not in desired or selector not in live:
                return False
            continue
        ours, theirs = _keyed(desired, selector), _keyed(live, selector)
        if ours is None or theirs is None or not _same(ours, theirs, inner, amounts=amounts):
            return False
    return True


def _keyed(items: list[Any], selector: dict[str, Any]) -> Any:
    """Return the item with these keys; a key that an item leaves out has its default (protocol: TCP)."""
    for item in items:
        if isinstance(item, dict) and all(
            item.get(k, "TCP" if k == "protocol" else None) == v for k, v in selector.items()
        ):
            return item
    return None


def _equal(desired: Any, live: Any, *, amounts: bool) -> bool:
    """Compare an atomic value; in its inside the server may have filled in defaults."""
    if _empty(desired) and _empty(live):
        return True
    if isinstance(desired, dict) and isinstance(live, dict):
        return all(_equal(v, live.get(k), amounts=amounts or k in AMOUNTS) for k, v in desired.items())
    if isinstance(desired, list) and isinstance(live, list):
        same_length = len(desired) == len(live)
        return same_length and all(_equal(a, b, amounts=amounts) for a, b in zip(desired, live, strict=True))
    if amounts and amount(desired) is not None:
        return amount(desired) == amount(live)
    return bool(desired == live) and isinstance(desired, bool) is isinstance(live, bool)


def _empty(value: Any) -> bool:
    """Say whether a server may leave a value out: an absent field and its zero value are the same there."""
    return value is None or value == {} or value == [] or value is False or value == ""
