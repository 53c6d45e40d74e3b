"""How a range of stages is chosen, and what a run remembers for the next one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bootstrap import login, stages
from bootstrap.errors import UsageError
from bootstrap.kube.record import Record
from bootstrap.outside import Outside
from bootstrap.progress import Lines
from bootstrap.settings import Settings
from bootstrap.stages import Look
from tests.unit.cluster import REVISION, URL, Objects, facts, visit


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UsageError, match="FROM=serving: comes after storage"):
        stages.chosen("serving", "storage")


def test_direct_delivery_has_nothing_to_do_for_argo_cd(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = stages.run(visit(Objects(), tmp_path), ["gitops"], Lines())
    assert not outcome.changed
    assert "needs no Argo CD" in capsys.readouterr().err


def test_the_next_run_delivers_as_this_one_did_although_nobody_says_so_again(tmp_path: Path) -> None:
    said = stages.record_of(visit(Objects(), tmp_path, "direct"))["settings"]
    known = Record("id", "1", "server", settings=said)
    assert stages.delivery_of(Settings(), known) == "direct"
    assert stages.delivery_of(Settings(delivery="gitops"), known) == "gitops"


@pytest.mark.parametrize("public", [True, False])
def test_argo_cd_is_told_whom_to_trust_only_where_the_world_does_not(
    public: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "publicly_trusted", lambda *_: public)
    here: Any = visit(Objects(), tmp_path)
    settings = Settings(delivery="gitops", repo_url=URL, revision=REVISION)
    plan = stages.decide(settings, here.session, here.client, Look(facts(), Outside(certificates="PEM"), None)).plan
    assert plan.repo_ca == (None if public else "PEM")


def test_who_only_looks_at_what_is_there_needs_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, settings = visit(Objects(), tmp_path), Settings(delivery="gitops")
    monkeypatch.setattr(stages.repository, "locate", lambda _: pytest.fail("the repository was asked for"))
    seen = Look(facts(), Outside(), None)
    found = stages.decide(settings, here.session, here.client, seen, to_deliver=False)
    assert (found.plan.delivery, found.plan.repo_url) == ("gitops", None)
