"""No secret is in Git: neither one of a known shape nor a text that looks drawn by chance. Planted ones are found."""

from __future__ import annotations

import base64
import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_house import ROOT, tracked

# written in pieces, so that this file does not match itself
SHAPES = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE K[E]Y-----[\s\\n]+[A-Za-z0-9+/=]{20}",
    "an OpenShift token": r"sha256~[A-Za-z0-9_-]{43}\b",
    "a JSON web token": r"\bey[J][A-Za-z0-9_-]{16,}\.ey[J][A-Za-z0-9_-]{16,}\.",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{60,}",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20}\b",
    "an AWS key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a Google key": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "a Slack token": r"\bxox[baprs]-[A-Za-z0-9-]{10,}",
    "a registry login": r'"auth"\s*:\s*"[A-Za-z0-9+/]{16,}={0,2}"',
    "a password in a URL": r"://[^\s/:@'\"<>{}$]+:[^\s/@'\"<>{}$*]{8,}@[\w-]+\.[a-z]",
}
CANARIES = {
    "a private key": "-----BEGIN RSA PRIVATE K" + "EY-----\n" + "MIIEowIBAAKCAQEAv2" * 3,
    "an OpenShift token": "sha256~" + "aB3_-" * 8 + "xyz",
    "a JSON web token": "ey" + "JhbGciOiJSUzI1NiIsImtpZCI6" + ".ey" + "Jpc3MiOiJrdWJlcm5ldGVz" + ".c2ln",
    "a GitHub token": "gh" + "p_" + "a1B2" * 9,
    "a GitLab token": "glpat" + "-" + "a1B2c" * 4,
    "an AWS key": "AK" + "IA" + "IOSFODNN7ABCDEFG",
    "a Google key": "AI" + "za" + "a1B2c3D4e5" * 3 + "f6G7h",
    "a Slack token": "xo" + "xb-" + "123456789012-abc",
    "a registry login": '"au' + 'th": "' + base64.b64encode(b"user:hunter2-hunter2").decode() + '"',
    "a password in a URL": "https://user" + ":" + "Tr0ub4dor3@git.example.com/",
}
WORD = re.compile(r"[A-Za-z0-9+/_=~-]{32,}")
CHANCE = 4.5  # bits per character; hexadecimal has at most 4, words and paths less
# what is random by nature and public: hashes of lock files, models, drawings, and the recording behind the picture
SKIPPED = {".lock", ".onnx", ".sum", ".svg"}
KNOWN = {  # where a made-up one has to stand
    "bootstrap/oauth.py": "the example of how a token's name follows from it",
    "rehearsal/platform/login/tokens.py": "the same example, on the side of the cluster",
    "tests/unit/rehearsal/test_platform_login.py": "the hash of a made-up password, as htpasswd files have it",
    "tests/unit/test_redaction.py": "what must be taken out of a support archive",
}
LOCKS = ("rehearsal/environments/", "rehearsal/toolchain/go.txt")


def by_shape(text: str) -> Iterator[tuple[str, str]]:
    for what, pattern in SHAPES.items():
        yield from ((what, match.group()[:12]) for match in re.finditer(pattern, text))


def bits(word: str) -> float:
    """Bits of information per character, by how often each occurs."""
    counts = Counter(word)
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())


def by_chance(text: str) -> Iterator[str]:
    """Long words with capitals, small letters and digits mixed as only chance mixes them."""
    for word in WORD.findall(text):
        mixed = all(re.search(kind, word) for kind in ("[A-Z]", "[a-z]", "[0-9]"))
        # a path or a name is made of words: many letters of one case in a row
        wordy = sum(map(len, re.findall(r"[a-z]{5,}|[A-Z]{5,}", word))) > len(word) / 2
        if mixed and not wordy and bits(word) > CHANCE:
            yield word


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        name = path.as_posix()
        if path.suffix not in SKIPPED and not name.startswith(LOCKS) and name not in KNOWN:
            yield path, (ROOT / path).read_text(errors="replace")


def test_nothing_has_the_shape_of_a_secret() -> None:
    found = [f"{path}: {what} ({begin}...)" for path, text in texts() for what, begin in by_shape(text)]
    assert not found


def test_nothing_looks_drawn_by_chance() -> None:
    found = [f"{path}: {word[:12]}... ({bits(word):.1f} bits)" for path, text in texts() for word in by_chance(text)]
    assert not found


def test_what_is_left_out_is_still_needed() -> None:
    for name in KNOWN:
        text = (ROOT / name).read_text()
        assert [*by_shape(text), *by_chance(text)], f"{name} holds nothing any more; take it out of KNOWN"


def test_most_of_the_tree_is_read() -> None:
    assert len(list(texts())) > 0.8 * len(tracked())


@pytest.mark.parametrize("what", SHAPES)
def test_a_planted_secret_is_found_by_its_shape(what: str) -> None:
    assert what in {kind for kind, _ in by_shape(f"key = '{CANARIES[what]}'\n")}


@pytest.mark.parametrize("seed", range(20))
def test_a_planted_random_key_is_found(seed: int) -> None:
    key = base64.b64encode(random.Random(seed).randbytes(30)).decode()
    assert list(by_chance(f"SECRET={key}\n"))


@pytest.mark.parametrize(
    "harmless",
    [
        "a" * 64,
        "0123456789abcdef" * 4,
        "bootstrap/kube/readiness/openshift_ai.py",
        "test_a_DataScienceCluster_that_is_there_is_adopted_2",
        "platform.opendatahub.io/part-of-OpenShift-AI-3",
    ],
)
def test_hashes_paths_and_names_are_no_secrets(harmless: str) -> None:
    assert not list(by_chance(harmless))
    assert not list(by_shape(harmless))
