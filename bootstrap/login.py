"""Signing in without `oc`: a private kubeconfig from user and password, from a token, or the given one as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bootstrap.settings import Settings


@dataclass(frozen=True, slots=True)
class Session:
    """Who we are on which cluster, through which kubeconfig."""

    kubeconfig: Path
    server: str
    user: str
    cluster_id: str | None
    owned: bool  # True: the kubeconfig is ours (state directory), False: given by the user and read-only


def login(settings: Settings) -> Session:
    """Sign in (or check the kubeconfig given) and return the session; ours is written with mode 0600."""
    raise NotImplementedError


def logout(settings: Settings) -> bool:
    """Revoke the token that `login` got and remove our kubeconfig; False if there was none."""
    raise NotImplementedError
