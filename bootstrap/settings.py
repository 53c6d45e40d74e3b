"""creds.env, make's command line and the environment become one frozen Settings, or every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bootstrap.secret import Secret

__all__ = ["Secret", "Settings", "load"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user decided; everything not given has its default here."""

    cluster: str | None = None
    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    kubeconfig: Path | None = None
    ca_file: Path | None = None
    https_proxy: str | None = None
    no_proxy: str | None = None
    namespace: str = "serving-demo-gitops"
    repo_url: str | None = None
    revision: str | None = None
    repo_token: Secret | None = None
    repo_key_file: Path | None = None
    delivery: str | None = None
    rhods_channel: str | None = None
    gitops_channel: str | None = None
    catalog_source: str | None = None
    serving: str = "auto"
    model: Path | None = None
    triton_image: str | None = None
    minio_image: str | None = None
    storage_class: str | None = None
    timeout: int = 1800
    state_dir: Path = Path(".serving-demo")
    dashboard_admin: str | None = None
    allow_dsc_patch: bool = False
    keep: str | None = None
    prune: bool = False
    adopt_leftovers: bool = False
    force_finalizers: bool = False
    dry_run: bool = False
    handout: bool = False
    query: str | None = None
    start_from: str | None = None
    yes: bool = False
    json: bool = False
    verbose: bool = False

    def public(self) -> dict[str, str]:
        """Return the settings that may be written down: no secret, nothing that is only about this run."""
        raise NotImplementedError


def load(overrides: Mapping[str, str], creds_file: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings by precedence: overrides (make's command line), creds.env, environment."""
    raise NotImplementedError
