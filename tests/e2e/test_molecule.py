"""Every role on its own, as its Molecule scenario walks it: check mode, converge, again, and other clients look."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.cluster import CLONE
from tests.e2e.journey import User

pytestmark = pytest.mark.e2e
RHODS = "3.4"
ROLES = ("gitops", "rhods", "storage", "model", "serving")  # each builds on those before it
SECONDS = 480  # of one scenario; a minute on an idle machine


def molecule(somebody: User, verb: str, role: str) -> None:
    """A scenario, or a part of it, as a maintainer types it; it must end well."""
    programs = os.pathsep.join((str(Path(sys.executable).parent), somebody.environment["PATH"]))
    environment = {
        **somebody.environment,
        "PATH": programs,
        "STATE_DIR": str(somebody.state),
        "MOLECULE_GLOB": "tests/molecule/*/molecule.yml",
        "ANSIBLE_CONFIG": str(CLONE / "ansible.cfg"),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(somebody.state / "molecule" / role),  # else below the user's home
    }
    command = ["molecule", verb, "--scenario-name", role]
    done = subprocess.run(
        command, cwd=CLONE, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        pytest.fail(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


@pytest.mark.parametrize("role", ROLES)
def test_role(somebody: User, role: str) -> None:
    molecule(somebody, "test", role)


def test_cleanup_gives_the_cluster_back(somebody: User) -> None:
    molecule(somebody, "cleanup", ROLES[-1])
    assert "there is no demo here" in somebody.run("teardown", "YES=1", code=2)
