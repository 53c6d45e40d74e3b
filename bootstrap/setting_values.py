"""How the text of one setting becomes its value, or which rule it breaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bootstrap.secret import Secret

Parse = Callable[[str], Any]
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
IMAGE = re.compile(r"[a-z0-9][-a-z0-9._:]*(/[-a-zA-Z0-9._]+)+(:[-\w.]{1,128})?(@sha256:[0-9a-f]{64})?")
USER = re.compile(r"[^\s/%]{1,253}")
REVISION = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._/+]*")
SSH_REPOSITORY = re.compile(r"(ssh://)?[\w.-]+@[\w.-]+[:/].+")
LARGEST_MODEL = 100 * 2**20  # bytes
YES, NO = {"1", "yes", "true", "on"}, {"0", "no", "false", "off"}


class BadValue(ValueError):
    """A value breaks a rule; the message completes "KEY 'value' ..."."""


def text(value: str) -> str:
    """Return the value as it is."""
    return value


def secret(value: str) -> Secret:
    """Return the value as a Secret."""
    return Secret(value)


def one_of(*allowed: str) -> Parse:
    """Return a parser that knows only these words."""

    def parse(value: str) -> str:
        if value not in allowed:
            raise BadValue(f"is not one of {', '.join(allowed)}")
        return value

    return parse


def flag(value: str) -> bool:
    """Return a yes or no."""
    if value.lower() not in YES | NO:
        raise BadValue("is neither yes nor no; write 1 or 0")
    return value.lower() in YES


def seconds(value: str) -> int:
    """Return a number of seconds that a person would wait."""
    if not value.isascii() or not value.isdigit() or not 60 <= int(value) <= 86400:
        raise BadValue("is not a number of seconds between 60 and 86400")
    return int(value)


def api_url(value: str) -> str:
    """Return the URL of an API server."""
    example = "expected something like https://api.<cluster>:6443"
    try:
        url = urlsplit(value)
        host, port = url.hostname, url.port
    except ValueError:
        raise BadValue(f"is not a URL; {example}") from None
    if url.scheme == "http":
        raise BadValue(f"is http: signing in needs https; {example}")
    if url.scheme != "https" or not host or re.search(r"[\s@]", value) or not DNS_NAME.fullmatch(host.replace(":", "")):
        raise BadValue(f"is not an https URL; {example}")
    if host.startswith("console-openshift-console.apps."):
        domain = host.removeprefix("console-openshift-console.apps.")
        raise BadValue(f"is the web console; the API server is probably https://api.{domain}:6443")
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise BadValue(f"has a path after the host; {example}")
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}:{port}" if port else f"https://{shown}"


def proxy_url(value: str) -> str:
    """Return the URL of a proxy."""
    url = urlsplit(value if "://" in value else f"http://{value}")
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise BadValue("is not the URL of an http or https proxy; expected something like http://proxy.example:3128")
    return url.geturl()


def repository(value: str) -> str:
    """Return the URL of a Git repository."""
    if SSH_REPOSITORY.fullmatch(value):
        return value
    url = urlsplit(value)
    if url.scheme != "https" or not url.hostname or not url.path.strip("/"):
        raise BadValue(
            "is not a repository; expected https://<host>/<owner>/<name>.git or git@<host>:<owner>/<name>.git"
        )
    if url.username or url.password:
        raise BadValue("holds credentials; put the token into REPO_TOKEN and leave it out of the URL")
    return value


def matching(pattern: re.Pattern[str], rule: str) -> Parse:
    """Return a parser of values of one shape."""

    def parse(value: str) -> str:
        if not pattern.fullmatch(value):
            raise BadValue(rule)
        return value

    return parse


def namespace(value: str) -> str:
    """Return a namespace that the demo may call its own."""
    if not DNS_LABEL.fullmatch(value):
        raise BadValue("is not a namespace's name: lower-case letters, digits and `-`, at most 63")
    if value == "default" or value.startswith(("openshift", "kube-", "redhat-ods")) or value == "serving-demo-record":
        raise BadValue("belongs to the platform; choose one for the demo alone")
    return value


def location(value: str) -> Path:
    """Return a path with `~` and `~user` resolved; whether anything is there is not asked."""
    try:
        path = Path(value).expanduser()
        path.exists()
    except RuntimeError:
        raise BadValue("names a user that this machine does not have; write the path out") from None
    except OSError as error:
        raise BadValue(f"cannot be a path: {(error.strerror or 'refused by the system').lower()}") from None
    return path


def existing_file(value: str) -> Path:
    """Return the path of a file that is there and can be read."""
    path = location(value)
    if not path.exists():
        raise BadValue("does not exist; give the path of a file")
    if not path.is_file():
        raise BadValue("is not a file")
    try:
        with path.open("rb"):
            return path
    except PermissionError:
        raise BadValue("cannot be read: permission denied") from None


def onnx(value: str) -> Path:
    """Return the path of a model that the demo's bucket and time limits are made for."""
    path = existing_file(value)
    size = path.stat().st_size
    if not size:
        raise BadValue("is empty; expected one ONNX file")
    if size > LARGEST_MODEL:
        raise BadValue(f"has {size / 2**20:.0f} MB; the demo takes models up to {LARGEST_MODEL / 2**20:.0f} MB")
    return path.resolve()


def certificates(value: str) -> Path:
    """Return the path of a file of PEM certificates."""
    path = existing_file(value)
    if b"-----BEGIN CERTIFICATE-----" not in path.read_bytes():
        raise BadValue("holds no PEM certificate (no line `-----BEGIN CERTIFICATE-----`)")
    return path


def folder(value: str) -> Path:
    """Return the path of a folder that is there, or can be made."""
    path = location(value)
    if path.exists() and not path.is_dir():
        raise BadValue("is a file; it must be a folder")
    return path
