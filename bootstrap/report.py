"""Results as text for people, or as JSON for programs, always on stdout."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

from bootstrap import process
from bootstrap.errors import UsageError

TITLES = {
    "argocd": "Argo CD",
    "dashboard": "OpenShift AI dashboard",
    "inference": "Inference endpoint",
    "minio": "MinIO console",
    "s3": "MinIO S3",
}


def sections(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return sections as aligned lines, each under its title."""
    blocks = []
    for name, values in found.items():
        width = max((len(key) for key in values), default=0)
        lines = [f"  {key.replace('_', ' '):<{width}}  {value}" for key, value in values.items() if value is not None]
        blocks.append("\n".join([TITLES.get(name, name), *lines]))
    return "\n\n".join(blocks)


def table(rows: list[tuple[str, ...]]) -> str:
    """Return rows as aligned columns; the last column runs free.

    >>> table([("storage", "ready", ""), ("model", "not ready", "nothing there")])
    'storage  ready\\nmodel    not ready  nothing there'
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)] if rows else []
    lines = (
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def as_json(data: Any, query: str | None = None) -> str:
    """Return data as JSON, passed through jq where there is a query."""
    text = json.dumps(data, indent=2)
    return jq(text, query) if query else text


def jq(text: str, query: str) -> str:
    """Return what jq makes of a JSON text."""
    if not shutil.which("jq"):
        raise UsageError("QUERY needs jq, and there is none on PATH; install jq, or use JSON=1 alone")
    done = process.run(["jq", "-r", query], stdin=text, check=False)
    if done.code:
        raise UsageError(f"QUERY='{query}': jq refuses it: {done.stderr.strip()}")
    return done.stdout.rstrip("\n")
