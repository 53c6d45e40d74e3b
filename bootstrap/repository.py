"""The Git repository and revision that Argo CD delivers from, and what it needs to read them."""

from __future__ import annotations

import base64
import re
import shlex
from urllib.parse import urlsplit

from bootstrap import process, tree
from bootstrap.errors import DemoError
from bootstrap.kube.objects import LABELS, Obj, Ref
from bootstrap.settings import Settings

CLONE = tree.ROOT
SSH_URL = re.compile(r"ssh://(?:[^@/]+@)?([^:/]+)(?::\d+)?/(.+)")
SSH_SHORT = re.compile(r"(?:[^@/:]+@)?([^@/:]+\.[^@/:]+):(?!//)(.+)")  # a host has a dot, a drive has none
OFFER_DIRECT = "set DELIVERY=direct to apply this working copy without Git"
OFFER = f"push it, or {OFFER_DIRECT}"


def is_clone() -> bool:
    """Say whether this is a Git clone, rather than an installed copy."""
    return (CLONE / ".git").exists()


def https_url(url: str) -> str:
    """Return the https form of an ssh URL of a Git host, whoever signs in there; others as they are.

    >>> https_url("git@github.com:me/serving-demo.git")
    'https://github.com/me/serving-demo.git'
    >>> https_url("ssh://alice@git.example.com:2222/me/serving-demo.git")
    'https://git.example.com/me/serving-demo.git'
    """
    if found := SSH_URL.fullmatch(url) or SSH_SHORT.fullmatch(url):
        return f"https://{found[1]}/{found[2]}"
    return url


def by_ssh(url: str) -> bool:
    """Say whether a repository is read over SSH."""
    return https_url(url) != url


def origin(settings: Settings) -> str:
    """Return the URL of this clone's origin as a cluster can read it; with a key for SSH it stays as it is."""
    url = git("remote", "get-url", "origin", check=False) if is_clone() else ""
    return url if settings.repo_key_file else https_url(url)


def access(settings: Settings) -> dict[str, str]:
    """Return the environment in which Git reads the repository as the settings say; secrets stand in no title.

    What else this machine's user may read does not count: the cluster has none of that.
    """
    config = {"credential.helper": ""}
    env = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=10"}
    if settings.ca_file:
        env["GIT_SSL_CAINFO"] = str(settings.ca_file)
    if settings.https_proxy:
        env |= {"HTTPS_PROXY": settings.https_proxy, "NO_PROXY": settings.no_proxy or ""}
    if settings.repo_key_file:
        env["GIT_SSH_COMMAND"] += f" -i {shlex.quote(str(settings.repo_key_file))}"
    if settings.repo_token:
        basic = base64.b64encode(f"git:{settings.repo_token.reveal()}".encode()).decode()
        config["http.extraHeader"] = f"Authorization: Basic {basic}"
    env["GIT_CONFIG_COUNT"] = str(len(config))
    for number, (key, value) in enumerate(config.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def git(*arguments: str, check: bool = True) -> str:
    """Return what a Git command about this clone prints."""
    return process.run(["git", *arguments], cwd=CLONE, check=check).stdout.strip()


def locate(settings: Settings) -> tuple[str, str]:
    """Return URL and commit to deliver from: the settings', else this clone's origin and its current commit."""
    url = settings.repo_url or origin(settings)
    if not url:
        raise DemoError(f"REPO_URL is not set and this folder has no Git remote 'origin'; {OFFER}")
    if not settings.revision and not is_clone():
        raise DemoError(f"REVISION is not set and this installed copy is no commit of {url}; set it, or {OFFER_DIRECT}")
    revision = settings.revision or git("rev-parse", "HEAD")
    if re.fullmatch(r"[0-9a-f]{40}", revision):
        return url, revision
    return url, commit_of(settings, url, revision)


def commit_of(settings: Settings, url: str, revision: str) -> str:
    """Return the commit that a branch or tag of the repository stands at."""
    # what a tag means, the tag, the branch; asked for whole, because git also takes a part of a name for a name
    names = (f"refs/tags/{revision}^{{}}", f"refs/tags/{revision}", f"refs/heads/{revision}")
    listed = process.run(["git", "ls-remote", url, *names], env=access(settings), check=False, timeout=30)
    commits = {name: commit for commit, _, name in (line.partition("\t") for line in listed.stdout.splitlines())}
    found = next((commits[name] for name in names if name in commits), None)
    if listed.code or found is None:
        raise DemoError(f"{url} has no branch or tag '{revision}' that can be read from here; {OFFER}")
    return found


def secret(settings: Settings, url: str | None, argocd: Ref) -> list[Obj]:
    """Return the repository Secret of a private repository, or nothing for a public one."""
    values = {"type": "git", "url": url or "", "project": "serving-demo"}
    if settings.repo_token:
        values |= {"username": "git", "password": settings.repo_token.reveal()}
    elif settings.repo_key_file:
        values |= {"sshPrivateKey": settings.repo_key_file.read_text()}
    else:
        return []
    labels = {**LABELS, "argocd.argoproj.io/secret-type": "repository"}
    meta = {"name": "serving-demo-repository", "namespace": argocd.namespace, "labels": labels}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return [{"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": data}]


def ca_certificates(url: str | None, certificates: str | None, argocd: Ref) -> list[Obj]:
    """Return the one key of Argo CD's list of authorities that makes it trust the repository's host.

    What stands there replaces the system's authorities for that host, so a public one gets none.
    """
    host = urlsplit(url or "").hostname
    if not certificates or not host:
        return []
    meta = {"name": "argocd-tls-certs-cm", "namespace": argocd.namespace}
    return [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {host: certificates}}]
