"""Training gives the committed bytes on every processor; it takes half a minute, so `make test-unit` leaves it out."""

from __future__ import annotations

import os
import subprocess
import sys

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


def trained_shas(python: str = sys.executable, **variables: str) -> list[str]:
    """The sha256 of each model trained in a fresh process."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run([python, "-c", SHA_ONLY], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def committed_shas() -> list[str]:
    return [known_answers.sha256(recipe.file.read_bytes()) for recipe in RECIPES]


@pytest.mark.parametrize(
    ("kernel", "threads"),
    [("", "1"), ("", "2"), ("Nehalem", "1"), ("Haswell", "2"), ("SkylakeX", "1"), ("Zen", "2")],
)
def test_training_gives_the_committed_bytes_on_every_kernel(kernel: str, threads: str) -> None:
    settings = {"OPENBLAS_NUM_THREADS": threads} | ({"OPENBLAS_CORETYPE": kernel} if kernel else {})
    assert trained_shas(**settings) == committed_shas()


def test_training_gives_the_committed_bytes_without_wide_vectors() -> None:
    narrow = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR AVX2 FMA3"
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]  # type: ignore[call-overload,index]
    assert trained_shas(NPY_DISABLE_CPU_FEATURES=" ".join(set(narrow.split()) & set(found))) == committed_shas()


@pytest.mark.parametrize("python", os.environ.get("MODEL_PYTHONS", "").split() or [None])
def test_training_gives_the_committed_bytes_with_other_numpy_versions(python: str | None) -> None:
    if python is None:
        pytest.skip("name interpreters with other numpy versions in MODEL_PYTHONS")
    assert trained_shas(python) == committed_shas()


def test_the_kernels_really_differ() -> None:
    code = (
        "import numpy as np, hashlib; r=np.random.default_rng(1); "
        "print(hashlib.sha256((r.random((256,32))@r.random((32,32))).tobytes()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"OPENBLAS_CORETYPE": kernel}, capture_output=True, text=True, check=True
        ).stdout
        for kernel in ("Nehalem", "Haswell")
    }
    if len(seen) == 1:
        pytest.skip("this numpy's BLAS has one kernel only, so the other tests prove less here")
