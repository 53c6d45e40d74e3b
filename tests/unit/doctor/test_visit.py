"""The doctor before a run: both halves, all problems at once, nothing changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from bootstrap import stages
from bootstrap.doctor import visit
from bootstrap.doctor.finding import Check
from bootstrap.doctor.sight import Sight
from bootstrap.errors import ApiError, Blocked, Forbidden, GuardError, LoginError
from bootstrap.kube.objects import Obj
from bootstrap.settings import Settings
from tests.unit.cluster import Objects, csv, obj, subscription
from tests.unit.doctor import test_cluster, test_operators, test_room
from tests.unit.doctor.cases import SESSION, catalog, node, sight, storage_class

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class Cluster(Objects):
    """A cluster that answers reviews, and notes whatever else is sent to it."""

    denied: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    reserved: ClassVar[dict[str, Exception]] = {}

    def __init__(self, objects: list[Obj]) -> None:
        super().__init__(objects, {"operators.coreos.com/v1alpha1"})
        self.sent: list[str] = []

    def request(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        self.sent.append(f"{method} {path}")
        attributes = body["spec"]["resourceAttributes"]
        allowed = attributes["resource"] not in self.denied and not (self.denied and attributes["resource"] == "*")
        return {"status": {"allowed": allowed}}

    def create(self, made: Obj, *, dry_run: bool) -> Obj:
        assert dry_run
        name = made["metadata"]["name"]
        if name in self.reserved:
            raise self.reserved[name]
        return made

    def list(self, api_version: str, kind: str, *more: Any, **selectors: Any) -> list:
        if kind in self.forbidden:
            raise Forbidden(f"{kind} is forbidden", status=403)
        selectors.pop("field_selector", None)
        return super().list(api_version, kind, *more[:2], **selectors)


def package(name: str, channel: str, head: str) -> Obj:
    status = {"catalogSource": "redhat-operators", "channels": [{"name": channel, "currentCSV": head}]}
    return obj("packages.operators.coreos.com/v1", "PackageManifest", name, "openshift-marketplace", status=status)


def healthy() -> list[Obj]:
    version = obj("config.openshift.io/v1", "ClusterVersion", "version", status={"desired": {"version": "4.20.8"}})
    return [
        version,
        catalog(),
        node(),
        storage_class("gp3"),
        package("rhods-operator", "stable-3.x", "rhods-operator.3.4.3"),
        package("openshift-gitops-operator", "latest", "openshift-gitops-operator.v1.21.4"),
    ]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(visit, "CREDS", tmp_path / "creds.env")
    monkeypatch.setattr(visit.machine.shutil, "which", lambda name: f"bin/{name}")
    return Settings(cluster=SESSION.server, delivery="direct", state_dir=tmp_path)


def signed_in(monkeypatch: pytest.MonkeyPatch, client: Cluster) -> None:
    monkeypatch.setattr(stages, "sign_in", lambda settings: (SESSION, client))


def test_a_healthy_cluster_gives_a_visit_and_nothing_but_reviews_and_dry_runs_is_sent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Cluster(healthy())
    signed_in(monkeypatch, client)
    here = visit.visit(settings, stages.DELIVERED)
    assert (here.era, here.plan.delivery) == ("raw", "direct")
    assert set(client.sent) == {f"POST {REVIEW}"}


def test_all_problems_of_both_halves_stop_a_run_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit.machine.shutil, "which", lambda name: None)
    left = [one for one in healthy() if one["kind"] not in ("StorageClass", "PackageManifest")]
    signed_in(monkeypatch, Cluster(left))
    with pytest.raises(Blocked) as stopped:
        visit.visit(settings, stages.DELIVERED)
    message = str(stopped.value)
    assert "PATH: has neither kustomize, oc nor kubectl\n" in message
    assert "StorageClass: none is the default (there: none)\n" in message
    assert "PackageManifest openshift-marketplace/rhods-operator: is offered by no catalog\n" in message
    assert message.endswith("nothing was changed: 3 problems stand in the way; `make doctor` shows all checks")


def test_warnings_stop_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(monkeypatch, Cluster([*healthy(), storage_class("second")]))
    found = visit.examine(settings)
    assert [one.name for one in found.checked if one.findings] == ["StorageClass"]
    assert not found.blocked


def test_a_failed_sign_in_is_told_beside_the_machine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(settings: Settings) -> None:
        raise LoginError("wrong password")

    monkeypatch.setattr(stages, "sign_in", fail)
    found = visit.examine(settings)
    assert {one.name: one.state for one in found.checked if one.half == "cluster"} == {"login": "blocked"}
    assert {one.half for one in found.checked} == {"machine", "cluster"}


def test_what_may_not_be_read_is_said_and_the_other_checks_go_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Cluster(healthy())
    client.forbidden = ("Node", "StorageClass")
    signed_in(monkeypatch, client)
    found = {one.name: one for one in visit.examine(settings).checked}
    assert (found["nodes"].state, found["StorageClass"].state, found["channels"].state) == ("skipped", "skipped", "ok")
    assert found["StorageClass"].skipped == ["StorageClass is forbidden"]


def test_a_record_that_is_none_blocks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = obj("v1", "ConfigMap", "serving-demo-record", "serving-demo-record", data={"created": "nonsense"})
    signed_in(monkeypatch, Cluster([*healthy(), broken]))
    with pytest.raises(Blocked, match="ConfigMap serving-demo-record/serving-demo-record is no record of the demo"):
        visit.visit(settings, stages.DELIVERED)


def test_rights_are_asked_one_by_one_only_without_cluster_admin(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Cluster(healthy())
    client.denied = ("subscriptions",)
    signed_in(monkeypatch, client)
    (found,) = [one for one in visit.examine(settings).checked if one.name == "rights"]
    assert "may not: create subscriptions.operators.coreos.com in redhat-ods-operator" in str(found.findings[0])
    assert len(client.sent) > 5


def test_namespaces_that_may_not_be_made_are_found_by_a_dry_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Cluster(healthy())
    webhook = 'admission webhook "namespace-validation" denied the request: Prevented from accessing Red Hat namespaces'
    client.reserved = {
        "redhat-ods-operator": Forbidden(webhook, status=403),
        "serving-demo-gitops": ApiError("admission webhook does not support dry run", status=400),
        "serving-demo-record": ApiError("failed calling webhook", status=500),
    }
    signed_in(monkeypatch, client)
    (found,) = [one for one in visit.examine(settings).checked if one.name == "names of namespaces"]
    (told,) = found.findings
    assert str(told).startswith(f"Namespace redhat-ods-operator: may not be made: {webhook}; ")


def test_already_have_rhods_without_it_is_refused_before_anything_else(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(monkeypatch, Cluster(healthy()))
    with pytest.raises(GuardError, match="OpenShift AI is not installed here, and `already-have-rhods` installs none"):
        visit.visit(settings, stages.DELIVERED, need_rhods=True)


def test_one_point_x_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    there = [subscription("rhods-operator", "redhat-ods-operator", "rhods-operator.1.28.0")]
    there += [csv("rhods-operator.1.28.0", "redhat-ods-operator")]
    signed_in(monkeypatch, Cluster([*healthy(), *there]))
    with pytest.raises(Blocked, match=r"OpenShift AI 1\.28\.0 is too old"):
        visit.visit(settings, stages.DELIVERED)


def test_teardown_asks_only_what_would_let_a_deletion_hang_or_go_wrong(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(monkeypatch, Cluster([]))  # no OpenShift, no catalog, no room: no matter then
    visit.before_teardown(settings)


def test_a_reset_is_stopped_where_the_demo_could_not_be_made_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(monkeypatch, Cluster([one for one in healthy() if one["kind"] != "StorageClass"]))
    with pytest.raises(Blocked, match="StorageClass: none is the default"):
        visit.before_reset(settings)


def test_every_check_has_a_name_of_its_own() -> None:
    names = [check.name for check in visit.CLUSTER]
    assert len(names) == len(set(names)) == 23
    assert [check.name for check in visit.TEARDOWN] == ["token", "record", "webhooks", "aggregated APIs"]


class Spy:
    """Notes which parts of a sight are read."""

    def __init__(self, real: Sight) -> None:
        self.real, self.parts = real, set()

    def __getattr__(self, name: str) -> Any:
        self.parts.add(name)
        return getattr(self.real, name)


@pytest.mark.parametrize("check", visit.CLUSTER, ids=lambda check: check.name)
def test_every_part_that_a_check_reads_is_among_its_needs(check: Check) -> None:
    always = {"settings", "session", "cluster_id", "stages", "delivery", "need_rhods", "past"}
    always |= {"installing", "packages", "minio"}  # made from the facts
    for name, bad, *_ in (*test_cluster.BAD, *test_operators.BAD, *test_room.BAD):
        spy = Spy(sight(**bad))
        if name == check.name:
            list(check.look(spy))
            assert spy.parts - always - ({"facts"} if name == "rights" else set()) <= set(check.needs)
            assert not spy.parts & {"installing"} or "facts" in check.needs
