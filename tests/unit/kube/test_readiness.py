"""Readiness: our own fixtures, and the verdict of every sample of a real cluster where they are at hand."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.kube.objects import Obj
from bootstrap.kube.readiness import PREDICATES, argocd, condition_is, judge, synced_to
from bootstrap.kube.readiness.openshift_ai import serves

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, in C where that was built
OURS = Path(__file__).parents[2] / "data" / "objects"
# samples of real clusters are not ours to copy; where they lie beside the clone, they are read there
REAL = Path(os.environ.get("REAL_OBJECTS", Path(__file__).parents[4] / "shared" / "real-objects"))
VERDICTS = ("not-ready", "ready", "failed")

# samples whose verdict no look at this one object can give, or whose header says something else than their name
OTHERWISE = {
    "platform/Route/not-ready-rhods-dashboard-34-redirect-1": "ready",  # is served; its header is about its use
    "platform/Subscription/failed-error-prevented-resolution-deleted-catalog-1": "not-ready",  # reason as in passing
    "platform/Subscription/failed-upgrade-pending-plan-complete-csv-missing-gitops-1": "not-ready",  # plan and CSV tell
    "serving/apiservice/not-ready-gitops-engine-apiservice-v1-false-1": "failed",  # same object as in platform/
    "serving/application/ready-gitops-engine-application-healthy-1": "not-ready",  # healthy, but not synced
    "serving/inferenceservice/failed-raw-replica-failure-hidden-rhoai-2-25-1": "not-ready",  # its Deployment tells
    "serving/inferenceservice/failed-serverless-no-knative-no-status-1": "not-ready",  # header: only an Event tells
    "serving/inferenceservice/ready-raw-ready-true-but-model-status-pending-1": "not-ready",  # header: not yet ready
}


def documents(path: Path) -> list[Obj]:
    return [found for found in yaml.load_all(path.read_text(), Loader=LOADER) if isinstance(found, dict)]


def judged(path: Path) -> str:
    first, *rest = documents(path)
    return str(judge(first, tuple(obj for obj in rest if obj.get("kind") == "Event")).state)


def named(path: Path) -> str:
    return next(verdict for verdict in VERDICTS if path.name.startswith(verdict + "-"))


def real_samples() -> list[tuple[Path, Obj, list[Obj]]]:
    found = []
    for path in sorted(REAL.glob("*/*/*.yaml")):
        if not path.name.startswith(VERDICTS):
            continue
        first, *rest = documents(path) or [{}]
        if "kind" not in first and path.parent.name == "deployment":  # a fragment: its status alone
            first = {"apiVersion": "apps/v1", "kind": "Deployment", **first}
        if (str(first.get("apiVersion")).rpartition("/")[0], first.get("kind")) in PREDICATES:
            found.append((path, first, rest))
    return found


@pytest.mark.parametrize("path", sorted(OURS.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_our_fixtures_get_the_verdict_of_their_name(path: Path) -> None:
    assert judged(path) == named(path)


def test_our_fixtures_cover_every_kind_of_the_table() -> None:
    covered = {documents(path)[0]["kind"] for path in OURS.glob("*/*.yaml")}
    assert covered == {kind for _, kind in PREDICATES}


@pytest.mark.skipif(
    not REAL.is_dir(), reason="THE SAMPLES OF REAL CLUSTERS ARE NOT HERE: set REAL_OBJECTS to their folder"
)
def test_samples_of_real_clusters_get_the_verdict_of_their_header() -> None:
    wrong, verdicts, kinds = [], Counter[str](), set()
    for path, obj, beside in real_samples():
        name = str(path.relative_to(REAL).with_suffix(""))
        wanted = OTHERWISE.get(name, named(path))
        got = judge({"metadata": {}, **obj}, tuple(other for other in beside if other.get("kind") == "Event"))
        if got.state != wanted:
            wrong.append(f"{name}: {got.state} ({got.reason}), wanted {wanted}")
        if not got.ready:
            assert got.reason, name
        verdicts[wanted] += 1
        kinds.add(obj["kind"])
    assert not wrong
    assert (len(kinds), sum(verdicts.values())) == (23, 278)
    assert all(verdicts[verdict] > 50 for verdict in VERDICTS)


def test_a_kind_that_is_not_in_the_table_is_ready_once_it_exists() -> None:
    assert judge({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}).ready


def application(revision: str, **operation: Any) -> Obj:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "a"},
        "status": {
            "sync": {"status": "Synced", "revision": revision},
            "health": {"status": "Healthy"},
            "operationState": {"phase": "Succeeded", **operation},
        },
    }


def test_an_application_at_another_revision_is_not_ready() -> None:
    assert synced_to("new")(application("new")).ready
    verdict = synced_to("new")(application("old"))
    assert not verdict.ready
    assert verdict.reason == "is at revision old, not yet at new"


def test_an_application_is_not_ready_before_its_changed_source_is_compared() -> None:
    obj = application("new")
    obj["spec"] = {"source": {"path": "p", "kustomize": {"patches": [{"patch": "x", "target": {"kind": "K"}}]}}}
    obj["status"]["sync"]["comparedTo"] = {"source": {"path": "p"}}
    assert synced_to("new")(obj).reason == "has not looked at its changed source yet"
    obj["status"]["sync"]["comparedTo"] = {"source": {**obj["spec"]["source"], "chart": ""}}
    assert synced_to("new")(obj).ready


@pytest.mark.parametrize(
    ("said", "grace"), [("dial tcp: lookup git.lab: no such host", argocd.UNREACHED), ("not found", argocd.SETTLING)]
)
def test_a_repository_that_argo_cd_cannot_read_ends_the_wait_with_its_own_advice(said: str, grace: float) -> None:
    obj = application("old")
    obj["status"]["conditions"] = [{"type": "ComparisonError", "message": said}]
    del obj["status"]["sync"]["revision"]
    verdict = synced_to("new")(obj)
    assert verdict.failed
    assert verdict.grace == grace
    assert "DELIVERY=direct" in verdict.advice


def test_the_failed_sync_of_a_former_revision_does_not_count() -> None:
    obj = application("new", phase="Failed", message="x", syncResult={"revision": "old"})
    obj["status"]["sync"]["status"] = "OutOfSync"
    assert synced_to("new")(obj).state == "not-ready"
    obj["status"]["operationState"]["syncResult"]["revision"] = "new"
    assert synced_to("new")(obj).failed


def test_a_condition_counts_only_for_the_present_generation() -> None:
    obj: Obj = {
        "apiVersion": "x/v1",
        "kind": "Thing",
        "metadata": {"name": "t", "generation": 2},
        "status": {"observedGeneration": 1, "conditions": [{"type": "Available", "status": "True"}]},
    }
    assert not condition_is("Available")(obj).ready
    obj["status"]["observedGeneration"] = 2
    assert condition_is("Available")(obj).ready
    assert condition_is("Other")(obj).reason == "condition Other is not reported yet"
    assert condition_is("Available", "False")(obj).reason == "Available is True"


def test_a_broken_container_is_told_with_the_last_line_it_left() -> None:
    ended = {"exitCode": 1, "reason": "Error", "message": "Traceback\n  File x\nPermissionError: no bucket\n"}
    status = {
        "name": "storage",
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": ended},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {},
        "status": {"phase": "Pending", "initContainerStatuses": [status]},
    }
    verdict = judge(pod)
    assert verdict.failed
    assert verdict.grace > 0
    assert verdict.reason == "container storage: CrashLoopBackOff (Error, exit code 1): PermissionError: no bucket"


def dsc(*reported: tuple[str, str, str, str], **status: Any) -> Obj:
    keys = ("type", "status", "reason", "message")
    found = [dict(zip(keys, one, strict=True)) for one in reported]
    for one in found:
        one |= {"severity": "Info"} if one["reason"] == "Removed" else {}
    made = {"apiVersion": "datasciencecluster.opendatahub.io/v2", "kind": "DataScienceCluster"}
    return {**made, "metadata": {"generation": 1}, "status": {"conditions": found, **status}}


TRAINER = ("TrainerReady", "False", "Error", "JobSet operator not installed")


@pytest.mark.parametrize(
    ("era", "reported", "state", "said"),
    [
        ("raw", [("KserveReady", "True", "", ""), ("ModelControllerReady", "True", "", ""), TRAINER], "ready", ""),
        ("raw", [("KserveReady", "True", "", ""), ("DashboardReady", "False", "Removed", "")], "ready", ""),
        ("raw", [("KserveReady", "False", "Removed", "is Removed")], "not-ready", "KserveReady: is Removed"),
        ("raw", [TRAINER], "not-ready", "KserveReady is not reported yet"),
        ("raw", [("KserveReady", "False", "Error", "no mesh"), TRAINER], "failed", "KserveReady: no mesh"),
        (
            "raw",
            [
                ("KserveReady", "False", "", ""),
                ("ProvisioningSucceeded", "False", "Error", "gateway domain is missing"),
            ],
            "not-ready",
            "ProvisioningSucceeded: gateway domain is missing; KserveReady: not reported yet",
        ),
        (
            "raw",
            [("KserveReady", "True", "", ""), ("ModelControllerReady", "False", "DeploymentsNotReady", "0/1")],
            "not-ready",
            "ModelControllerReady: 0/1",
        ),
        ("modelmesh", [("ModelMeshServingReady", "True", "", ""), ("KserveReady", "False", "Error", "x")], "ready", ""),
        (
            "modelmesh",
            [("model-meshReady", "True", "", ""), ("kserveReady", "False", "ReconcileFailed", "no mesh")],
            "ready",
            "",
        ),
        (
            "modelmesh",
            [("model-meshReady", "True", "", ""), ("dashboardReady", "False", "ReconcileFailed", "it is not ready")],
            "not-ready",
            "dashboardReady: it is not ready",
        ),
        (
            "modelmesh",
            [("model-meshReady", "True", "", ""), ("dashboardReady", "Unknown", "ReconcileInit", "is disabled")],
            "ready",
            "",
        ),
    ],
)
def test_a_datasciencecluster_of_somebody_else_needs_only_what_serves(
    era: str, reported: list[tuple[str, str, str, str]], state: str, said: str
) -> None:
    ready = ("Ready", "False", "NotReady", "some components are not ready")
    verdict = serves(era)(dsc(*reported, ready, phase="Not Ready"))
    assert (verdict.state, verdict.reason) == (state, said)


def test_a_second_datasciencecluster_cannot_serve() -> None:
    refused = ("ReconcileComplete", "False", "DuplicateDataScienceCluster", "only one instance")
    assert serves("raw")(dsc(("kserveReady", "True", "", ""), refused, phase="Error")).failed


@pytest.mark.parametrize(
    "said",
    [
        'Internal error occurred: failed calling webhook "x.kserve-webhook-server.validator"',
        'no endpoints available for service "kserve-webhook-server-service"',
        "dial tcp 172.30.0.9:443: connect: connection refused",
    ],
)
def test_a_component_waits_for_the_webhook_of_another_as_long_as_its_image_takes(said: str) -> None:
    obj = dsc(("Ready", "False", "NotReady", "kserve"), ("KserveReady", "False", "Error", said))
    assert judge(obj).state == "not-ready"
    assert judge(obj).reason == f"KserveReady: {said}"


def test_a_rollout_that_ran_into_its_deadline_may_still_pull_its_image() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}
    rollout = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}, "status": {"conditions": [late]}}
    served = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {}}
    served["status"] = {"conditions": [{**late, "type": "PredictorReady"}]}
    for obj in (rollout, served):
        assert judge(obj).failed
        assert judge(obj).grace == 1800


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("CatalogSourcesUnhealthy", "UnhealthyCatalogSourceFound"),
        ("ResolutionFailed", "ConstraintsNotSatisfiable"),
        ("ResolutionFailed", "ErrorPreventedResolution"),
        ("BundleUnpackFailed", "BundleUnpackFailed"),
    ],
)
@pytest.mark.parametrize("state", ["AtLatestKnown", "UpgradeAvailable"])
def test_an_installed_operator_is_not_touched_by_trouble_with_catalogs_and_neighbours(
    broken: str, reason: str, state: str
) -> None:
    condition = {"type": broken, "status": "True", "reason": reason, "message": "x"}
    status = {"state": state, "currentCSV": "o.v1", "conditions": [condition]}
    obj = {"apiVersion": "operators.coreos.com/v1alpha1", "kind": "Subscription", "metadata": {}, "status": status}
    assert not judge(obj).ready
    status["installedCSV"] = "o.v1"
    assert judge(obj).ready
