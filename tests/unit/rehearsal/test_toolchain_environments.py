"""Locked Python environments: their files, their limits, and what decides whether one is made anew."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path

import pytest

from rehearsal.toolchain import environments
from rehearsal.toolchain.environments import COMPLETE, ENVIRONMENTS, Environment, environment_key, interpreter
from rehearsal.toolchain.errors import EnvironmentFailed, EnvironmentUnsupported


@pytest.mark.parametrize("entry", ENVIRONMENTS.values(), ids=lambda entry: entry.name)
def test_every_requirement_is_pinned_with_a_hash_and_names_no_index(entry: Environment) -> None:
    text = entry.requirements.read_text()
    requirements = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    assert requirements
    for line in requirements:
        assert re.match(r"[\w.-]+(\[[\w,]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line
    assert "://" not in text


def sample(tmp_path: Path, **limits: object) -> Environment:
    """An environment of this test's own."""
    return Environment("sample", 1, **limits)  # type: ignore[arg-type]


def test_the_running_python_is_taken_where_it_fits(tmp_path: Path) -> None:
    assert interpreter(sample(tmp_path)) == sys.executable


def test_another_machine_is_refused_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(EnvironmentUnsupported, match=r"environment triton: not on aarch64; Triton's wheel is x86-64"):
        interpreter(ENVIRONMENTS["triton"])


def test_without_a_fitting_python_the_message_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentUnsupported, match=r"environment sample: wants Python 2\.0 or 2\.1, this is 3\."):
        interpreter(sample(tmp_path, pythons=("2.0", "2.1"), why="old"))


def test_a_fitting_python_on_path_is_taken_if_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, good = tmp_path / "python2.1", tmp_path / "python2.0"
    broken.write_text("#!/bin/sh\nexit 127\n")  # as a version manager's shim for a version that is not active
    good.write_text('#!/bin/sh\necho \'["2.0", "/somewhere"]\'\n')
    for path in (broken, good):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter(sample(tmp_path, pythons=("2.0", "2.1"))) == str(good)


def python(path: Path, release: str, library: bool) -> Path:
    """A program that answers as this Python, with or without its shared library."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\n[ $# = 2 ] || exit {int(not library)}\necho \'["{release}", "/somewhere"]\'\n')
    path.chmod(0o755)
    return path


def test_a_python_without_its_shared_library_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = sample(tmp_path, pythons=("2.0", "2.1"), shared=True)
    first, second = tmp_path / "first", tmp_path / "second"
    lacking = python(first / "python2.1", "2.1", library=False)
    monkeypatch.setenv("PATH", f"{first}:{second}")
    with pytest.raises(
        EnvironmentUnsupported,
        match=rf"environment sample: {lacking} has no libpython2\.1\.so\.1\.0; install the package libpython2\.1 \(",
    ):
        interpreter(entry)
    older = python(first / "python2.0", "2.0", library=True)
    assert interpreter(entry) == str(older)
    same = python(second / "python2.1", "2.1", library=True)
    assert interpreter(entry) == str(same)
    assert interpreter(sample(tmp_path, pythons=("2.0", "2.1"))) == str(lacking), "a library that nothing loads"


def test_the_dynamic_loader_says_whether_a_library_is_there() -> None:
    assert environments.loads(sys.executable, "libc.so.6")
    assert not environments.loads(sys.executable, "libnonesuch.so.1")
    assert not environments.loads("/nonesuch", "libc.so.6")


def test_an_older_c_library_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.34"))
    with pytest.raises(EnvironmentUnsupported, match=r"environment triton: not with the C library .* with glibc 2\.35"):
        interpreter(ENVIRONMENTS["triton"])
    assert environments.supported("redis")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert environments.glibc() == (0, 0)


def test_an_unknown_environment_lists_the_known_ones() -> None:
    with pytest.raises(EnvironmentUnsupported, match=r"no environment 'tritn'; known are .*triton"):
        environments.environment("tritn")


def test_the_key_follows_the_requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "HERE", tmp_path)
    (tmp_path / "environments").mkdir()
    entry = sample(tmp_path)
    entry.requirements.write_text("a==1\n")
    first = environment_key(entry, sys.executable)
    assert environment_key(entry, sys.executable) == first
    entry.requirements.write_text("a==2\n")
    assert environment_key(entry, sys.executable) != first


def test_a_complete_environment_is_taken_and_a_failed_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "HERE", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "environments").mkdir()
    entry = sample(tmp_path)
    monkeypatch.setattr(environments, "ENVIRONMENTS", {"sample": entry})
    entry.requirements.write_text("a==1\n")
    fake = tmp_path / "python"
    fake.write_text(
        "#!/bin/sh\n"
        'case "$1" in -c) exec ' + sys.executable + ' "$@";; '
        '-m) [ "$2" = venv ] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && exit 0; [ -e '
        + str(tmp_path)
        + "/ok ] "
        "|| { echo 'ERROR: hashes do not match' >&2; exit 1; };; esac\n"
    )
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    with pytest.raises(EnvironmentFailed, match=r"(?s)environment sample: .*hashes do not match.*then again: `"):
        environments.environment("sample")
    (tmp_path / "ok").touch()
    made = environments.environment("sample")
    assert (made / COMPLETE).is_file()
    (tmp_path / "ok").unlink()
    assert environments.environment("sample") == made, "a complete environment was made again"
