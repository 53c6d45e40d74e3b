"""The command: its arguments, its exit codes, and what it prints where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap import cli
from bootstrap.errors import ApiError, Blocked, DemoError, GuardError, SettingsError, UsageError
from bootstrap.kube.retry import later
from bootstrap.settings import Settings
from bootstrap.status import Standing

SERVER = "CLUSTER=https://api.lab.example:6443"
Answer = Callable[[Settings, object], None]


@pytest.fixture
def does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Answer], None]:
    """Put something in the place of the verb `status`, in an empty folder and environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("KUBECONFIG", "CLUSTER", "TOKEN", "PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TOKEN", "sha256~t")
    return lambda answer: monkeypatch.setitem(cli.VERBS, "status", answer)


def failing(problem: BaseException) -> Answer:
    def verb(settings: Settings, show: object) -> None:
        raise problem

    return verb


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (DemoError("it broke"), 1),
        (Blocked("it broke"), 1),
        (UsageError("it broke"), 2),
        (SettingsError(["it broke"]), 2),
        (GuardError("it broke"), 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_message_on_stderr_and_an_exit_code(
    problem: DemoError, code: int, does: Callable[[Answer], None], capsys: pytest.CaptureFixture[str]
) -> None:
    does(failing(problem))
    assert cli.main(["status", SERVER]) == code
    assert capsys.readouterr() == ("", "it broke\n")


def test_an_overloaded_api_server_in_the_middle_of_a_run_says_what_to_do(
    does: Callable[[Answer], None], capsys: pytest.CaptureFixture[str]
) -> None:
    does(failing(ApiError("GET /x: HTTP 503: not now", status=503)))
    assert cli.main(["status", SERVER]) == 1
    assert capsys.readouterr().err == f"GET /x: HTTP 503: not now\n{later()}\n"


@pytest.mark.parametrize(
    "arguments", [["status", SERVER, "-v"], ["-v", "status", SERVER], ["status", SERVER, "VERBOSE=1"]]
)
def test_a_traceback_is_shown_only_where_it_was_asked_for(
    arguments: list[str], does: Callable[[Answer], None], capsys: pytest.CaptureFixture[str]
) -> None:
    does(failing(DemoError("it broke")))
    assert cli.main(arguments) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_says_how_to_go_on(does: Callable[[Answer], None], capsys: pytest.CaptureFixture[str]) -> None:
    does(failing(KeyboardInterrupt()))
    assert cli.main(["status", SERVER]) == 130
    assert "the same command goes on from here" in capsys.readouterr().err


def test_settings_come_from_makes_command_line_in_its_own_quoting(does: Callable[[Answer], None]) -> None:
    seen: list[Settings] = []
    does(lambda settings, show: seen.append(settings))
    typed = rf"{SERVER} QUERY=.[0]\ |\ $$v JSON=1 REHEARSAL=x"
    assert cli.main(["status", "--make", typed]) == 0
    assert (seen[0].query, seen[0].json, seen[0].cluster) == (".[0] | $v", True, "https://api.lab.example:6443")


def test_a_word_that_is_no_setting_is_told(does: Callable[[Answer], None], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "now"]) == 2
    assert capsys.readouterr().err == "'now' is no setting; write KEY=VALUE, as in creds.env.example\n"


def test_an_unknown_verb_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["explode"])
    assert ended.value.code == 2
    assert "invalid choice: 'explode'" in capsys.readouterr().err


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster whose storage is there and whose model is not."""
    found = [Standing("storage", True), Standing("model", False, reasons=["nothing in the bucket", "no keys"])]
    monkeypatch.setattr("bootstrap.stages.visit", lambda settings: None)
    monkeypatch.setattr("bootstrap.status.standings", lambda here: found)


@pytest.mark.usefixtures("standing")
def test_status_is_a_line_per_stage(capsys: pytest.CaptureFixture[str]) -> None:
    cli.status(Settings(), cli.progress())
    assert capsys.readouterr().out == "storage  ready\nmodel    not ready  nothing in the bucket; no keys\n"


@pytest.mark.usefixtures("standing")
def test_status_for_programs_is_json_on_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    cli.status(Settings(json=True), cli.progress())
    out, err = capsys.readouterr()
    assert [(one["stage"], one["ready"]) for one in json.loads(out)] == [("storage", True), ("model", False)]
    assert err == ""


def test_a_dry_run_of_what_has_none_is_refused_before_anything_happens(
    does: Callable[[Answer], None], capsys: pytest.CaptureFixture[str]
) -> None:
    does(lambda settings, show: pytest.fail("it ran"))
    assert cli.main(["status", SERVER, "DRY_RUN=1"]) == 2
    assert "`make plan` shows what a run would do" in capsys.readouterr().err
