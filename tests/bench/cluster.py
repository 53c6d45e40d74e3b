"""The rows that a running demo is asked for: again, credentials, a new InferenceService, rest, reset."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from rehearsal import processes, status
from rehearsal.toolchain import tool
from tests.bench.measure import Line, against, alone, alternating, seconds, timed
from tests.e2e.journey import User
from tests.e2e.openshift_ai import QUESTION
from tests.e2e.rehearsing import kubectl_for
from tests.e2e.web import ask

Obj = dict[str, Any]
ROUNDS = 5
REST_SECONDS = 30
HOME, SECOND = "serving-demo-gitops", "bench-serving"
# what a person would look up by hand for the same report
BY_HAND = (
    ("route", "minio-s3", HOME),
    ("route", "minio-console", HOME),
    ("secret", "minio-root", HOME),
    ("secret", "aws-connection-minio", HOME),
    ("inferenceservice", "fraud", HOME),
    ("route", "fraud", HOME),
    ("consolelink", "rhodslink", ""),
)


def again(user: User) -> Line:
    """`make` when all is done."""
    before = len(user.writes())
    times = sorted(timed(lambda: user.run("demo")) for _ in range(ROUNDS))
    written = len(user.writes()) - before
    return alone(
        "the whole journey again, all done", f"{seconds(times[ROUNDS // 2])}, {written} writes", "2 s, 0 writes"
    )


# and how they would see that Argo CD's password is the one in its Secret, which somebody may have changed since
LOG_IN = """
argo() { kubectl get "$@" -n openshift-gitops; }
host=$(argo route openshift-gitops-server -o jsonpath='{.spec.host}')
key=$(argo secret openshift-gitops-cluster -o jsonpath='{.data.admin\\.password}' | base64 -d)
printf '{"username": "admin", "password": "%s"}' "$key" |
  curl -sf -o /dev/null --cacert "$CA_FILE" -x "$HTTPS_PROXY" -H "Content-Type: application/json" -d @- \\
  "https://$host/api/v1/session"
"""


def credentials(user: User) -> Line:
    """The report against the same look-ups by kubectl in a shell."""
    calls = [f"kubectl get {kind} {name} {f'-n {where}' if where else ''} -o yaml" for kind, name, where in BY_HAND]
    script = "set -e; " + "; ".join(f"{call} >/dev/null" for call in calls) + LOG_IN

    def by_hand() -> None:
        subprocess.run(["/bin/sh", "-c", script], env=user.environment, check=True, timeout=120)

    ours, peer = alternating(lambda: user.run("credentials"), by_hand, ROUNDS)
    what = f"credentials, against {len(calls) + 2} look-ups by kubectl and one login to Argo CD by curl"
    return against(what, ours, peer, "0.5")


def first_answer(user: User) -> Line:
    """From the creation of a second InferenceService to its first right answer through its Route."""
    kubectl = kubectl_for(user.cluster)
    kubectl("create", "namespace", SECOND)
    try:
        for kind, name in (("secret", "aws-connection-minio"), ("servingruntime", "triton")):
            kubectl(
                "apply",
                "-f",
                "-",
                stdin=json.dumps(_moved(json.loads(kubectl("get", kind, name, "-n", HOME, "-o", "json")))),
            )
        _until(lambda: "storage-config" in kubectl("get", "secret", "-n", SECOND, "-o", "name"))
        service = _moved(json.loads(kubectl("get", "inferenceservice", "fraud", "-n", HOME, "-o", "json")))
        expected = _answer(user, HOME)
        assert expected is not None, "the demo itself does not answer"
        taken = timed(lambda: _serve(user, service, expected))
    finally:
        kubectl("delete", "namespace", SECOND, "--wait=false")
    return alone("InferenceService created → first right answer", seconds(taken), "5 s")


def _serve(user: User, service: Obj, expected: float) -> None:
    kubectl_for(user.cluster)("create", "-f", "-", stdin=json.dumps(service))
    _until(lambda: _answer(user, SECOND) == expected)


def _answer(user: User, namespace: str) -> float | None:
    command = [str(tool("kubectl")), "get", "route", "fraud", "-n", namespace, "-o", "jsonpath={.spec.host}"]
    host = subprocess.run(command, env=user.environment, capture_output=True, text=True, timeout=30).stdout
    if not host:
        return None
    answer = ask(user.cluster, f"https://{host}/v2/models/fraud/infer", "POST", body=json.dumps(QUESTION))
    return float(answer.json["outputs"][0]["data"][0]) if answer.status == 200 else None


def _moved(obj: Obj) -> Obj:
    """The same object, as if made by hand in the other namespace."""
    kept = {"name": obj["metadata"]["name"], "namespace": SECOND}
    labels = {
        k: v for k, v in obj["metadata"].get("labels", {}).items() if not k.startswith(("app.kubernetes.io", "argocd"))
    }
    notes = {k: v for k, v in obj["metadata"].get("annotations", {}).items() if not k.startswith(("argocd", "kubectl"))}
    content = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**content, "metadata": {**kept, "labels": labels, "annotations": notes}}


def _until(check: Any, limit: float = 120) -> None:
    end = time.monotonic() + limit
    while not check():
        if time.monotonic() > end:
            raise TimeoutError(f"not true within {limit:g} s")
        time.sleep(0.05)


def rest(user: User) -> list[Line]:
    """Memory and processor time of everything, when nobody asks for anything."""
    time.sleep(REST_SECONDS)
    pids = _all(user)
    before = _ticks(pids)
    time.sleep(REST_SECONDS)
    used = (_ticks(pids) - before) / REST_SECONDS
    memory = sum(row["memory"] for row in status.measured(user.cluster)) / (1 << 30)
    return [
        alone("memory at rest, PSS", f"{memory:.1f} GiB", "2.5 GB"),
        alone("processor at rest", f"{used * 100:.0f} % of one core", "10 %"),
    ]


def _all(user: User) -> list[int]:
    outers = processes.find(user.cluster.root)
    families = processes.families(outers[0])
    return sorted({pid for family in families.values() for pid in family})


def _ticks(pids: list[int]) -> float:
    """Seconds of processor time that these processes have used so far."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        total += int(fields[11]) + int(fields[12])
    return total / 100


def reset(user: User) -> Line:
    return alone("reset", seconds(timed(lambda: user.run("reset", "YES=1"))), "20 s")


def teardown(user: User) -> Line:
    return alone("teardown", seconds(timed(lambda: user.run("teardown", "YES=1"))), "-")
