"""README and the other documents say what is there: commands, settings, tree and links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bootstrap.setting_keys import BY_NAME, MAKE_ONLY
from tests.unit.test_house import ROOT, tracked

README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted(tracked("*.md"))
TARGET = re.compile(r"^([a-z][a-z-]*)(?: [a-z-]+)*:(?!=)", re.MULTILINE)
FENCED = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
SETTING = re.compile(r"\b([A-Z][A-Z_]+)=")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATHS = re.compile(r"`((?:bootstrap|docs|manifests|model|playbooks|rehearsal|tests)/[\w./-]*)`")


def targets() -> set[str]:
    """Every target of the Makefile, also those that share a rule."""
    text = (ROOT / "Makefile").read_text()
    phony = {name for line in re.findall(r"^\.PHONY:(.*)$", text, re.MULTILINE) for name in line.split()}
    stages = re.search(r"^STAGES := (.*)$", text, re.MULTILINE)
    assert stages
    return (phony | set(TARGET.findall(text)) | set(stages[1].split())) - {"$(STAGES)"}


def commands(text: str) -> list[str]:
    """The targets of every make command in a document, in code blocks and between backticks."""
    blocks = FENCED.findall(text)
    code = [line.partition("#")[0] for block in blocks for line in block.splitlines()]
    code += SPAN.findall(FENCED.sub("", text))
    typed = [re.split(r", |;|\|", one)[0].split()[1:] for one in code if one.startswith("make ")]
    return [word for words in typed for word in words if re.fullmatch(r"[a-z][a-z-]*", word)]


def anchors(path: Path) -> set[str]:
    """The anchors that a rendered document has, as GitHub makes them of headings."""
    found = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in found}


def block(heading: str) -> str:
    """The first code block below a heading of the README."""
    found = re.search(rf"^## {heading}$.*?^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def test_it_is_a_tour_of_at_most_200_lines() -> None:
    assert len(README.splitlines()) <= 200


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_make_command_is_there(path: Path) -> None:
    assert not set(commands((ROOT / path).read_text())) - targets()


def test_the_commands_of_the_readme_are_found() -> None:
    assert {"rehearse", "test", "already-have-rhods", "doctor", "reset", "teardown", "help"} <= set(commands(README))
    assert "no-such-target" in commands("type `make no-such-target KEY=1`")


def test_every_target_that_people_type_is_in_the_readme_or_the_menu() -> None:
    menu = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(commands(README)) <= menu


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_setting_exists(path: Path) -> None:
    known = {*BY_NAME, *MAKE_ONLY, "E2E_REHEARSAL", "KEY"}
    assert not set(SETTING.findall((ROOT / path).read_text())) - known


def test_the_readme_names_settings_that_there_are() -> None:
    assert len(set(SETTING.findall(README)) & set(BY_NAME)) >= 8


def test_the_tree_is_the_top_level() -> None:
    listed = [line.split()[0] for line in block("The tree").splitlines() if line and not line.startswith(" ")]
    folders = {f"{path.parts[0]}/" for path in tracked() if len(path.parts) > 1 and not path.parts[0].startswith(".")}
    assert {name for name in listed if name.endswith("/")} == folders
    assert all((ROOT / name).exists() for name in listed)
    assert {"Makefile", "creds.env.example"} <= set(listed)


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(path: Path) -> None:
    lost = []
    for link in LINK.findall((ROOT / path).read_text()):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        to = (ROOT / path).parent / name if name else ROOT / path
        if not to.exists() or (anchor and anchor not in anchors(to)):
            lost.append(link)
    assert not lost


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_path_between_backticks_is_there(path: Path) -> None:
    found = [name for name in PATHS.findall((ROOT / path).read_text()) if "<" not in name]
    assert not [name for name in found if not (ROOT / name).exists()]


def test_three_questions_of_a_stranger_have_their_answer() -> None:
    assert "CONTRIBUTING.md#adding-an-operator" in README
    assert "adding-an-operator" in anchors(Path("CONTRIBUTING.md"))
    assert "`bootstrap/stages.py`" in README
    assert "docs/troubleshooting.md" in README
