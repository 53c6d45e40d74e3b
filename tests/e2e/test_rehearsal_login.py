"""Password login to a running rehearsal, as `oc login` does it."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import urllib.parse
from collections.abc import Iterator

import pytest

from rehearsal.cluster import Cluster
from tests.e2e.rehearsing import Kubectl, eventually
from tests.e2e.web import Answer, ask

pytestmark = pytest.mark.e2e
WELL_KNOWN = "/.well-known/oauth-authorization-server"
OWN_TOKENS = "/apis/oauth.openshift.io/v1/useroauthaccesstokens"
WHO_AM_I = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def metadata(cluster: Cluster) -> dict[str, str]:
    return dict(ask(cluster, cluster.api_url + WELL_KNOWN).json)


def authorize(cluster: Cluster, name: str, password: str, verifier: str = "", csrf: str = "1") -> Answer:
    query = {"client_id": "openshift-challenging-client", "response_type": "code"}
    if verifier:
        digest = hashlib.sha256(verifier.encode()).digest()
        query["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        query["code_challenge_method"] = "S256"
    headers = {"Authorization": basic(name, password)} | ({"X-CSRF-Token": csrf} if csrf else {})
    return ask(
        cluster, f"{metadata(cluster)['authorization_endpoint']}?{urllib.parse.urlencode(query)}", headers=headers
    )


def redeem(cluster: Cluster, code: str, verifier: str = "") -> Answer:
    form = {"grant_type": "authorization_code", "code": code} | ({"code_verifier": verifier} if verifier else {})
    headers = {
        "Authorization": basic("openshift-challenging-client", ""),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return ask(cluster, metadata(cluster)["token_endpoint"], "POST", headers, urllib.parse.urlencode(form))


def log_in(cluster: Cluster, name: str, password: str) -> str:
    """A token, got with PKCE."""
    verifier = secrets.token_urlsafe(32)
    answer = authorize(cluster, name, password, verifier)
    assert answer.status == 302, answer.text
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["code"][0]
    token = redeem(cluster, code, verifier)
    assert token.status == 200, token.text
    return str(token.json["access_token"])


def who(cluster: Cluster, token: str) -> dict[str, object]:
    """Who the API server takes the bearer for; empty for nobody."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = ask(cluster, cluster.api_url + WHO_AM_I, "POST", headers, json.dumps(body))
    return dict(answer.json["status"]["userInfo"]) if answer.status == 201 else {}


@pytest.fixture(scope="module")
def kubeadmin(cluster: Cluster) -> str:
    return (cluster.root / "kubeadmin-password").read_text().strip()


@pytest.fixture(scope="module")
def user1(cluster: Cluster) -> str:
    return str(json.loads((cluster.root / "workshop-passwords.json").read_text())["user1"])


@pytest.fixture
def outside_login(cluster: Cluster, kubectl: Kubectl) -> Iterator[None]:
    """A cluster whose users log in elsewhere, for one test."""
    kubectl("patch", "authentications.config.openshift.io", "cluster", "--type=merge", "-p", '{"spec":{"type":"None"}}')
    yield
    kubectl("patch", "authentications.config.openshift.io", "cluster", "--type=merge", "-p", '{"spec":{"type":""}}')
    eventually(lambda: ask(cluster, cluster.api_url + WELL_KNOWN).status == 200)


def test_kubeadmin_is_cluster_admin(cluster: Cluster, kubeadmin: str) -> None:
    token = log_in(cluster, "kubeadmin", kubeadmin)
    user = who(cluster, token)
    assert token.startswith("sha256~")
    assert user["username"] == "kube:admin"
    assert {"system:cluster-admins", "system:authenticated:oauth", "system:authenticated"} <= set(user["groups"])  # type: ignore[call-overload]
    nodes = ask(cluster, f"{cluster.api_url}/api/v1/nodes", headers={"Authorization": f"Bearer {token}"})
    assert nodes.status == 200


def test_a_workshop_user_logs_in_and_may_little(cluster: Cluster, kubectl: Kubectl, user1: str) -> None:
    token = log_in(cluster, "user1", user1)
    assert who(cluster, token)["username"] == "user1"
    assert ask(cluster, f"{cluster.api_url}/api/v1/nodes", headers={"Authorization": f"Bearer {token}"}).status == 403
    user = json.loads(kubectl("get", "users.user.openshift.io", "user1", "-o", "json"))
    assert user["identities"] == ["workshop:user1"]
    myself = ask(
        cluster, f"{cluster.api_url}/apis/user.openshift.io/v1/users/~", headers={"Authorization": f"Bearer {token}"}
    )
    assert myself.json["metadata"]["uid"] == user["metadata"]["uid"]


@pytest.mark.parametrize("name", ["kubeadmin", "user1", "nobody", ""])
def test_a_wrong_password_and_an_unknown_user_look_the_same(cluster: Cluster, name: str) -> None:
    answer = authorize(cluster, name, "wrong")
    assert (answer.status, answer.headers.get("WWW-Authenticate")) == (401, 'Basic realm="openshift"')


def test_without_the_csrf_header_nobody_is_challenged(cluster: Cluster) -> None:
    answer = authorize(cluster, "kubeadmin", "wrong", csrf="")
    assert answer.status == 401
    assert "WWW-Authenticate" not in answer.headers
    assert "X-CSRF-Token" in answer.headers["Warning"]


def test_a_code_works_once_and_only_with_its_verifier(cluster: Cluster, user1: str) -> None:
    def code() -> str:
        answer = authorize(cluster, "user1", user1, "the-right-one")
        return urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["code"][0]

    assert redeem(cluster, code(), "another").json["error"] == "invalid_grant"
    once = code()
    assert redeem(cluster, once, "the-right-one").status == 200
    assert redeem(cluster, once, "the-right-one").json["error"] == "invalid_grant"


def test_a_withdrawn_token_is_nobodys(cluster: Cluster, user1: str) -> None:
    token = log_in(cluster, "user1", user1)
    assert who(cluster, token)
    bearer = {"Authorization": f"Bearer {token}"}
    digest = hashlib.sha256(token.removeprefix("sha256~").encode()).digest()
    name = "sha256~" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    listed = ask(cluster, cluster.api_url + OWN_TOKENS, headers=bearer).json["items"]
    assert name in {item["metadata"]["name"] for item in listed}
    assert {item["userName"] for item in listed} == {"user1"}
    assert ask(cluster, f"{cluster.api_url}{OWN_TOKENS}/{name}", "DELETE", bearer).status == 200
    eventually(lambda: not who(cluster, token), seconds=20)  # the API server remembers a review for 10 s


def test_nobody_sees_or_withdraws_the_tokens_of_others(cluster: Cluster, kubeadmin: str, user1: str) -> None:
    own, other = log_in(cluster, "user1", user1), log_in(cluster, "kubeadmin", kubeadmin)
    theirs = ask(cluster, cluster.api_url + OWN_TOKENS, headers={"Authorization": f"Bearer {other}"}).json["items"]
    name = theirs[0]["metadata"]["name"]
    bearer = {"Authorization": f"Bearer {own}"}
    assert ask(cluster, f"{cluster.api_url}{OWN_TOKENS}/{name}", "DELETE", bearer).status == 404
    every = ask(cluster, f"{cluster.api_url}/apis/oauth.openshift.io/v1/oauthaccesstokens", headers=bearer)
    assert every.status == 403


def test_an_unknown_token_is_unauthorized(cluster: Cluster) -> None:
    for token in ("sha256~unknown", "nonsense"):
        headers = {"Authorization": f"Bearer {token}"}
        assert ask(cluster, f"{cluster.api_url}/api/v1/namespaces", headers=headers).status == 401
        assert ask(cluster, cluster.api_url + OWN_TOKENS, headers=headers).status == 401


def test_no_token_is_kept_in_clear(cluster: Cluster, user1: str) -> None:
    token = log_in(cluster, "user1", user1)
    kept = (cluster.root / "tokens.json").read_text()
    assert "sha256~" in kept
    assert token not in kept
    assert (cluster.root / "tokens.json").stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("outside_login")
def test_a_cluster_without_integrated_login_has_no_password_login(cluster: Cluster) -> None:
    eventually(lambda: ask(cluster, cluster.api_url + WELL_KNOWN).status == 404)
