"""Which state of the source a page of figures or results is about."""

from __future__ import annotations

import subprocess

from rehearsal.cluster import CLONE


def commit() -> str:
    """The commit, marked where the clone has changes."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=True).stdout.strip()
