"""Where a secret got to: every way in which it may be written, looked for in texts, files and titles of processes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus


def forms(secret: str) -> set[bytes]:
    """Every way in which this secret may be written: plain, in JSON, in a URL, in base64 wherever it begins in it."""
    raw = secret.encode()
    written = {raw, json.dumps(secret)[1:-1].encode(), quote(secret, safe="").encode(), quote_plus(secret).encode()}
    for before in range(3):
        # in a longer base64 text the bytes beside ours change the first and last characters
        middle = base64.b64encode(b"\0" * before + raw)[(0, 2, 3)[before] :]
        whole = middle[: len(middle) - (0, 3, 2)[(before + len(raw)) % 3]]
        written |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return written


def leaks(secrets: Mapping[str, str], texts: Iterable[tuple[str, bytes]]) -> list[str]:
    """Which secret stands in which text."""
    looked_for = {name: forms(secret) for name, secret in secrets.items()}
    return [
        f"{name} stands in {where}"
        for where, text in texts
        for name, written in looked_for.items()
        if any(form in text for form in written)
    ]


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below these folders with its name and content."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path), path.name.encode() + b"\n" + path.read_bytes()
