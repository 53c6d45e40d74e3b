"""Decisions of the OAuth server, tokens, users and password files."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rehearsal import htpasswd
from rehearsal.platform.login import flow
from rehearsal.platform.login.tokens import Login, Tokens, hashed_name
from rehearsal.platform.login.users import Users, bootstrap_uid, groups, htpasswd_providers

ANNA = Login("anna", "uid-1")
QUERY = {"client_id": flow.CLIENT, "response_type": "code"}


def form(reply: flow.Reply, **more: str) -> dict[str, str]:
    code = parse_qs(urlsplit(reply.headers["Location"]).query)["code"][0]
    return {"grant_type": "authorization_code", "code": code, **more}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"client_id": "console"}, "unauthorized_client"),
        ({"redirect_uri": "https://evil.example.com/"}, "invalid_request"),
    ],
)
def test_a_wrong_client_or_redirect_is_refused_in_place(change: dict[str, str], expected: str) -> None:
    reply = flow.refusal({**QUERY, **change})
    assert reply is not None
    assert reply.status == 400
    assert dict(reply.content)["error"] == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change", [{"response_type": "id_token"}, {"scope": "everything"}, {"code_challenge_method": "S512"}]
)
def test_other_mistakes_come_back_with_the_redirect(change: dict[str, str]) -> None:
    reply = flow.refusal({**QUERY, "state": "s", **change})
    assert reply is not None
    assert reply.status == 302
    assert "error=" in reply.headers["Location"]
    assert "state=s" in reply.headers["Location"]


def test_a_right_request_is_not_refused() -> None:
    assert flow.refusal({**QUERY, "redirect_uri": flow.REDIRECT, "code_challenge_method": "S256"}) is None


def test_the_challenge_is_for_those_with_the_csrf_header() -> None:
    assert "WWW-Authenticate" in flow.challenge({"X-CSRF-Token": "1"}).headers
    assert "WWW-Authenticate" not in flow.challenge({"X-CSRF-Token": ""}).headers


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Basic YTpiOmM=", ("a", "b:c")),
        ("basic YTo=", ("a", "")),
        ("Bearer YTpi", None),
        ("Basic !!", None),
        ("", None),
    ],
)
def test_basic_headers(header: str, expected: tuple[str, str] | None) -> None:
    assert flow.basic(header) == expected


@pytest.mark.parametrize(("method", "right"), [("S256", True), ("plain", False)])
def test_a_code_wants_its_verifier(method: str, right: bool) -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=").decode()
    codes = flow.Codes()
    reply = codes.issue(ANNA, {**QUERY, "code_challenge": challenge, "code_challenge_method": method})
    found = codes.redeem(form(reply, code_verifier="verifier"), flow.CLIENT)
    assert (found == ANNA) is right


def test_a_code_is_for_once_for_a_while_and_for_its_client() -> None:
    codes = flow.Codes()
    reply = codes.issue(ANNA, QUERY, now=1000)
    assert isinstance(codes.redeem(form(reply), "other", now=1001), flow.Reply)
    assert codes.redeem(form(reply), flow.CLIENT, now=1001) == ANNA
    assert isinstance(codes.redeem(form(reply), flow.CLIENT, now=1001), flow.Reply)
    late = codes.issue(ANNA, QUERY, now=1000)
    assert isinstance(codes.redeem(form(late), flow.CLIENT, now=1000 + flow.CODE_SECONDS), flow.Reply)


def test_tokens_outlive_a_restart_by_their_hashes_alone(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    token = Tokens(file).issue(ANNA, flow.CLIENT, flow.REDIRECT, 60)
    again = Tokens(file)
    found = again.find(token)
    assert found is not None
    assert (found.user, found.name) == ("anna", hashed_name(token))
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert again.find(token, now=found.created + 60) is None
    assert again.withdraw(found.name) == found
    assert again.find(token) is None
    assert json.loads(file.read_text()) == []


def test_groups_are_those_of_the_cluster_and_of_the_system() -> None:
    known: list[dict[str, Any]] = [
        {"metadata": {"name": "rhods-admins"}, "users": ["anna"]},
        {"metadata": {"name": "others"}, "users": ["bert"]},
        {"metadata": {"name": "empty"}, "users": None},
    ]
    assert groups(ANNA, known) == ["rhods-admins", "system:authenticated", "system:authenticated:oauth"]
    assert "system:cluster-admins" in groups(Login("kube:admin", "u", bootstrap=True), known)


def test_only_htpasswd_providers_take_a_password() -> None:
    file = {"name": "a", "type": "HTPasswd", "htpasswd": {"fileData": {"name": "secret-a"}}}
    others = [{"name": "b", "type": "GitHub", "github": {}}, {"name": "c", "type": "HTPasswd"}]
    assert htpasswd_providers({"spec": {"identityProviders": [*others, file]}}) == [{"name": "a", "secret": "secret-a"}]
    assert htpasswd_providers({"spec": {}}) == htpasswd_providers({}) == []


class Objects:
    """An API with just these objects."""

    def __init__(self, **objects: Any) -> None:
        self.objects = {path.replace("__", "/"): obj for path, obj in objects.items()}

    async def find(self, path: str) -> Any:
        return next((obj for end, obj in self.objects.items() if path.endswith(end)), None)


def secret(entry: str, text: str, uid: str = "u") -> dict[str, Any]:
    return {"metadata": {"uid": uid}, "data": {entry: base64.b64encode(text.encode()).decode()}}


async def _check(name: str, password: str) -> Login | None:
    provider = {"name": "p", "type": "HTPasswd", "htpasswd": {"fileData": {"name": "file"}}}
    api = Objects(
        oauths__cluster={"spec": {"identityProviders": [provider]}},
        secrets__file=secret("htpasswd", f"anna:{htpasswd.sha1('right')}\n"),
        secrets__kubeadmin=secret("kubeadmin", htpasswd.sha1("admin")),
        users__anna={"metadata": {"uid": "uid-of-anna"}},
    )
    return await Users(api).check(name, password)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        ("anna", "right", "anna"),
        ("kubeadmin", "admin", "kube:admin"),
        ("anna", "wrong", None),
        ("kubeadmin", "right", None),
        ("kube:admin", "admin", None),
        ("bert", "right", None),
        ("", "", None),
    ],
)
def test_who_a_password_is_for(name: str, password: str, expected: str | None) -> None:
    found = asyncio.run(_check(name, password))
    assert (found.name if found else None) == expected


def test_another_kubeadmin_secret_is_another_kubeadmin() -> None:
    one, other = secret("kubeadmin", "h", "u1"), secret("kubeadmin", "h", "u2")
    assert len({bootstrap_uid(one), bootstrap_uid(other), bootstrap_uid(secret("kubeadmin", "g", "u1"))}) == 3
    assert bootstrap_uid(None) == ""


@pytest.mark.parametrize(
    "hashed",
    [
        "{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM=",
        "$apr1$abcdefgh$5VEbMkemELfbhC5ck.U.z1",
        "$2y$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q",
    ],
)
def test_every_kind_of_hash_takes_its_password_only(hashed: str) -> None:
    assert htpasswd.matches("pw", hashed)
    assert not htpasswd.matches("pW", hashed)


@pytest.mark.parametrize("hashed", ["", "pw", "*", "{SSHA}x", "$2y$05$short"])
def test_what_is_no_hash_takes_no_password(hashed: str) -> None:
    assert not htpasswd.matches("pw", hashed)


def test_a_password_file_is_read_line_by_line() -> None:
    assert htpasswd.entries("# users\n\nanna:x\n  bert:y:z\nnonsense\n:empty\n") == {"anna": "x", "bert": "y:z"}
    assert htpasswd.matches("new", htpasswd.make("new"))
