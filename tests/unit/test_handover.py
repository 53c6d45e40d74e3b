"""Secrets on their way to Ansible: in no file, only at a socket of ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bootstrap import handover, stages
from bootstrap.desired import Desired
from bootstrap.errors import DemoError
from bootstrap.secret import Secret
from tests.unit.cluster import Objects, obj, visit

SECRET = obj("v1", "Secret", "s", "n", data={"password": "aHVudGVyMg=="})
PLAIN = obj("v1", "ConfigMap", "c", "n", data={"key": "value"})


def test_what_is_handed_over_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with handover.offered({"Secret n/s": SECRET}) as environment:
        monkeypatch.setenv(handover.ADDRESS, environment[handover.ADDRESS])
        folder = Path(environment[handover.ADDRESS]).parent
        assert folder.stat().st_mode & 0o077 == 0
        for _ in range(2):  # more than one worker may ask
            assert handover.complete(handover.bare([PLAIN, SECRET])) == [PLAIN, SECRET]
    assert not folder.exists()


def test_nothing_is_opened_where_nothing_is_secret() -> None:
    with handover.offered({}) as environment:
        assert environment == {}
    assert handover.complete([PLAIN]) == [PLAIN]


def test_files_without_their_secrets_say_how_to_get_them_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(handover.ADDRESS, raising=False)
    with pytest.raises(DemoError, match="`serving-demo render` writes them whole"):
        handover.complete(handover.bare([SECRET]))


def test_what_is_rendered_for_a_run_holds_no_secret_and_render_by_hand_does(tmp_path: Path) -> None:
    here = visit(Objects(), tmp_path / "state", "gitops", repo_token=Secret("hunter2"))
    wanted = [Desired("gitops", {"delivery": [PLAIN, SECRET]})]
    for whole in (False, True):
        (folder := tmp_path / str(whole)).mkdir()
        connection = stages.render(here, wanted, folder, whole=whole)["demo_connection"]
        assert ("until" in connection) is not whole  # nobody knows when it is run by hand
        texts = [path.read_text() for path in folder.rglob("*.json")]
        assert any("aHVudGVyMg==" in text for text in texts) is whole
    assert stages.secrets_of(wanted) == {"Secret n/s": SECRET}
    assert not [name for name in os.environ if "hunter2" in os.environ[name]]
