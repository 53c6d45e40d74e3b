"""The streams between the agent and a process: pipes, or a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stdio:
    """One side of a process' streams; -1 where there is none; a terminal is all of them."""

    stdin: int = -1
    stdout: int = -1
    stderr: int = -1

    def close(self) -> None:
        """Every descriptor of this side is closed."""
        for descriptor in {self.stdin, self.stdout, self.stderr} - {-1}:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def open_pair(stdin: bool, tty: bool) -> tuple[Stdio, Stdio]:
    """Our side and the process' side."""
    if tty:
        ours, theirs = os.openpty()
        return Stdio(ours if stdin else -1, ours), Stdio(theirs, theirs, theirs)
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    in_read, in_write = os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY), -1)
    return Stdio(in_write, out_read, err_read), Stdio(in_read, out_write, err_write)


def end(descriptor: int) -> None:
    """What is written here goes nowhere from now on; the number stays taken until its owner closes it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor, inheritable=False)
    os.close(nowhere)


def resize(descriptor: int, width: int, height: int) -> None:
    """The terminal has this many columns and rows."""
    with contextlib.suppress(OSError):
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
