"""A journey that is signed in by password: what it keeps, that no secret of it gets anywhere, and the way out."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bootstrap.kube.connection import connect
from rehearsal.cluster import CLONE, Cluster
from tests.e2e.desk import CANARY, Desk
from tests.e2e.journey import COMMAND_SECONDS, user, written
from tests.e2e.leaks import files, leaks
from tests.e2e.listing import Listing, returned, settled
from tests.e2e.rehearsing import Kubectl, eventually
from tests.e2e.sampling import Seen, watching
from tests.e2e.web import ask

pytestmark = pytest.mark.e2e
RHODS = "2.25"
SPACE, ARGO, RECORD = "serving-demo-gitops", "openshift-gitops", "serving-demo-record"
PASSED_ON = ("REPO_URL", "REVISION", "RHODS_CHANNEL")


@dataclass(slots=True)
class Journey:
    """Somebody with a creds.env, and everything that was said to them and seen meanwhile."""

    desk: Desk
    seen: Seen = field(default_factory=Seen)
    said: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """Where the command keeps what it keeps."""
        return self.desk.folder / ".serving-demo"

    def run(self, *arguments: str, heard: bool = True) -> subprocess.CompletedProcess[str]:
        """The command, with its words noted."""
        done = self.desk.run(*arguments, seconds=COMMAND_SECONDS)
        assert not done.returncode, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        if heard:
            self.said.append((f"what `{' '.join(arguments)}` says", (done.stdout + done.stderr).encode()))
        return done


@pytest.fixture(scope="module")
def journey(state_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Somebody with USER and PASSWORD of a rehearsal, behind its proxy, with a token for its repository."""
    folder = tmp_path_factory.mktemp("signed")
    with user(state_root, folder / "unused", "signed", RHODS) as found:
        desk = Desk.make(found.cluster, folder)
        password = (found.cluster.root / "kubeadmin-password").read_text().strip()
        passed = [f"{name}={found.environment[name]}" for name in PASSED_ON if name in found.environment]
        desk.creds(*desk.address(), "USER=kubeadmin", f"PASSWORD={password}", f"REPO_TOKEN={CANARY}", *passed)
        yield Journey(desk)


@pytest.fixture(scope="module")
def cluster(journey: Journey) -> Cluster:
    return journey.desk.cluster


@pytest.fixture(scope="module")
def before(cluster: Cluster) -> Listing:
    return settled(connect(cluster.kubeconfig))


def test_a_password_is_enough_for_the_whole_journey(journey: Journey, before: Listing) -> None:
    with watching(journey.state) as journey.seen:
        assert "18 known answers exactly, REST and gRPC" in journey.run("demo").stderr
    first = list(written(journey.desk.cluster.audit_log))
    assert first
    done = journey.run("demo")
    assert f"{journey.desk.cluster.api_url}, cluster {journey.desk.cluster.cluster_id}, as kube:admin" in done.stderr
    assert "all there, nothing to change" in done.stderr
    assert list(written(journey.desk.cluster.audit_log)) == first
    assert (journey.state / "kubeconfig").stat().st_mode & 0o777 == 0o600
    assert not (journey.desk.home / ".kube" / "cache").exists()


def test_the_curl_of_the_credentials_answers(journey: Journey) -> None:
    found = json.loads(journey.run("credentials", "JSON=1", heard=False).stdout)
    pasted = ["/bin/sh", "-c", found["inference"]["curl"]]
    done = subprocess.run(pasted, env={"PATH": "/usr/bin:/bin"}, capture_output=True, timeout=60)
    assert json.loads(done.stdout)["outputs"][0]["name"] == "dense_3"
    assert found["argocd"]["password"]
    standings = json.loads(journey.run("status", "JSON=1").stdout)
    assert [row["stage"] for row in standings if not row["ready"]] == []


def decoded(kubectl: Kubectl, name: str, key: str, namespace: str) -> str:
    found = json.loads(kubectl("get", "secret", name, "-n", namespace, "-o", "json"))
    return base64.b64decode(found["data"][key]).decode()


@pytest.fixture
def secrets(journey: Journey, kubectl: Kubectl) -> dict[str, str]:
    """Every secret of this journey, and of what it made."""
    creds = dict(line.split("=", 1) for line in (journey.desk.folder / "creds.env").read_text().splitlines())
    (token,) = (line.split()[1] for line in (journey.state / "kubeconfig").read_text().splitlines() if "token:" in line)
    assert decoded(kubectl, "serving-demo-repository", "password", ARGO) == CANARY
    return {
        "PASSWORD": creds["PASSWORD"],
        "REPO_TOKEN": CANARY,
        "our token": token.strip("\"'"),
        "MinIO's administrator": decoded(kubectl, "minio-root", "MINIO_ROOT_PASSWORD", SPACE),
        "the data connection": decoded(kubectl, "aws-connection-minio", "AWS_SECRET_ACCESS_KEY", SPACE),
        "Argo CD's administrator": decoded(kubectl, "openshift-gitops-cluster", "admin.password", ARGO),
    }


def objects(kubectl: Kubectl) -> Iterator[tuple[str, bytes]]:
    """Everything in the namespaces of the demo, of its record and of Argo CD, but for Secrets."""
    kinds = kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name").split()
    wanted = ",".join(
        kind for kind in kinds if kind not in ("secrets", "packagemanifests.packages.operators.coreos.com")
    )
    for namespace in (SPACE, ARGO, RECORD):
        yield f"an object in {namespace}", kubectl("get", wanted, "-n", namespace, "-o", "json").encode()


def committed(cluster: Cluster) -> Iterator[tuple[str, bytes]]:
    """Everything in the Git repository that Argo CD reads."""
    everything = [
        "git",
        "--git-dir",
        str(cluster.git / "serving-demo.git"),
        "cat-file",
        "--batch",
        "--batch-all-objects",
    ]
    yield "the Git repository", subprocess.run(everything, capture_output=True, check=True).stdout


def archived(path: Path) -> Iterator[tuple[str, bytes]]:
    """Everything in an archive of `make support`."""
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            if file := archive.extractfile(member):
                yield f"{path.name}: {member.name}", file.read()


def test_no_secret_is_said_kept_or_shown_anywhere(
    journey: Journey, kubectl: Kubectl, cluster: Cluster, secrets: dict[str, str]
) -> None:
    for verb in ("status", "plan", "doctor", "verify"):
        journey.run(verb)
    archive = Path(journey.run("support").stdout.split()[0])
    kept = [(name, text) for name, text in files(journey.state) if Path(name).name != "kubeconfig"]
    seen = [(name, text) for name, text in journey.seen.texts() if "/kubeconfig" not in name.split(" ")[0]]
    assert any(b"ansible-playbook" in title for title in journey.seen.titles)
    assert any("/artifacts/" in name for name, _ in seen)
    texts = [*journey.said, *kept, *seen, *objects(kubectl), *committed(cluster)]
    texts += archived(journey.desk.folder / archive)
    assert len(texts) > 40
    assert leaks(secrets, texts) == []


def test_the_search_finds_a_secret_that_was_planted(journey: Journey, kubectl: Kubectl) -> None:
    planted = "planted/c4nary+1="
    note = base64.b64encode(f"user:{planted}".encode()).decode()
    kubectl("annotate", "applications.argoproj.io", "serving-demo-storage", "-n", ARGO, f"example.com/note={note}")
    try:
        with watching(journey.state) as seen:
            path = journey.state / "artifacts" / "passing"
            path.parent.mkdir()
            path.write_text(json.dumps({"stdout": f"password={planted}"}))
            subprocess.run([sys.executable, "-c", "import time; time.sleep(1)", planted], check=True)
            path.unlink()
            path.parent.rmdir()
        found = leaks({"canary": planted}, [*seen.texts(), *objects(kubectl)])
    finally:
        kubectl("annotate", "applications.argoproj.io", "serving-demo-storage", "-n", ARGO, "example.com/note-")
    assert any("title of a process" in one for one in found)
    assert any("artifacts/passing" in one for one in found)
    assert f"canary stands in an object in {ARGO}" in found


def test_a_model_of_ones_own_takes_the_slot(journey: Journey) -> None:
    mine = journey.desk.folder / "mine.onnx"
    mine.write_bytes((CLONE / "model" / "fraud-v2" / "1" / "model.onnx").read_bytes())
    answers = [sys.executable, "-m", "model", "answers", str(mine)]
    subprocess.run(answers, cwd=CLONE, check=True, capture_output=True)
    assert "fraud (a model of yours): 2 known answers" in journey.run("demo", f"MODEL={mine}").stderr
    (mine.with_suffix(".answers.json")).unlink()
    assert "NO ANSWER WAS COMPARED" in journey.run("verify", f"MODEL={mine}").stdout


@pytest.mark.soak
def test_the_way_back_leaves_the_cluster_as_it_was(journey: Journey, cluster: Cluster, before: Listing) -> None:
    journey.run("demo")  # in a soak none of the tests before has run
    journey.run("teardown", "YES=1")
    signed_in = {".*OAuthAccessToken.*": "until the logout below"}
    assert not returned(connect(cluster.kubeconfig), before, stays=signed_in)


def test_logout_revokes_the_token_and_forgets_it(journey: Journey, cluster: Cluster) -> None:
    kubeconfig = journey.state / "kubeconfig"
    (token,) = (line.split()[1].strip("\"'") for line in kubeconfig.read_text().splitlines() if "token:" in line)
    bearer = {"Authorization": f"Bearer {token}"}
    assert ask(cluster, f"{cluster.api_url}/api/v1/namespaces", headers=bearer).status == 200
    assert "the token is revoked" in journey.run("logout").stdout
    assert not kubeconfig.exists()
    # the API server remembers a review for a moment
    eventually(lambda: ask(cluster, f"{cluster.api_url}/api/v1/namespaces", headers=bearer).status == 401)
    assert "nothing to sign out from" in journey.run("logout").stdout
