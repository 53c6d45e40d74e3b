"""What goes and what stays, and who is asked before."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bootstrap import teardown
from bootstrap.errors import GuardError
from bootstrap.kube.discovery import Resource
from bootstrap.kube.objects import LABELS, Ref
from bootstrap.kube.record import Record
from bootstrap.login import Session
from bootstrap.settings import Settings
from tests.unit.cluster import Objects, obj, subscription

SPACE = "serving-demo-gitops"
CREATED = {
    Ref("v1", "Namespace", None, SPACE),
    Ref("apps/v1", "Deployment", SPACE, "minio"),
    Ref("serving.kserve.io/v1beta1", "InferenceService", SPACE, "fraud"),
    Ref("argoproj.io/v1alpha1", "Application", "openshift-gitops", "serving-demo-storage"),
    Ref("v1", "Namespace", None, "serving-demo-record"),
}
SESSION = Session(Path("kubeconfig"), "https://api.example.com:6443", "admin", "id", False)


class Cluster(Objects):
    """A cluster that also tells which kinds it serves."""

    @property
    def discovery(self) -> SimpleNamespace:
        verbs = frozenset({"list"})
        kinds = {(ref.api_version, ref.kind, ref.namespace is not None) for ref in self.objects}
        served = [Resource(version, kind, kind.lower(), spaced, verbs) for version, kind, spaced in sorted(kinds)]
        return SimpleNamespace(everything=lambda: served)


def record(**more: object) -> Record:
    return Record("id", "0.1.0", "https://api.example.com:6443", created=set(CREATED), **more)


def going(*objects: dict, keep: bool = False, known: Record | None = None) -> teardown.Departure:
    return teardown.departure(Cluster(objects), known or record(), keep_operators=keep)


def test_applications_go_first_then_what_serves_then_the_rest() -> None:
    steps = going().steps
    assert [ref.kind for ref in steps["applications"]] == ["Application"]
    assert [ref.kind for ref in steps["serving"]] == ["InferenceService"]
    assert {ref.kind for ref in steps["storage"]} == {"Namespace", "Deployment"}


def test_the_record_itself_is_in_no_step() -> None:
    assert not [ref for ref in going().refs if ref.name == "serving-demo-record"]


def test_a_namespace_with_something_of_somebody_else_is_kept_and_named() -> None:
    found = going(obj("v1", "ConfigMap", "theirs", SPACE))
    assert Ref("v1", "Namespace", None, SPACE) not in found.refs
    assert found.kept == {f"Namespace {SPACE}": f"it holds what is not ours: ConfigMap {SPACE}/theirs"}


@pytest.mark.parametrize(
    "harmless",
    [
        obj("v1", "ConfigMap", "kube-root-ca.crt", SPACE),
        obj("v1", "Secret", "storage-config", SPACE),
        obj("v1", "ServiceAccount", "default", SPACE),
        obj("v1", "ConfigMap", "ours", SPACE, labels=LABELS),
    ],
    ids=lambda one: one["metadata"]["name"],
)
def test_what_the_cluster_makes_in_every_namespace_keeps_none(harmless: dict) -> None:
    assert Ref("v1", "Namespace", None, SPACE) in going(harmless).refs


def test_an_operator_that_was_there_before_stays() -> None:
    csv = obj("operators.coreos.com/v1alpha1", "ClusterServiceVersion", "rhods-operator.3.4.3", "redhat-ods-operator")
    assert not going(csv).steps["rhods_operator"]


def test_an_operator_that_we_installed_goes_with_its_csv_and_its_namespaces() -> None:
    known = record(installed={"rhods-operator": "rhods-operator.3.4.3"})
    known.created |= {Ref.of(subscription("rhods-operator", "redhat-ods-operator", ""))}
    csv = obj("operators.coreos.com/v1alpha1", "ClusterServiceVersion", "rhods-operator.3.4.3", "redhat-ods-operator")
    made = obj("v1", "Namespace", "redhat-ods-applications")
    names = {ref.name for ref in going(csv, made, known=known).steps["rhods_operator"]}
    assert {"rhods-operator", "rhods-operator.3.4.3", "redhat-ods-applications"} <= names
    kept = going(csv, made, known=known, keep=True)
    assert kept.steps["rhods_operator"] == []
    assert kept.kept == {"operator rhods-operator": "KEEP=operators"}


def test_without_a_terminal_nothing_goes_unless_yes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(GuardError, match=r"cluster id: 4 objects would be deleted; YES=1 says yes"):
        teardown.confirm(Settings(), SESSION, Cluster(), going(), lambda _: "y")
    teardown.confirm(Settings(yes=True), SESSION, Cluster(), going(), lambda _: "n")


def test_on_a_terminal_only_a_yes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    asked: list[str] = []
    with pytest.raises(GuardError, match="nothing was deleted"):
        teardown.confirm(Settings(), SESSION, Cluster(), going(), lambda text: asked.append(text) or "")
    assert "https://api.example.com:6443, cluster id" in asked[0]
    teardown.confirm(Settings(), SESSION, Cluster(), going(), lambda _: "yes")
