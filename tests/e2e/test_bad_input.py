"""Whatever is typed wrongly or wrong on a cluster, by the real command: refused in words, and nothing changed."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from rehearsal.api import Api
from rehearsal.cluster import CLONE, Cluster
from rehearsal.payload import kinds, login, openshift
from rehearsal.payload.apply import apply_all, established
from tests.e2e.conditions import CONDITIONS, HEALTHY, KINDS, Condition, Obj
from tests.e2e.desk import CANARY, Desk
from tests.e2e.rehearsing import eventually, kubectl_for, rehearsal
from tests.e2e.web import ask
from tests.unit import oauth_stub

pytestmark = pytest.mark.e2e
NAME = "bad"
CREDS = CLONE / "tests" / "data" / "creds" / "invalid"
ME = ("USER=alice", f"PASSWORD={CANARY}", "DELIVERY=direct")


@pytest.fixture(scope="module")
def cluster(state_root: Path) -> Iterator[Cluster]:
    """A plain Kubernetes: what makes it an OpenShift comes with the fixtures below."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REHEARSAL_WITHOUT", "payload")
        try:
            rehearsal("up", "--name", NAME, root=state_root)
        except BaseException:
            rehearsal("down", "--name", NAME, root=state_root)
            raise
    try:
        yield Cluster.load(state_root / NAME)
    finally:
        rehearsal("down", "--name", NAME, root=state_root)


@pytest.fixture
def desk(cluster: Cluster, tmp_path: Path) -> Desk:
    return Desk.make(cluster, tmp_path)


@pytest.fixture(scope="module")
def openshift_there(cluster: Cluster) -> None:
    """OpenShift's kinds and objects, and people who can sign in; no OLM."""

    async def install() -> None:
        async with Api.from_kubeconfig(cluster.kubeconfig) as api:
            served = [one for one in kinds.openshift_crds() if one["spec"]["group"].endswith(".openshift.io")]
            served += kinds.aggregated_crds()
            await apply_all(api, served)
            await established(api, served)
            for part in (openshift, login):
                await part.install(api, cluster)

    asyncio.run(install())


@pytest.fixture(scope="module")
def olm_there(cluster: Cluster, openshift_there: None) -> None:
    """The kinds of OLM with a catalog that answers: their objects alone, for that is all that the command looks at."""
    apply(cluster, *KINDS)
    kubectl_for(cluster)("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    apply(cluster, *HEALTHY)
    kubectl_for(cluster)("delete", "namespace", "going", "--wait=false")


def apply(cluster: Cluster, *objects: Obj) -> None:
    kubectl_for(cluster)("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def answers(cluster: Cluster) -> bool:
    """The API server takes requests from outside."""
    try:
        return ask(cluster, f"{cluster.api_url}/readyz").status == 200
    except OSError:
        return False


def is_full(cluster: Cluster) -> bool:
    """The node shows what the fault leaves of it."""
    return kubectl_for(cluster)("get", "nodes", "-o", "jsonpath={.items[*].status.allocatable.cpu}") == "200m"


@contextmanager
def on(cluster: Cluster, condition: Condition) -> Iterator[None]:
    """The cluster is as the condition says, and healthy again afterwards."""
    root = cluster.root.parent
    full = condition.name == "nodes-full"
    try:
        if condition.objects:
            apply(cluster, *condition.objects)
        if condition.fault:
            rehearsal("fault", "--name", NAME, condition.fault[0], "on", *condition.fault[1:], root=root)
        eventually(lambda: not full or is_full(cluster))  # the node tells a moment later
        yield
    finally:
        if condition.fault:
            rehearsal("fault", "--name", NAME, condition.fault[0], "off", root=root)
            eventually(lambda: answers(cluster))
            eventually(lambda: not full or not is_full(cluster))
        healthy = {(one["kind"], one["metadata"]["name"]): one for one in HEALTHY}
        for one in condition.objects:
            if before := healthy.get((one["kind"], one["metadata"]["name"])):
                apply(cluster, before)
            else:
                gone = ("delete", "--wait=false", "--ignore-not-found", "-f", "-")
                kubectl_for(cluster)(*gone, stdin=json.dumps(one))


# --- what is typed: nothing is asked of any cluster


def test_without_a_cluster_three_ways_on_are_named(desk: Desk) -> None:
    ways = ("cp creds.env.example creds.env", "make KUBECONFIG=<file>", "make rehearse")
    desk.refused("demo", code=2, says=("nothing says which cluster to use", *ways))


@pytest.mark.parametrize("path", sorted(CREDS.iterdir()), ids=lambda path: path.stem)
def test_a_bad_creds_env_is_refused_by_its_line(path: Path, desk: Desk) -> None:
    text = path.read_text()
    (said,) = re.findall(r"^# says: (.*)$", text, re.MULTILINE)
    (desk.folder / "creds.env").write_text(text)
    desk.refused("demo", code=2, says=(said.replace(path.name, "creds.env"),))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, ("creds.env: is a directory",)),
        (b"CLUSTER=\xff\xfe", ("creds.env: is not UTF-8 text; save it as UTF-8",)),
        (
            f"CLUSTER=http://x\r\nUSRE=a\r\nPASSWORD={CANARY}\r\n".encode(),
            ("creds.env:1: CLUSTER 'http://x' is http", "creds.env:2: USRE is no setting"),
        ),
    ],
    ids=["directory", "no-text", "crlf-and-several"],
)
def test_a_creds_env_that_cannot_be_read_is_told(content: bytes | None, says: tuple[str, ...], desk: Desk) -> None:
    path = desk.folder / "creds.env"
    path.mkdir() if content is None else path.write_bytes(content)
    desk.refused("demo", code=2, says=says)


@pytest.mark.parametrize("name", ["PASSWORD", "TOKEN", "REPO_TOKEN"])
def test_a_secret_that_was_typed_is_refused_and_not_repeated(name: str, desk: Desk) -> None:
    desk.refused(
        "demo", f"{name}={CANARY}", code=2, says=(f"make: {name} on the command line can be read by everybody",)
    )


KUBECONFIGS = {
    "missing": (None, "there is no file '{path}'; give the path of a kubeconfig"),
    "no-yaml": ("a: [", "{path} is not YAML; give the path of a kubeconfig"),
    "no-kubeconfig": ("some text", "{path} is not a kubeconfig: expected a mapping with clusters, contexts and users"),
    "no-context": (
        "{contexts: [{name: one}, {name: two}]}",
        "{path} has no current-context (contexts in it: one, two); choose one with `kubectl config use-context",
    ),
    "context-gone": (
        "current-context: gone",
        "current-context of {path} names 'gone', which is not among its contexts",
    ),
    "cluster-gone": (
        "{current-context: c, contexts: [{name: c, context: {cluster: x}}], clusters: [{name: y}]}",
        "context 'c' of {path} names 'x', which is not among its clusters (y)",
    ),
}


@pytest.mark.parametrize("name", KUBECONFIGS)
def test_a_kubeconfig_that_is_none_is_refused(name: str, desk: Desk) -> None:
    text, said = KUBECONFIGS[name]
    path = desk.folder / "kubeconfig"
    if text is not None:
        path.write_text(text)
    desk.refused("demo", f"KUBECONFIG={path}", code=2, says=("make: KUBECONFIG: " + said.format(path=path),))


def test_two_settings_that_mean_two_clusters_are_refused(desk: Desk) -> None:
    desk.creds("CLUSTER=https://api.lab.example:6443", *ME)
    says = (f"make: KUBECONFIG means {desk.cluster.api_url}", "creds.env:1: CLUSTER means https://api.lab.example:6443")
    for verb in ("demo", "reset", "teardown"):
        desk.refused(verb, f"KUBECONFIG={desk.kubeconfig}", "YES=1", code=2, says=says)


# --- who signs in, and where


@pytest.mark.parametrize(
    ("server", "says"),
    [
        ("https://127.0.0.1:1", ("cannot reach https://127.0.0.1:1", "is the address right and the cluster up?")),
        ("https://api.nowhere.invalid:6443", ("cannot reach https://api.nowhere.invalid:6443",)),
    ],
    ids=["refused", "no-such-host"],
)
def test_a_server_that_does_not_answer_is_named(server: str, says: tuple[str, ...], desk: Desk) -> None:
    desk.creds(f"CLUSTER={server}", *ME)
    desk.refused("demo", code=1, says=(*says, "nothing was changed: "))


def test_a_certificate_that_nobody_vouches_for_is_refused(desk: Desk) -> None:
    desk.creds(f"CLUSTER={desk.cluster.api_url}", *ME)
    desk.refused("demo", code=1, says=("certificate", "not trusted", "CA_FILE"))


OTHER_WAYS = "give TOKEN (console, Copy login command) or KUBECONFIG instead"
STUBS = {
    "no-challenge": ("USER 'alice': no identity provider of this cluster takes a password", OTHER_WAYS),
    "to-login-page": ("USER 'alice' can only sign in through a web page", OTHER_WAYS),
    "oidc": ("has no OAuth server of OpenShift: it uses an external identity provider", OTHER_WAYS),
    "web-page": ("answers, but not like an API server; is CLUSTER right?",),
    "oauth-down": ("the OAuth server cannot be used", "https://127.0.0.1:1"),
    "denied": ("the OAuth server does not sign in 'alice': the user is not in the right group",),
}


@pytest.mark.parametrize("behaviour", STUBS)
def test_a_server_that_signs_in_otherwise_is_told_with_the_way_on(behaviour: str, desk: Desk, tmp_path: Path) -> None:
    with oauth_stub.cluster(tmp_path) as world:
        world.behaviour = behaviour
        desk.creds(f"CLUSTER={world.url}", f"CA_FILE={world.ca}", *ME)
        desk.refused("demo", code=1, says=STUBS[behaviour])


def test_a_certificate_that_has_expired_is_told(desk: Desk, tmp_path: Path) -> None:
    with oauth_stub.cluster(tmp_path, days=-1) as world:
        desk.creds(f"CLUSTER={world.url}", f"CA_FILE={world.ca}", *ME)
        desk.refused("demo", code=1, says=("certificate", "expired"))


def test_a_kubernetes_without_openshift_is_refused(desk: Desk) -> None:
    says = ("is no OpenShift cluster: it has no ClusterVersion", "or `make rehearse` for one on this machine")
    desk.refused("demo", f"KUBECONFIG={desk.kubeconfig}", "DELIVERY=direct", code=1, says=says)


@pytest.mark.usefixtures("openshift_there")
@pytest.mark.parametrize(
    ("who", "says"),
    [
        (("USER=kubeadmin", f"PASSWORD={CANARY}"), ("USER 'kubeadmin' or PASSWORD is wrong; check both in creds.env",)),
        (ME, ("USER 'alice' or PASSWORD is wrong",)),
        ((f"TOKEN=sha256~{CANARY}",), ("TOKEN is not accepted (expired or revoked); get a new one",)),
    ],
    ids=["wrong-password", "unknown-user", "expired-token"],
)
def test_who_is_not_known_is_refused(who: tuple[str, ...], says: tuple[str, ...], desk: Desk) -> None:
    desk.creds(*desk.address(), *who)
    desk.refused("demo", code=1, says=(*says, "nothing was changed: "))


@pytest.mark.usefixtures("openshift_there")
def test_a_kubeconfig_whose_token_has_expired_is_told(desk: Desk) -> None:
    found = yaml.safe_load(desk.kubeconfig.read_text())
    found["users"][0]["user"] = {"token": CANARY}
    path = desk.folder / "old"
    path.write_text(yaml.safe_dump(found))
    said = f"does not accept the credentials of user '{found['users'][0]['name']}' in {path} (expired or revoked)"
    desk.refused("demo", f"KUBECONFIG={path}", code=1, says=(said, "sign in again with `oc login`"))


@pytest.mark.usefixtures("openshift_there")
def test_of_several_clusters_the_current_one_counts(desk: Desk) -> None:
    found = yaml.safe_load(desk.kubeconfig.read_text())
    found["clusters"].insert(0, {"name": "other", "cluster": {"server": "https://127.0.0.1:1"}})
    found["contexts"].insert(0, {"name": "other", "context": {"cluster": "other", "user": "other"}})
    path = desk.folder / "several"
    path.write_text(yaml.safe_dump(found))
    done = desk.run("login", f"KUBECONFIG={path}")
    assert done.stdout.startswith(desk.cluster.api_url), done.stderr


@pytest.mark.usefixtures("openshift_there")
def test_who_is_no_administrator_is_told_what_is_missing(desk: Desk) -> None:
    password = json.loads((desk.cluster.root / "workshop-passwords.json").read_text())["user1"]
    desk.creds(*desk.address(), "USER=user1", f"PASSWORD={password}", "DELIVERY=direct")
    says = ("user1", "forbidden", "sign in as a cluster administrator")
    said = desk.refused("demo", code=1, says=says, keeps=".serving-demo")
    assert password not in said


@pytest.mark.usefixtures("openshift_there")
def test_a_cluster_without_olm_is_refused(desk: Desk) -> None:
    says = ("does not serve operators.coreos.com", "enable the cluster capability OperatorLifecycleManager")
    desk.refused("demo", f"KUBECONFIG={desk.kubeconfig}", "DELIVERY=direct", code=1, says=says)


# --- what is on the cluster


@pytest.mark.usefixtures("olm_there")
def test_on_a_healthy_cluster_nothing_is_in_the_way(desk: Desk) -> None:
    done = desk.run("doctor", f"KUBECONFIG={desk.kubeconfig}", "DELIVERY=direct")
    assert not done.returncode, done.stdout
    assert done.stderr.startswith("nothing stands in the way of `make`")


@pytest.mark.usefixtures("olm_there")
@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_a_cluster_that_is_not_fit_is_refused(condition: Condition, desk: Desk) -> None:
    given = [f"KUBECONFIG={desk.kubeconfig}", f"DELIVERY={condition.delivery}", *condition.arguments]
    with on(desk.cluster, condition):
        desk.refused(condition.verb, *given, code=condition.code, says=condition.says)


@pytest.fixture
def copy(cluster: Cluster, tmp_path: Path) -> Desk:
    """Somebody with a clone of their own, at the commit of its origin."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--shared", str(CLONE), str(clone)], check=True)
    return Desk.make(cluster, tmp_path, clone)


def commit(clone: Path) -> str:
    me = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    subprocess.run(["git", "-C", str(clone), *me, "commit", "--quiet", "--all", "-m", "mine"], check=True)
    return subprocess.run(["git", "-C", str(clone), "rev-parse", "HEAD"], capture_output=True, text=True).stdout[:12]


@pytest.mark.usefixtures("olm_there")
def test_manifests_that_are_not_committed_or_not_pushed_are_told(copy: Desk) -> None:
    path = copy.clone / "manifests" / "storage" / "base" / "service.yaml"
    path.write_text(path.read_text() + "# mine\n")
    given = (f"KUBECONFIG={copy.kubeconfig}", "DELIVERY=gitops")
    told = copy.run("doctor", *given).stdout
    assert "changed and not committed: manifests/storage/base/service.yaml" in told
    says = (f"has no commit {commit(copy.clone)}", "next: git push, or set DELIVERY=direct", "nothing was changed: ")
    copy.refused("demo", *given, code=1, says=says)


@pytest.mark.usefixtures("olm_there")
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (("REPO_URL=https://git.nowhere.invalid/a/b.git",), "https://git.nowhere.invalid/a/b.git: cannot be read from"),
        (("REVISION=no-such-branch",), "has no branch or tag 'no-such-branch'"),
    ],
    ids=["no-repository", "no-revision"],
)
def test_a_repository_that_cannot_deliver_is_told(settings: tuple[str, ...], says: str, copy: Desk) -> None:
    given = (f"KUBECONFIG={copy.kubeconfig}", "DELIVERY=gitops", *settings)
    copy.refused("demo", *given, code=1, says=(says, "or set DELIVERY=direct", "nothing was changed: "))


@pytest.mark.usefixtures("openshift_there")
@pytest.mark.parametrize("code", ["429", "503"])
def test_an_api_server_that_refuses_everything_is_given_up_in_time(code: str, desk: Desk) -> None:
    refusing = Condition("refusing", (), fault=("api-errors", "share=1", f"code={code}"))
    with on(desk.cluster, refusing):
        says = (
            f"HTTP {code}",
            "the API server is overloaded or restarting: wait until it answers",
            "nothing was changed: ",
        )
        desk.refused("demo", f"KUBECONFIG={desk.kubeconfig}", "DELIVERY=direct", code=1, says=says)
