"""docs/troubleshooting.md is what the source says, and nothing that the doctor or the design names is left out."""

from __future__ import annotations

import ast
import textwrap

import pytest

from bootstrap import errors
from docs.generate import troubleshooting
from docs.generate.__main__ import WRITTEN, stale
from docs.generate.faults import FAULTS, Fault
from docs.generate.messages import ROOT, all_messages, of_module
from docs.generate.patterns import name_of

MESSAGES = list(all_messages())
TEXT = (ROOT / "docs" / "troubleshooting.md").read_text()


def test_what_is_generated_is_what_is_committed() -> None:
    assert "docs/troubleshooting.md" in WRITTEN
    assert not list(stale()), "run `make docs`"


def test_every_check_of_the_doctor_is_in_it() -> None:
    for modules in troubleshooting.HALVES.values():
        for module in modules:
            for check in module.CHECKS:
                assert f"\n| {check.name} | " in TEXT


@pytest.mark.parametrize("fault", [one for many in FAULTS.values() for one in many], ids=lambda fault: fault.name)
def test_every_fault_has_a_message_in_the_source_and_a_next_step(fault: Fault) -> None:
    message = next((one for one in [*MESSAGES, *all_messages("rehearsal")] if fault.said in one.whole), None)
    assert message or fault.said in troubleshooting.source()
    step = fault.do or (troubleshooting.halves(message)[1] if message else "")
    assert step
    assert not troubleshooting.VALUES_ALONE.fullmatch(step), "a reader learns nothing from a placeholder"
    assert f"\n| {fault.name} | " in TEXT


def test_every_error_that_is_raised_says_what_helps() -> None:
    raised = {one.kind for one in MESSAGES} & {name for name in vars(errors) if name != "DemoError"}
    assert len(raised) >= 12
    assert not raised - {*troubleshooting.ADVICE, *troubleshooting.SETTINGS}


def test_it_finds_the_messages_that_are_there() -> None:
    kinds = [one.kind for one in MESSAGES]
    assert kinds.count("Finding") >= 50
    assert kinds.count("SettingsError") + kinds.count("BadValue") >= 40
    assert len(MESSAGES) >= 250


def read(code: str) -> list[str]:
    path = ROOT / "bootstrap" / "example.py"
    return [one.whole for one in of_module(path, ast.parse(textwrap.dedent(code)), {})]


def test_names_texts_and_choices_are_followed_to_their_words() -> None:
    assert read(
        """
        WAYS = "log in"
        def f(server):
            why = "first" if server.up else "second"
            raise LoginError(f"{server.name}: {why}; {WAYS}")
        """
    ) == ["<name>: first; log in", "<name>: second; log in"]


def test_a_name_stands_for_its_last_value_before() -> None:
    assert read(
        """
        def f(a):
            step = "one"
            if a:
                yield Finding("w", "what a", "why", step)
            step = "two"
            yield Finding("w", "what b", "why", step)
        """
    ) == ["w: what a; why; one", "w: what b; why; two"]


def test_errors_of_others_are_not_ours() -> None:
    assert read("raise ValueError('not for people')") == []


def test_a_value_is_named_by_what_computes_it() -> None:
    assert name_of(ast.parse("', '.join(sorted(self.offered_channels))").body[0].value) == "offered channels"
