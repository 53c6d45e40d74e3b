"""The repository that Argo CD reads: a private one by its token or key, the same from here and from the cluster."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bootstrap import process, repository
from bootstrap.kube.objects import Obj, Ref
from bootstrap.process import Finished
from bootstrap.secret import Secret
from bootstrap.settings import Settings

ARGO = Ref("argoproj.io/v1beta1", "ArgoCD", "openshift-gitops", "openshift-gitops")
URL, SSH = "https://git.example.com/me/demo.git", "git@git.example.com:me/demo.git"


def held(obj: Obj) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in obj["data"].items()}


def test_a_public_repository_needs_no_secret() -> None:
    assert repository.secret(Settings(), URL, ARGO) == []


def test_a_token_becomes_argo_cds_repository_secret() -> None:
    (made,) = repository.secret(Settings(repo_token=Secret("hunter2")), URL, ARGO)
    assert made["metadata"]["namespace"] == "openshift-gitops"
    assert made["metadata"]["labels"]["argocd.argoproj.io/secret-type"] == "repository"
    assert held(made) == {
        "type": "git",
        "url": URL,
        "project": "serving-demo",
        "username": "git",
        "password": "hunter2",
    }


def test_a_key_becomes_argo_cds_repository_secret_for_the_ssh_url(tmp_path: Path) -> None:
    key = tmp_path / "id"
    key.write_text("a key\n")
    (made,) = repository.secret(Settings(repo_key_file=key), SSH, ARGO)
    assert held(made) == {"type": "git", "url": SSH, "project": "serving-demo", "sshPrivateKey": "a key\n"}


def test_an_ssh_origin_becomes_https_unless_there_is_a_key_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "is_clone", lambda: True)
    monkeypatch.setattr(repository, "git", lambda *_, **__: SSH)
    assert repository.origin(Settings()) == URL
    assert repository.origin(Settings(repo_key_file=tmp_path)) == SSH


def test_a_branch_of_a_private_repository_is_looked_up_with_its_token_in_no_title(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, env: dict[str, str], **_: object) -> Finished:
        asked.append((command, env))
        others = f"{'c' * 40}\trefs/heads/release/main\n"  # git takes a part of a name for a name
        return Finished(tuple(command), 0, f"{'b' * 40}\trefs/heads/main\n{others}", "")

    monkeypatch.setattr(process, "run", run)
    settings = Settings(repo_url=URL, revision="main", repo_token=Secret("hunter2"))
    assert repository.locate(settings) == (URL, "b" * 40)
    ((command, env),) = asked
    assert "hunter2" not in " ".join(command)
    assert base64.b64encode(b"git:hunter2").decode() in env["GIT_CONFIG_VALUE_1"]
