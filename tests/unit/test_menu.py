"""The menu for people, and what a shell is told to complete; tried in a real bash."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import menu
from bootstrap.cli import VERBS, main, sentences
from bootstrap.errors import UsageError
from bootstrap.setting_keys import BY_NAME, KEYS

SCRIPT = menu.completion(["bash"], sentences())


def completed(*words: str) -> list[str]:
    """What bash offers for the last of these words."""
    typed = " ".join(f"'{word}'" for word in ("serving-demo", *words))
    lines = (
        SCRIPT,
        f"COMP_WORDS=({typed}); COMP_CWORD={len(words)}",
        "_serving_demo",
        'printf "%s\\n" "${COMPREPLY[@]}"',
    )
    bash = shutil.which("bash")
    if not bash:
        pytest.skip("there is no bash here")
    ended = subprocess.run([bash, "-c", "\n".join(lines)], check=True, capture_output=True, text=True, timeout=20)
    assert ended.stderr == ""
    return ended.stdout.split()


def test_the_first_word_is_a_verb() -> None:
    assert set(completed("")) == {*VERBS, *menu.ASIDE}
    assert completed("tear") == ["teardown"]


def test_the_next_words_are_settings_but_no_secrets() -> None:
    assert completed("demo", "RHODS") == ["RHODS_CHANNEL="]
    offered = {word.rstrip("=") for word in completed("demo", "")}
    assert offered == {key.name for key in KEYS if not key.secret}
    assert not offered & {"PASSWORD", "TOKEN"}


def test_completion_completes_itself() -> None:
    assert completed("completion", "") == ["bash", "zsh"]


def test_the_script_is_clean_shell() -> None:
    checker = Path(sys.executable).with_name("shellcheck")
    if not checker.exists():
        pytest.skip("shellcheck is not in this virtualenv")
    said = subprocess.run([checker, "-s", "bash", "-"], input=SCRIPT + "\n", capture_output=True, text=True, timeout=20)
    assert said.stdout == ""


def test_zsh_is_told_to_read_what_bash_reads() -> None:
    script = menu.completion(["zsh"], sentences())
    assert "bashcompinit" in script
    assert script.endswith(SCRIPT)


@pytest.mark.parametrize("shells", [[], ["fish"], ["bash", "zsh"]])
def test_another_shell_is_refused_with_what_to_type(shells: list[str]) -> None:
    with pytest.raises(UsageError, match=r"completion: .*; write `serving-demo completion bash`, or zsh"):
        menu.completion(shells, {})


def test_help_names_every_verb_and_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    shown = capsys.readouterr().out
    for verb in VERBS:
        assert f"  {verb} " in shown
    for name in BY_NAME:
        assert name in shown
    assert all(sentences().values())


def test_every_verb_is_a_make_target() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    targets = {line.partition(":")[0] for line in makefile.splitlines() if ":" in line and line[:1].isalpha()}
    assert set(VERBS) - targets == {"render"}  # for ansible-playbook by hand


def test_no_cluster_named_is_told_with_the_ways_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("CLUSTER", raising=False)
    assert main(["demo"]) == 2
    assert capsys.readouterr().err.splitlines()[:2] == [
        "nothing says which cluster to use; there are three ways on:",
        "  cp creds.env.example creds.env   and fill in CLUSTER, USER and PASSWORD (or TOKEN)",
    ]
