"""The Git repository as the cluster will read it: there, with our commit in it, and equal to this working copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bootstrap import process, repository
from bootstrap.doctor.finding import Check, Finding
from bootstrap.errors import CommandFailed
from bootstrap.settings import Settings

COMMIT = re.compile(r"[0-9a-f]{40}")
OFFER = "or set DELIVERY=direct to apply this working copy without Git"


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository, and what of it was found from here."""

    url: str
    revision: str  # as given, else the current commit
    chosen: bool  # the settings name it; else it is this working copy's
    problem: str | None = None  # why it cannot be listed
    keyless: bool = False  # is read over SSH, and no key is given for that
    offered: bool | None = True  # the revision is there; None: that cannot be told from here
    changed: tuple[str, ...] = ()  # manifests here that are not as in the revision


def gather(settings: Settings) -> Origin:
    """Return what can be found out about the repository; nothing is fetched."""
    clone = repository.is_clone()
    url = settings.repo_url or repository.origin(settings)
    revision = settings.revision or (repository.git("rev-parse", "HEAD") if clone else "")
    chosen = settings.revision is not None
    if not url:
        return Origin("", revision, chosen)
    if repository.by_ssh(url) and not settings.repo_key_file:
        return Origin(url, revision, chosen, keyless=True)
    listed = listing(settings, url)
    if isinstance(listed, str):
        return Origin(url, revision, chosen, problem=listed)
    changed = differing(listed, settings.revision) if clone else ()
    return Origin(url, revision, chosen, offered=offers(listed, revision, clone), changed=changed)


def differing(listed: dict[str, str], revision: str | None) -> tuple[str, ...]:
    """Return the manifests of this working copy that are not as in the revision, where this clone has that at all."""
    if revision is None:
        lines = repository.git("status", "--porcelain", "--", "manifests").splitlines()
        return tuple(line[2:].strip() for line in lines)
    names = (f"refs/tags/{revision}^{{}}", f"refs/tags/{revision}", f"refs/heads/{revision}")
    commit = next((listed[name] for name in names if name in listed), revision)
    if not COMMIT.fullmatch(commit) or not known(commit):
        return ()
    return tuple(repository.git("diff", "--name-only", commit, "--", "manifests").splitlines())


def listing(settings: Settings, url: str) -> dict[str, str] | str:
    """Return name -> commit of the branches and tags of a repository, or why it cannot be listed."""
    try:
        done = process.run(["git", "ls-remote", url], env=repository.access(settings), timeout=20, check=False)
    except CommandFailed as problem:
        return str(problem)
    if done.code:
        return (done.stderr.strip().splitlines() or ["git ls-remote failed"])[-1]
    pairs = (line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
    return {name: commit for commit, name in pairs}


def offers(listed: dict[str, str], revision: str, clone: bool) -> bool | None:
    """Say whether a listed repository has a revision; None where only the repository itself could tell."""
    if not COMMIT.fullmatch(revision):
        return any(name in listed for name in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"))
    tips = set(listed.values())
    if revision in tips:
        return True
    if not clone or not known(revision):
        return None
    here = [tip for tip in sorted(tips) if known(tip)]
    if any(inside(revision, tip) for tip in here):
        return True
    return False if len(here) == len(tips) else None


def known(commit: str) -> bool:
    """Say whether this clone has a commit."""
    command = ["git", "cat-file", "-e", f"{commit}^{{commit}}"]
    return process.run(command, cwd=repository.CLONE, check=False).code == 0


def inside(commit: str, tip: str) -> bool:
    """Say whether a commit is in the history of another."""
    command = ["git", "merge-base", "--is-ancestor", commit, tip]
    return process.run(command, cwd=repository.CLONE, check=False).code == 0


def reachable(origin: Origin) -> Iterator[Finding]:
    """Find a repository that is not there."""
    if not origin.url:
        what, why = "is not set, and this folder has no Git remote 'origin'", "Argo CD delivers from a repository"
        yield Finding("REPO_URL", what, why, f"push this clone somewhere and set REPO_URL, {OFFER}")
    elif origin.keyless:
        what, why = "is read over SSH, and REPO_KEY_FILE is not set", "Argo CD has no key of yours"
        yield Finding(origin.url, what, why, f"set REPO_KEY_FILE, or REPO_URL to its https URL, {OFFER}")
    elif origin.problem:
        why = "Argo CD delivers from it"
        hint = "check REPO_URL, REPO_TOKEN or REPO_KEY_FILE, CA_FILE and the proxy"
        yield Finding(origin.url, f"cannot be read from here: {origin.problem}", why, f"{hint}, {OFFER}")


def pushed(origin: Origin) -> Iterator[Finding]:
    """Find a revision that the repository does not have."""
    if not origin.url or origin.problem or origin.keyless or origin.offered:
        return
    named = "commit" if COMMIT.fullmatch(origin.revision) else "branch or tag"
    what = f"has no {named} {origin.revision[:12] if named == 'commit' else repr(origin.revision)}"
    if origin.offered is None:
        what = f"may not have commit {origin.revision[:12]}: it is at the tip of no branch or tag"
    why = "Argo CD delivers exactly that"
    step = "choose another REVISION" if origin.chosen else "git push"
    yield Finding(origin.url, what, why, f"{step}, {OFFER}", blocks=origin.offered is False)


def same(origin: Origin) -> Iterator[Finding]:
    """Find manifests that are not here as the cluster will read them."""
    if origin.changed:
        more = f" and {len(origin.changed) - 3} more" if len(origin.changed) > 3 else ""
        shown = f"{', '.join(origin.changed[:3])}{more}"
        what = f"not as in REVISION: {shown}" if origin.chosen else f"changed and not committed: {shown}"
        why = f"Argo CD delivers {origin.revision[:40]} without these changes, and a run waits for what is here"
        step = "leave REVISION out or choose one like this working copy" if origin.chosen else "commit and push them"
        yield Finding(str(Path("manifests")), what, why, f"{step}, {OFFER}", blocks=False)


CHECKS = (Check("repository", reachable), Check("revision", pushed), Check("working copy", same))
