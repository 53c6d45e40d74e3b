"""creds.env, make's command line and the environment become one frozen Settings, or every problem at once."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bootstrap import creds_file
from bootstrap.errors import SettingsError
from bootstrap.kubeconfig import current_context, paths, same_server
from bootstrap.secret import Secret
from bootstrap.setting_keys import BY_NAME, KEYS, MAKE_ONLY, OF_A_CLUSTER, WAYS_IN, Key
from bootstrap.setting_values import BadValue

__all__ = ["Secret", "Settings", "load"]

PASSWORD_IN_URL = re.compile(r"://[^/]*@")


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
    answers: Path | None = None
    dashboard_admin: str | None = None
    triton_image: str | None = None
    minio_image: str | None = None
    storage_class: str | None = None
    timeout: int = 3600
    state_dir: Path = Path(".serving-demo")
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

    @property
    def nowhere(self) -> bool:
        """Say whether nothing tells which cluster to use."""
        return self.kubeconfig is None and self.cluster is None

    def public(self) -> dict[str, str]:
        """Return what may be written down in the cluster: no secret, no path of this machine, nothing of one run."""
        given = {key.name: getattr(self, key.field) for key in KEYS if key.public}
        return {name: str(value) for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Given:
    """One value as somebody gave it."""

    key: Key
    text: str
    where: str  # "creds.env:4", "make" or "environment"


def load(overrides: Mapping[str, str], creds_file_path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings by precedence: overrides (make's command line), creds.env, environment."""
    problems: list[str] = []
    rehearsal = overrides.get("REHEARSAL", environ.get("REHEARSAL", ""))
    without = OF_A_CLUSTER if rehearsal else frozenset()
    parsed = creds_file.read(creds_file_path, without) if creds_file_path else creds_file.Parsed()
    typed = _from_overrides(overrides, problems)
    written = _from_file(parsed, creds_file_path.name if creds_file_path else "", problems)
    given = {**_from_environment(environ, {**written, **typed}), **written, **typed}
    values: dict[str, Any] = {}
    if rehearsal:
        _that_rehearsal(rehearsal, typed, environ, problems)
    for one in given.values():
        try:
            values[one.key.field] = one.key.parse(one.text)
        except BadValue as error:
            shown = "" if one.key.secret or PASSWORD_IN_URL.search(one.text) else f" {one.text!r}"
            problems.append(f"{one.where}: {one.key.name}{shown} {error}")
    if not parsed.broken & WAYS_IN:  # one message for one mistake
        _credentials(given, problems)
    _one_cluster(given, values, problems)
    if problems:
        raise SettingsError(problems)
    known = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in values.items() if name in known})


def _from_overrides(overrides: Mapping[str, str], problems: list[str]) -> dict[str, Given]:
    found: dict[str, Given] = {}
    for name, text in overrides.items():
        if name == "RHODS" and "REHEARSAL" not in overrides:
            problems.append("make: RHODS is about rehearsals; RHODS_CHANNEL chooses what is installed on a cluster")
        if name in MAKE_ONLY:
            continue
        key = BY_NAME.get(name)
        if key is None:
            problems.append(f"make: {name} is no setting{_nearest(name)}")
        elif key.secret and name != "HTTPS_PROXY":
            problems.append(
                f"make: {name} on the command line can be read by everybody on this machine; put it into creds.env"
            )
        elif not text.strip():
            problems.append(f"make: {name} is empty; give it a value or leave it out")
        else:
            found[name] = Given(key, text.strip(), "make")
    return found


def _from_file(parsed: creds_file.Parsed, name_of_file: str, problems: list[str]) -> dict[str, Given]:
    problems += parsed.problems
    found: dict[str, Given] = {}
    for name, (text, line) in parsed.values.items():
        where = f"{name_of_file}:{line}"
        key = BY_NAME.get(name)
        if key is None:
            problems.append(f"{where}: {name} is no setting{_nearest(name)}")
        elif key.one_run:
            problems.append(f"{where}: {name} is about one run only; give it to make instead: make {name}=...")
        else:
            found[name] = Given(key, text, where)
    return found


def _from_environment(environ: Mapping[str, str], above: Mapping[str, Given]) -> dict[str, Given]:
    """Return what the environment adds; no secret there mixes with a way to sign in that is given above it."""
    found = {}
    for key in KEYS:
        text = environ.get(key.name, "") or (environ.get(key.name.lower(), "") if "PROXY" in key.name else "")
        mixes = key.name in {"PASSWORD", "TOKEN"} and {"PASSWORD", "TOKEN"} & above.keys()
        if text.strip() and key.from_environment and not mixes:
            found[key.name] = Given(key, text.strip(), "environment")
    return found


def _that_rehearsal(name: str, typed: Mapping[str, Given], environ: Mapping[str, str], problems: list[str]) -> None:
    """Check that a KUBECONFIG on the command line means the rehearsal that is named there too."""
    if "KUBECONFIG" not in typed or not environ.get("KUBECONFIG"):
        return
    try:
        meant, its = (current_context(Path(text)).server for text in (typed["KUBECONFIG"].text, environ["KUBECONFIG"]))
    except SettingsError:
        return  # the one that is typed is checked below
    if not same_server(meant, its):
        problems.append(
            f"make: KUBECONFIG means {meant}, but REHEARSAL={name} is {its}; leave one of them out "
            "(REHEARSAL= where the shell has it), so that nothing happens on the wrong cluster"
        )


def _nearest(name: str) -> str:
    """Return the setting that was probably meant, as the end of a sentence."""
    near = difflib.get_close_matches(name.upper(), BY_NAME, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else "; creds.env.example lists them all"


def _credentials(given: Mapping[str, Given], problems: list[str]) -> None:
    """Check that what is needed to sign in is there, once."""
    cluster, user, password, token, kubeconfig = (
        given.get(name) for name in ("CLUSTER", "USER", "PASSWORD", "TOKEN", "KUBECONFIG")
    )
    if token and (user or (password and password.where != "environment")):
        problems.append(f"{token.where}: TOKEN and USER with PASSWORD are two ways to sign in; give one of them")
        return
    if user and not password:
        problems.append(f"{user.where}: USER is given without PASSWORD; add PASSWORD to creds.env")
    if password and not user and password.where != "environment":
        problems.append(f"{password.where}: PASSWORD is given without USER; add USER (the shell's USER does not count)")
    if cluster and not (token or user or password or kubeconfig):
        problems.append(f"{cluster.where}: CLUSTER alone is not enough; add USER and PASSWORD, or TOKEN")
    credential = token or user
    if credential and not cluster and not kubeconfig:
        problems.append(f"{credential.where}: {credential.key.name} is given without CLUSTER; add the API server's URL")


def _one_cluster(given: dict[str, Given], values: dict[str, Any], problems: list[str]) -> None:
    """Check that KUBECONFIG can be used and that CLUSTER means the same API server."""
    kubeconfig, cluster = given.get("KUBECONFIG"), given.get("CLUSTER")
    if not kubeconfig:
        return
    # the shell's KUBECONFIG is not how to sign in where that is given, but it may say that another cluster was meant
    signing_in = [given[name].where for name in ("USER", "TOKEN") if name in given]
    beside = kubeconfig.where == "environment" and cluster and any(where != "environment" for where in signing_in)
    values["kubeconfig"] = Path(os.pathsep.join(str(path.absolute()) for path in paths(Path(kubeconfig.text))))
    if beside:
        del given["KUBECONFIG"], values["kubeconfig"]
    try:
        context = current_context(Path(kubeconfig.text))
    except SettingsError as error:
        if not beside:
            problems += [f"{kubeconfig.where}: {problem}" for problem in error.problems]
        return
    if cluster and "cluster" in values and not same_server(values["cluster"], context.server):
        problems.append(
            f"{kubeconfig.where}: KUBECONFIG means {context.server}, but {cluster.where}: CLUSTER means "
            f"{values['cluster']}; leave one of them out, so that nothing happens on the wrong cluster"
        )
