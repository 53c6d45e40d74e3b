"""The product's own command on a rehearsal, as a user with that rehearsal's environment runs it."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cluster import CLONE, Cluster, root_of
from rehearsal.env_file import variables
from tests.e2e.rehearsing import RUNNING, rehearsal

COMMAND_SECONDS = 900  # a minute and a half on an idle machine
WRITES = {"create", "update", "patch", "delete", "deletecollection"}
# asking who one is, what one may do, and reaching a pod are creations by verb alone
NO_WRITES = {"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews"}
AGENT = "serving-demo"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a clone, a rehearsal and a state directory of their own."""

    cluster: Cluster
    state: Path
    environment: dict[str, str]

    def run(self, *arguments: str, code: int = 0) -> str:
        """What the command printed; its exit code is the one expected."""
        command = [sys.executable, "-m", "bootstrap", *arguments, f"STATE_DIR={self.state}"]
        done = subprocess.run(
            command, cwd=CLONE, env=self.environment, capture_output=True, text=True, timeout=COMMAND_SECONDS
        )
        if done.returncode != code:
            pytest.fail(f"{shlex.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def json(self, verb: str) -> Any:
        """What a verb says to programs."""
        command = [sys.executable, "-m", "bootstrap", verb, "JSON=1", f"STATE_DIR={self.state}"]
        done = subprocess.run(
            command, cwd=CLONE, env=self.environment, capture_output=True, text=True, timeout=60, check=True
        )
        return json.loads(done.stdout)

    def paste(self, command: str) -> Any:
        """The answer to a command pasted into a shell that knows nothing of the rehearsal."""
        bare = {"PATH": os.environ["PATH"]}
        done = subprocess.run(["/bin/sh", "-c", command], env=bare, capture_output=True, timeout=60)
        return json.loads(done.stdout or b"null")

    def writes(self) -> list[str]:
        """What the audit log holds of our writes, dry runs not counted."""
        return list(written(self.cluster.audit_log))

    def kubeconfig_sum(self) -> str:
        """The hash of the kubeconfig that we were given."""
        return hashlib.sha256(self.cluster.kubeconfig.read_bytes()).hexdigest()


def written(log: Path) -> Iterator[str]:
    """Verb and URL of every write that the product made."""
    with log.open() as lines:
        for line in lines:
            if not line.endswith("\n"):  # is just being written
                return
            entry = json.loads(line)
            resource = entry.get("objectRef") or {}
            passing = resource.get("resource") in NO_WRITES or resource.get("subresource") == "portforward"
            ours = entry.get("userAgent", "").startswith(AGENT) and entry.get("stage") == "ResponseComplete"
            if ours and entry["verb"] in WRITES and not passing and "dryRun=All" not in entry["requestURI"]:
                yield f"{entry['verb']} {entry['requestURI']}"


@contextmanager
def user(root: Path, state: Path, name: str, rhods: str) -> Iterator[User]:
    """A rehearsal for one release of OpenShift AI, there as long as the block lasts; a running one stays."""
    if running := os.environ.get(RUNNING):
        yield user_of(Cluster.load(root_of(running)), state)
        return
    try:
        rehearsal("up", "--name", name, "--rhods", rhods, root=root)
        yield user_of(Cluster.load(root / name), state)
    finally:
        rehearsal("down", "--name", name, root=root)


def user_of(cluster: Cluster, state: Path) -> User:
    """A user with the environment that the rehearsal exports."""
    exported = (line for line in cluster.env_file.read_text().splitlines() if line.startswith("export REVISION="))
    revision = next(exported).partition("=")[2].strip("'")
    path = os.pathsep.join((str(cluster.root / "bin"), os.environ["PATH"]))
    return User(cluster, state, {**os.environ, **variables(cluster, revision), "PATH": path})
