"""Access tokens: kept by their hashes only, in a file that outlives a restart."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rehearsal.api import Obj
from rehearsal.pki import write_private

PREFIX = "sha256~"
API_VERSION = "oauth.openshift.io/v1"


@dataclass(frozen=True, slots=True)
class Login:
    """Someone whose password was right."""

    name: str
    uid: str
    bootstrap: bool = False  # kubeadmin, who is no User object


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of an access token; the token itself is not."""

    name: str
    uid: str
    user: str
    user_uid: str
    client: str
    redirect_uri: str
    created: float
    seconds: int
    bootstrap: bool = False

    def expired(self, now: float) -> bool:
        return self.seconds > 0 and now >= self.created + self.seconds

    def shown(self, kind: str) -> Obj:
        """The token as the API shows it to its owner."""
        created = dt.datetime.fromtimestamp(self.created, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": API_VERSION,
            "kind": kind,
            "metadata": {"name": self.name, "uid": self.uid, "creationTimestamp": created, "resourceVersion": "1"},
            "clientName": self.client,
            "expiresIn": self.seconds,
            "redirectURI": self.redirect_uri,
            "scopes": ["user:full"],
            "userName": self.user,
            "userUID": self.user_uid,
        }


def hashed_name(token: str) -> str:
    """The name under which a token is kept.

    >>> hashed_name("sha256~abc")
    'sha256~ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'
    """
    digest = hashlib.sha256(token.removeprefix(PREFIX).encode()).digest()
    return PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Tokens:
    """All tokens that were given out and not yet withdrawn."""

    def __init__(self, file: Path) -> None:
        self._file = file
        known = json.loads(file.read_text()) if file.exists() else []
        self._tokens: dict[str, Token] = {item["name"]: Token(**item) for item in known}

    def issue(self, login: Login, client: str, redirect_uri: str, seconds: int) -> str:
        """A new token; only its hash stays here."""
        token = PREFIX + secrets.token_urlsafe(32)
        name = hashed_name(token)
        facts: Mapping[str, str] = {"client": client, "redirect_uri": redirect_uri}
        self._tokens[name] = Token(
            name, str(uuid.uuid4()), login.name, login.uid, **facts, created=time.time(), seconds=seconds,
            bootstrap=login.bootstrap,
        )  # fmt: skip
        self._save()
        return token

    def find(self, token: str, now: float | None = None) -> Token | None:
        """The record of a token that is in force."""
        if not token.startswith(PREFIX):
            return None
        found = self._tokens.get(hashed_name(token))
        return None if found is None or found.expired(time.time() if now is None else now) else found

    def of(self, user: str | None = None) -> list[Token]:
        """The tokens of one user, or of all."""
        now = time.time()
        return [one for one in self._tokens.values() if user in (None, one.user) and not one.expired(now)]

    def withdraw(self, name: str) -> Token | None:
        """The token of this name is in force no more."""
        gone = self._tokens.pop(name, None)
        if gone is not None:
            self._save()
        return gone

    def _save(self) -> None:
        now = time.time()
        self._tokens = {name: token for name, token in self._tokens.items() if not token.expired(now)}
        write_private(self._file, json.dumps([asdict(token) for token in self._tokens.values()]).encode())
