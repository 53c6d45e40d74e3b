"""The only module that starts outside commands other than Ansible (git, jq, kustomize)."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootstrap.errors import CommandFailed

SHOWN_LINES = 20


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command left behind."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


def run(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
    check: bool = True,
) -> Finished:
    """Run a command to its end; with `check` a failure is a CommandFailed that one could paste.

    `env` comes on top of our own environment. The command and all it started are ended at the timeout.
    """
    command = f"{f'cd {shlex.quote(str(cwd))} && ' if cwd else ''}{shlex.join(argv)}"
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **env} if env else None,
            text=True,
            errors="replace",
            start_new_session=True,  # so that the whole family can be ended at once
        )
    except OSError as error:
        what = f"folder {cwd}" if cwd and not cwd.is_dir() else argv[0]
        why = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be used ({error.strerror})"
        raise CommandFailed(f"{what} {why}; it is needed for: {command}") from error
    try:
        stdout, stderr = process.communicate(stdin, timeout)
    except BaseException as error:
        _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise CommandFailed(f"not done after {timeout:.0f} s and ended: {command}") from error
        raise
    if check and process.returncode:
        raise CommandFailed(_account(command, process.returncode, stderr or stdout))
    return Finished(tuple(argv), process.returncode, stdout, stderr)


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _account(command: str, code: int, output: str) -> str:
    lines = output.strip().splitlines()[-SHOWN_LINES:]
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"
    return "\n".join([f"{how}: {command}", *(f"  {line}" for line in lines)])
