"""Text without secrets: every value of the Secrets at hand in any of its forms, and what only looks like one."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from bootstrap.kube.objects import Obj, dig
from bootstrap.settings import Settings

HIDDEN = "<redacted>"
SHORTEST = 6  # shorter values would hide half of every text
# in a Secret, and known to everybody
OPEN_KEYS = {
    "AWS_DEFAULT_REGION",
    "AWS_S3_BUCKET",
    "AWS_S3_ENDPOINT",
    "ca-bundle.crt",
    "ca.crt",
    "endpoint_url",
    "bucket",
    "name",
    "namespace",
    "project",
    "region",
    "server",
    "service-ca.crt",
    "tls.crt",
    "type",
    "url",
    "username",
}
LOOKS = (
    re.compile(r"sha256~[\w-]{20,}"),
    re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"),
    re.compile(r"(?<=Bearer )[\w.~+/=-]{8,}|(?<=Basic )[\w+/=]{8,}"),
    re.compile(r"(?<=://)[^/@\s:\"']+:[^/@\s\"']+(?=@)"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL),
)
NAMED = re.compile(r"password|passwd|secret|token|private|credential|access_?key|api_?key", re.IGNORECASE)


class Redactor:
    """Takes known secrets, and what looks like one, out of texts."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if len(value) >= SHORTEST for form in forms_of(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        text = self._known.sub(HIDDEN, text) if self._known else text
        for look in LOOKS:
            text = look.sub(HIDDEN, text)
        return text


def forms_of(value: str) -> set[str]:
    """Return how a value may be written: as it is, in base64, in a URL, in JSON."""
    encoded = {base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(value.encode()).decode()}
    stripped = {form.rstrip("=") for form in encoded}
    return {value, value.strip(), quote(value, safe=""), json.dumps(value)[1:-1], *encoded, *stripped} - {""}


def values_of(secret: Obj) -> Iterator[str]:
    """Yield what a Secret hides, also inside of JSON."""
    for key, encoded in dig(secret, "data", default={}).items():
        text = base64.b64decode(encoded).decode(errors="replace")
        if key not in OPEN_KEYS:
            try:
                yield from leaves(json.loads(text))
            except ValueError:
                yield from (line.strip() for line in text.splitlines())
            yield text


def leaves(data: Any) -> Iterator[str]:
    """Yield the texts in JSON, but those that are known to everybody."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in OPEN_KEYS:
                yield from leaves(value)
    elif isinstance(data, list):
        for value in data:
            yield from leaves(value)
    elif isinstance(data, str):
        yield data


def values_in(settings: Settings) -> Iterator[str]:
    """Yield the secrets among the settings."""
    for secret in (settings.password, settings.token, settings.repo_token):
        if secret:
            yield secret.reveal()


def bare(obj: Obj) -> Obj:
    """Return an object without what it hides and without what nobody reads.

    >>> bare({"kind": "Secret", "metadata": {}, "data": {"key": "c2VjcmV0"}})["data"]
    {'key': '<redacted>'}
    """
    found = copy.deepcopy(obj)
    meta = found.get("metadata", {})
    meta.pop("managedFields", None)
    (meta.get("annotations") or {}).pop("kubectl.kubernetes.io/last-applied-configuration", None)
    if found.get("kind") == "Secret":
        for part in ("data", "stringData"):
            if part in found:
                found[part] = dict.fromkeys(found[part] or {}, HIDDEN)
    hide_named(found.get("spec"))
    return found


def hide_named(data: Any) -> None:
    """Hide values that stand under a telling name, as in a container's environment."""
    if isinstance(data, list):
        for item in data:
            hide_named(item)
    elif isinstance(data, dict):
        if isinstance(data.get("value"), str) and NAMED.search(str(data.get("name", ""))):
            data["value"] = HIDDEN
        for item in data.values():
            hide_named(item)
