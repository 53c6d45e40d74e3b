"""Training gives the committed bytes on every processor; it takes half a minute, so `make test-unit` leaves it out."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="the extra `train` is not installed")

from model import known_answers
from model.recipe import HERE, RECIPES

ROOT = HERE.parent
SHA_ONLY = """
from model import export, known_answers
from model.recipe import RECIPES
for recipe in RECIPES:
    print(known_answers.sha256(export.to_onnx(recipe.train())))
"""
PRODUCT_ONLY = """
import sys
import numpy as np
r = np.random.default_rng(1)
sys.stdout.buffer.write((r.random((256, 32)) @ r.random((32, 32))).tobytes())
"""
DISPATCHED_ONLY = """
import numpy as np
print(*np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))
"""
# OpenBLAS takes its word for it: a kernel that the processor cannot run ends the process by SIGILL
NEEDS = {
    "Nehalem": {"sse4_2"},
    "Haswell": {"avx2", "fma"},
    "Zen": {"avx2", "fma"},
    "SkylakeX": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
}


def printed(code: str, python: str = sys.executable, **variables: str) -> bytes:
    """What a fresh process prints."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr.decode(errors='replace')}"
    return done.stdout


def trained_shas(python: str = sys.executable, **variables: str) -> list[str]:
    """The sha256 of each model trained in a fresh process."""
    return printed(SHA_ONLY, python, **variables).decode().split()


def committed_shas() -> list[str]:
    return [known_answers.sha256(recipe.file.read_bytes()) for recipe in RECIPES]


def processor() -> set[str]:
    """What the first processor can do, by Linux's names on x86-64; nothing elsewhere."""
    file = Path("/proc/cpuinfo")
    found = re.search(r"^flags\s*:(.*)$", file.read_text(), re.MULTILINE) if file.exists() else None
    return set(found[1].split()) if found else set()


def needs(kernel: str) -> None:
    """The test is skipped where the processor cannot run this kernel."""
    if missing := sorted(NEEDS[kernel] - processor()):
        pytest.skip(f"the kernel {kernel} needs what /proc/cpuinfo does not name: {', '.join(missing)}")


def built(part: str) -> dict[str, Any]:
    """A part of what numpy says of how it was built."""
    config: Any = np.show_config(mode="dicts")
    return dict(config[part])


@pytest.mark.parametrize(
    ("kernel", "threads"),
    [("", "1"), ("", "2"), ("Nehalem", "1"), ("Haswell", "2"), ("SkylakeX", "1"), ("Zen", "2")],
)
def test_training_gives_the_committed_bytes_on_every_kernel(kernel: str, threads: str) -> None:
    if kernel:
        needs(kernel)
    settings = {"OPENBLAS_NUM_THREADS": threads} | ({"OPENBLAS_CORETYPE": kernel} if kernel else {})
    assert trained_shas(**settings) == committed_shas()


def test_training_gives_the_committed_bytes_without_wide_vectors() -> None:
    wide = " ".join(built("SIMD Extensions").get("found", []))  # numpy's releases name them differently
    if platform.machine() == "x86_64" and "avx2" in processor():
        assert wide, "numpy dispatches nothing, so that nothing is left out here"
    assert not printed(DISPATCHED_ONLY, NPY_DISABLE_CPU_FEATURES=wide).split()
    assert trained_shas(NPY_DISABLE_CPU_FEATURES=wide) == committed_shas()


@pytest.mark.parametrize("python", os.environ.get("MODEL_PYTHONS", "").split() or [None])
def test_training_gives_the_committed_bytes_with_other_numpy_versions(python: str | None) -> None:
    if python is None:
        pytest.skip("name interpreters with other numpy versions in MODEL_PYTHONS")
    assert trained_shas(python) == committed_shas()


def test_the_kernels_really_differ() -> None:
    """Else the tests above would compare one kernel with itself."""
    needs("Haswell")
    blas = built("Build Dependencies")["blas"]
    if "DYNAMIC_ARCH" not in blas.get("openblas configuration", ""):
        pytest.skip(f"this numpy's BLAS, {blas['name']}, has one kernel only, so the other tests prove less here")
    one, other = (printed(PRODUCT_ONLY, OPENBLAS_CORETYPE=kernel) for kernel in ("Nehalem", "Haswell"))
    assert one != other, "OPENBLAS_CORETYPE chooses nothing"
