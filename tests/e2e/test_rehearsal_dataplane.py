"""The data plane's own tests, by the Go that builds it."""

from __future__ import annotations

import subprocess

import pytest

from rehearsal.cluster import CLONE
from rehearsal.toolchain.cache import cache_root
from rehearsal.toolchain.go import Go, find_go

pytestmark = pytest.mark.e2e
FOLDER = CLONE / "rehearsal" / "dataplane"


@pytest.mark.parametrize("check", ["vet", "test"])
def test_the_data_plane_passes(check: str) -> None:
    root = cache_root()
    go = Go(find_go(root), root)
    command = [str(go.binary), check, "./..."]
    done = subprocess.run(command, cwd=FOLDER, env=go.environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_data_plane_needs_the_standard_library_alone() -> None:
    lines = (FOLDER / "go.mod").read_text().splitlines()
    assert not [line for line in lines if line.startswith(("require", "replace"))]
