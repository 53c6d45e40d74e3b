"""Which state of the source a page of figures or results is about."""

from __future__ import annotations

import subprocess

from rehearsal.cluster import CLONE

PAGES = (":!docs/soak.md", ":!docs/bench.md")  # results of before change nothing that is tried now


def commit() -> str:
    """The commit, marked where the clone has changes."""
    name = git("rev-parse", "--short=7", "HEAD")
    return f"{name}-dirty" if git("diff", "--name-only", "HEAD", "--", ".", *PAGES) else name


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=CLONE, capture_output=True, text=True, check=True).stdout.strip()
