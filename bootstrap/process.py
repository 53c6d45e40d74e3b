"""The only module that starts outside commands other than Ansible (git, jq, kustomize)."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootstrap.errors import CommandFailed

SHOWN = 2000  # characters of output in an error


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command left behind."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        output = "\n".join(part.strip() for part in (self.stderr, self.stdout) if part.strip())
        return f"{shlex.join(self.argv)}\nended with {self.code}: {output[-SHOWN:] or 'it printed nothing'}"


def run(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
    check: bool = True,
) -> Finished:
    """Run a command to its end; with `check` a failure is a CommandFailed that one could paste."""
    surroundings = {**os.environ, **env} if env else None
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            cwd=cwd,
            env=surroundings,
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as lost:
        raise CommandFailed(f"{argv[0]} is not on PATH; install it, then run the same command again") from lost
    except subprocess.TimeoutExpired as late:
        raise CommandFailed(f"{shlex.join(argv)}\nwas still running after {timeout:.0f} s and was stopped") from late
    finished = Finished(tuple(argv), done.returncode, done.stdout, done.stderr)
    if check and finished.code:
        raise CommandFailed(str(finished))
    return finished
