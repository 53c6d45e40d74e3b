"""Login: a token without `oc`, each failure in its own words, and nothing left open behind it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.errors import DemoError, LoginError
from bootstrap.kubeconfig import current_context
from bootstrap.login import login, logout, private_kubeconfig
from bootstrap.secret import Secret
from bootstrap.settings import Settings
from tests.unit.oauth_stub import World, cluster


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with cluster(tmp_path) as running:
        yield running


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def settings(world: World, state: Path, **changes: Any) -> Settings:
    given = {"user": "alice", "password": Secret("pa55 wörd"), "ca_file": world.ca, "cluster": world.url}
    return Settings(**{**given, "state_dir": state, **changes})


def test_a_password_becomes_a_private_kubeconfig(world: World, state: Path) -> None:
    session = login(settings(world, state))
    assert (session.user, session.server, session.owned) == ("alice", world.url, True)
    assert stat.S_IMODE(session.kubeconfig.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert current_context(session.kubeconfig).server == world.url
    assert "pa55" not in session.kubeconfig.read_text()
    assert not list(state.glob("*.new"))


def test_kubeadmin_is_known_by_the_name_the_cluster_gives_it(world: World, state: Path) -> None:
    assert login(settings(world, state, user="kubeadmin", password=Secret("k"))).user == "kube:admin"


def test_a_second_login_keeps_the_token_that_is_still_good(world: World, state: Path) -> None:
    login(settings(world, state))
    first = private_kubeconfig(settings(world, state)).read_text()
    before = len(world.requests)
    login(settings(world, state))
    assert private_kubeconfig(settings(world, state)).read_text() == first
    assert not [path for _, path in world.requests[before:] if path.startswith("/oauth")]


def test_a_token_that_has_expired_is_replaced(world: World, state: Path) -> None:
    login(settings(world, state))
    world.tokens.clear()
    assert login(settings(world, state)).user == "alice"
    assert len(world.tokens) == 1


def test_another_user_gets_another_token(world: World, state: Path) -> None:
    login(settings(world, state))
    assert login(settings(world, state, user="kubeadmin", password=Secret("k"))).user == "kube:admin"


def test_a_token_of_the_users_own_is_used_as_it_is_and_never_revoked(world: World, state: Path) -> None:
    world.tokens["sha256~own"] = "bob"
    given = settings(world, state, user=None, password=None, token=Secret("sha256~own"))
    assert login(given).user == "bob"
    assert logout(given)
    assert not world.revoked
    assert "sha256~own" in world.tokens


def test_logout_revokes_our_token_and_leaves_no_kubeconfig(world: World, state: Path) -> None:
    session = login(settings(world, state))
    (token,) = world.tokens
    assert logout(settings(world, state))
    assert world.revoked == [token]
    assert not session.kubeconfig.exists()
    assert not logout(settings(world, state))


def test_logout_with_an_expired_token_still_cleans_up(world: World, state: Path) -> None:
    session = login(settings(world, state))
    world.tokens.clear()
    assert logout(settings(world, state))
    assert not session.kubeconfig.exists()


def test_a_given_kubeconfig_is_only_read(world: World, state: Path, tmp_path: Path) -> None:
    world.tokens["t"] = "carol"
    path = tmp_path / "given"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "c",
                "clusters": [{"name": "k", "cluster": {"server": world.url, "certificate-authority": str(world.ca)}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            }
        )
    )
    path.chmod(0o400)
    before = path.read_bytes()
    session = login(Settings(kubeconfig=path, state_dir=state))
    assert (session.user, session.owned, session.kubeconfig) == ("carol", False, path)
    assert path.read_bytes() == before
    assert not state.exists()
    world.tokens.clear()
    with pytest.raises(
        LoginError, match=r"does not accept the credentials of user 'u' in .*given \(expired or revoked\)"
    ):
        login(Settings(kubeconfig=path, state_dir=state))


@pytest.mark.parametrize(
    ("behaviour", "changes", "said"),
    [
        ("normal", {"password": Secret("wrong-pw")}, "USER 'alice' or PASSWORD is wrong; check both in creds.env"),
        ("normal", {"user": "nobody"}, "USER 'nobody' or PASSWORD is wrong"),
        ("no-challenge", {}, "USER 'alice': no identity provider of this cluster takes a password; give TOKEN"),
        ("to-login-page", {}, "USER 'alice' can only sign in through a web page; give TOKEN"),
        ("denied", {}, "the OAuth server does not sign in 'alice': the user is not in the right group"),
        ("broken", {}, "the OAuth server refuses to sign in 'alice' (HTTP 500); is it healthy?"),
        ("oidc", {}, "has no OAuth server of OpenShift: it uses an external identity provider, or is no OpenShift"),
        ("web-page", {}, "answers, but not like an API server; is CLUSTER right?"),
        ("no-token", {}, "the OAuth server gives no token for its own code (HTTP 400)"),
        ("oauth-down", {}, "the OAuth server cannot be used: cannot reach https://127.0.0.1:1"),
        ("normal", {"token": Secret("gone")}, "TOKEN is not accepted (expired or revoked); get a new one"),
        ("normal", {"ca_file": None}, "is not trusted (self-signed certificate); set CA_FILE to its CA"),
        ("normal", {"cluster": "https://127.0.0.1:1"}, "CLUSTER: cannot reach https://127.0.0.1:1"),
        ("normal", {"cluster": "https://nowhere.invalid"}, "CLUSTER: cannot reach https://nowhere.invalid"),
    ],
)
def test_each_failure_has_its_own_words(
    world: World, state: Path, behaviour: str, changes: dict[str, Any], said: str
) -> None:
    world.behaviour = behaviour
    with pytest.raises(DemoError) as caught:
        login(settings(world, state, **changes))
    assert said in str(caught.value)
    assert caught.value.exit_code == 1
    assert "pa55" not in str(caught.value)
    assert "wrong-pw" not in str(caught.value)
    assert not private_kubeconfig(settings(world, state)).exists()


def test_a_certificate_for_another_host_or_of_yesterday_is_told(tmp_path: Path, state: Path) -> None:
    for number, (certificate, said) in enumerate([({"address": "10.0.0.1"}, "IP address"), ({"days": -1}, "expired")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with cluster(folder, **certificate) as world, pytest.raises(LoginError, match=f"(?i)not trusted .*{said}"):
            login(settings(world, state))
