"""What goes and what stays, and who is asked before."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bootstrap import teardown
from bootstrap.errors import ApiError, GuardError
from bootstrap.installed import ONCE
from bootstrap.kube.discovery import Resource
from bootstrap.kube.objects import LABELS, Ref
from bootstrap.kube.record import Change, Record
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
    assert found.kept == {f"Namespace {SPACE}": f"it holds what is not ours: ConfigMap {SPACE}/theirs{ONCE}"}


@pytest.mark.parametrize(
    "harmless",
    [
        obj("v1", "ConfigMap", "kube-root-ca.crt", SPACE),
        obj("v1", "Secret", "storage-config", SPACE),
        obj("v1", "ServiceAccount", "default", SPACE),
        obj("v1", "Secret", "minio-dockercfg-x7k2p", SPACE),
        obj("rbac.authorization.k8s.io/v1", "RoleBinding", "system:deployers", SPACE),
        obj("apps/v1", "Deployment", "minio", SPACE, labels=LABELS),
    ],
    ids=lambda one: one["metadata"]["name"],
)
def test_what_the_cluster_makes_in_every_namespace_keeps_none(harmless: dict) -> None:
    assert Ref("v1", "Namespace", None, SPACE) in going(harmless).refs


def test_what_is_made_in_every_namespace_stands_in_the_records_too() -> None:
    binding = ("rbac.authorization.k8s.io/v1", "RoleBinding", "admin-dedicated-admins")
    everywhere = (obj(*binding, SPACE), obj(*binding, "serving-demo-record"))
    assert Ref("v1", "Namespace", None, SPACE) in going(*everywhere).refs


def test_rights_that_openshift_shows_once_more_in_its_own_group_are_not_somebodys() -> None:
    assert Ref("v1", "Namespace", None, SPACE) in going(obj("authorization.openshift.io/v1", "Role", "x", SPACE)).refs


@pytest.mark.parametrize(
    "theirs",
    [
        obj("v1", "Secret", "default-db-password", SPACE),
        obj("v1", "Secret", "minio-backup-keys", SPACE),
        obj("v1", "ServiceAccount", "builder-bot", SPACE),
        obj("apps/v1", "Deployment", "minio-copy", SPACE, labels=LABELS),
    ],
    ids=lambda one: one["metadata"]["name"],
)
def test_a_name_like_the_clusters_or_our_labels_on_a_copy_make_nothing_ours(theirs: dict) -> None:
    assert Ref("v1", "Namespace", None, SPACE) not in going(theirs).refs


def test_an_operator_that_was_there_before_stays() -> None:
    csv = obj("operators.coreos.com/v1alpha1", "ClusterServiceVersion", "rhods-operator.3.4.3", "redhat-ods-operator")
    assert not going(csv).steps["rhods_operator"]


def test_an_operator_that_we_installed_goes_with_its_csv_and_its_namespaces() -> None:
    known = record(installed={"rhods-operator": "rhods-operator.3.4.3"})
    known.created |= {Ref.of(subscription("rhods-operator", "redhat-ods-operator", ""))}
    csv = obj("operators.coreos.com/v1alpha1", "ClusterServiceVersion", "rhods-operator.3.4.3", "redhat-ods-operator")
    generated = {"opendatahub.io/generated-namespace": "true"}
    made = obj("v1", "Namespace", "redhat-ods-applications", labels=generated)
    steps = going(csv, made, known=known).steps
    assert {ref.name for ref in steps["rhods_operator"]} == {"rhods-operator", "rhods-operator.3.4.3"}
    assert made["metadata"]["name"] in {ref.name for ref in steps["rhods_instance"]}
    kept = going(csv, made, known=known, keep=True)
    assert kept.steps["rhods_operator"] == []
    assert kept.kept == {
        "operator rhods-operator": "KEEP=operators asks for that; `make teardown` without it takes it back"
    }


def test_without_a_terminal_nothing_goes_unless_yes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(GuardError, match=r"cluster id: 4 objects would be deleted; YES=1 says yes"):
        teardown.confirm(Settings(), SESSION, Cluster(), "4 objects would be deleted", lambda _: "y")
    teardown.confirm(Settings(yes=True), SESSION, Cluster(), "", lambda _: "n")


def test_on_a_terminal_only_a_yes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    asked: list[str] = []
    with pytest.raises(GuardError, match="nothing was changed"):
        teardown.confirm(
            Settings(), SESSION, Cluster(), "4 objects would be deleted", lambda text: asked.append(text) or ""
        )
    assert "https://api.example.com:6443, cluster id" in asked[0]
    teardown.confirm(Settings(), SESSION, Cluster(), "4 objects would be deleted", lambda _: "yes")


def installed_here() -> Record:
    known = record(installed={"rhods-operator": "rhods-operator.3.4.3"})
    known.created |= {Ref.of(subscription("rhods-operator", "redhat-ods-operator", ""))}
    return known


def test_an_operator_that_somebody_else_uses_stays_with_its_instance() -> None:
    theirs = obj("serving.kserve.io/v1beta1", "InferenceService", "shop", "theirs")
    dsc = obj("datasciencecluster.opendatahub.io/v2", "DataScienceCluster", "default-dsc", labels=LABELS)
    known = installed_here()
    known.created.add(Ref.of(dsc))
    found = going(theirs, dsc, known=known)
    assert found.kept["operator rhods-operator"] == f"somebody else uses it: InferenceService theirs/shop{ONCE}"
    assert not found.steps["rhods_instance"] + found.steps["rhods_operator"] + found.steps["rhods_rest"]


def test_an_object_of_a_kind_that_would_go_keeps_the_operator_unless_it_is_the_operators_own() -> None:
    crd = obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", "pipeline.pipelines.opendatahub.io")
    kind = "pipelines.opendatahub.io/v1", "Pipeline"
    own = obj(*kind, "default", "redhat-ods-operator")
    assert "operator rhods-operator" not in going(crd, own, known=installed_here()).kept
    found = going(crd, own, obj(*kind, "shop", "theirs"), known=installed_here())
    assert "Pipeline theirs/shop" in found.kept["operator rhods-operator"]
    assert not found.steps["rhods_rest"]


def test_kinds_of_others_in_argo_cds_group_stay() -> None:
    crd = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
    labels = {"operators.coreos.com/openshift-gitops-operator.openshift-gitops-operator": ""}
    ours, theirs = obj(*crd, "argocds.argoproj.io", labels=labels), obj(*crd, "workflows.argoproj.io")
    known = record(installed={"openshift-gitops-operator": "openshift-gitops-operator.v1.21.4"})
    gone = {ref.name for ref in going(ours, theirs, known=known).steps["gitops_rest"] if ref.kind == crd[1]}
    assert gone == {"argocds.argoproj.io"}


def test_a_namespace_that_cannot_be_read_whole_is_not_deleted() -> None:
    class Busy(Cluster):
        def list(self, api_version: str, kind: str, *more: str | None, **selectors: str | None) -> list:
            if kind == "Deployment":
                raise ApiError("too many requests", status=429)
            return super().list(api_version, kind, *more, **selectors)

    with pytest.raises(GuardError, match="could not be read, so nothing was deleted"):
        teardown.departure(Busy([obj("apps/v1", "Deployment", "minio", SPACE)]), record())


def test_what_an_operator_made_of_a_kind_that_cannot_be_read_stays_and_stops_nobody() -> None:
    part = {"platform.opendatahub.io/part-of": "dashboard"}
    link, broken = obj("example.com/v1", "Link", "ours", labels=part), obj("example.com/v1", "Broken", "x", labels=part)

    class Dead(Cluster):
        def list(self, api_version: str, kind: str, *more: str | None, **selectors: str | None) -> list:
            if kind == "Broken":
                raise ApiError("conversion webhook for example.com/v1, Kind=Broken failed", status=500)
            return super().list(api_version, kind, *more, **selectors)

    rest = teardown.departure(Dead([link, broken]), installed_here()).steps["rhods_rest"]
    assert Ref.of(link) in rest
    assert Ref.of(broken) not in rest


def test_what_another_run_has_changed_meanwhile_is_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known, changed = record(), record(adopted={Ref("v1", "Namespace", None, "more")})
    monkeypatch.setattr(teardown.record, "read", lambda _: changed)
    with pytest.raises(GuardError, match="another run has changed the demo in the meantime"):
        teardown.unchanged_or_refused(Cluster(), known)
    teardown.unchanged_or_refused(Cluster(), changed)


def test_what_was_there_before_the_operator_came_stays() -> None:
    crd = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
    old, new = obj(*crd, "inferenceservices.serving.kserve.io"), obj(*crd, "servingruntimes.serving.kserve.io")
    known = installed_here()
    known.adopted.add(Ref.of(old))
    gone = {ref.name for ref in going(old, new, known=known).steps["rhods_rest"] if ref.kind == crd[1]}
    assert gone == {"servingruntimes.serving.kserve.io"}


def test_another_operator_keeps_the_namespace_and_its_operator_group() -> None:
    known, space = installed_here(), Ref("v1", "Namespace", None, "redhat-ods-operator")
    group = Ref("operators.coreos.com/v1", "OperatorGroup", "redhat-ods-operator", "rhods-operator")
    known.created |= {space, group}
    assert {space, group} <= set(going(known=known).steps["rhods_operator"])
    found = going(subscription("other", "redhat-ods-operator", ""), known=known)
    assert not {space, group} & set(found.refs)
    assert found.kept[str(space)] == f"it holds what is not ours: Subscription redhat-ods-operator/other{ONCE}"


def test_a_namespace_that_an_operator_left_empty_and_somebody_uses_stays_and_says_what_is_next() -> None:
    istio = obj("v1", "Namespace", "istio-system")
    assert Ref.of(istio) in going(istio, known=installed_here()).steps["rhods_rest"]
    found = going(istio, obj("v1", "ConfigMap", "theirs", "istio-system"), known=installed_here())
    assert found.kept["Namespace istio-system"] == f"it holds what is not ours: ConfigMap istio-system/theirs{ONCE}"


def test_an_object_of_others_that_holds_our_fields_gives_them_back() -> None:
    authorities = obj("v1", "ConfigMap", "argocd-tls-certs-cm", "openshift-gitops")
    known = record(adopted={Ref.of(authorities)})
    assert going(authorities, known=known).lent == []
    authorities["metadata"]["managedFields"] = [{"manager": "serving-demo", "operation": "Apply"}]
    assert going(authorities, known=known).lent == [Ref.of(authorities)]


@pytest.mark.parametrize(
    ("manager", "keeps"),
    [
        ("kubectl-edit", True),
        ("Mozilla", True),
        ("serving-demo", False),
        ("argocd-controller", False),
        ("manager", False),
    ],
)
def test_an_instance_that_people_have_changed_keeps_its_operator(manager: str, keeps: bool) -> None:
    dsc = obj("datasciencecluster.opendatahub.io/v2", "DataScienceCluster", "default-dsc", labels=LABELS)
    dsc["metadata"]["managedFields"] = [
        {"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {}}},
        {"manager": "of-2.8", "operation": "Update", "fieldsV1": {"f:metadata": {}, "f:spec": {}}},
        {"manager": "of-2.8", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
    ]
    known = installed_here()
    known.created.add(Ref.of(dsc))
    found = going(dsc, known=known)
    assert ("operator rhods-operator" in found.kept) == keeps
    assert (Ref.of(dsc) in found.steps["rhods_instance"]) != keeps


def test_an_instance_that_somebody_else_made_keeps_our_operator() -> None:
    theirs = obj("datasciencecluster.opendatahub.io/v2", "DataScienceCluster", "theirs")
    known = installed_here()
    known.adopted.add(Ref.of(theirs))
    found = going(theirs, known=known)
    assert found.kept["operator rhods-operator"] == f"somebody else uses it: DataScienceCluster theirs{ONCE}"


@pytest.mark.parametrize("used", [False, True])
def test_what_we_changed_is_put_back_unless_somebody_else_uses_it(used: bool) -> None:
    theirs = obj("datasciencecluster.opendatahub.io/v2", "DataScienceCluster", "theirs")
    known = record(adopted={Ref.of(theirs)}, changed={Ref.of(theirs): Change({}, {})})
    shop = [obj("serving.kserve.io/v1beta1", "InferenceService", "one", "shop")] if used else []
    found = going(theirs, *shop, known=known)
    assert (Ref.of(theirs) in found.changed) != used
    assert ("somebody else uses it: InferenceService shop/one" in str(found.kept)) == used


def test_what_somebody_has_made_theirs_stays_with_the_namespace_around_it() -> None:
    found = going(obj("apps/v1", "Deployment", "minio", SPACE))
    assert "somebody has taken it over" in found.stays[f"Deployment {SPACE}/minio"]
    assert not {"Deployment", "Namespace"} & {ref.kind for ref in found.refs}
    assert f"not ours: Deployment {SPACE}/minio" in found.kept[f"Namespace {SPACE}"]


def test_a_namespace_that_is_going_already_is_not_kept() -> None:
    space = obj("v1", "Namespace", SPACE, labels=LABELS)
    space["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert Ref.of(space) in going(space, obj("v1", "ConfigMap", "theirs", SPACE)).refs


def test_what_was_made_for_an_operator_goes_although_the_operator_never_came_or_is_gone() -> None:
    space = Ref("v1", "Namespace", None, "redhat-ods-operator")
    group = Ref("operators.coreos.com/v1", "OperatorGroup", "redhat-ods-operator", "rhods-operator")
    known = record()
    known.created |= {space, group}
    found = going(known=known)
    assert set(found.steps["rhods_operator"]) == {space, group}
    assert not found.steps["rhods_rest"]
    theirs = subscription("rhods-operator", "redhat-ods-operator", "", name="theirs")
    csv = obj("operators.coreos.com/v1alpha1", "ClusterServiceVersion", "rhods-operator.3.4.3", "redhat-ods-operator")
    found = going(theirs, csv, known=known)
    assert not found.steps["rhods_operator"]
    assert "Subscription redhat-ods-operator/theirs" in found.kept[str(space)]


@pytest.mark.parametrize("shared", [False, True])
def test_the_rights_of_a_shared_operator_group_stay(shared: bool) -> None:
    labels = {"olm.owner.kind": "OperatorGroup", "olm.owner.namespace": "redhat-ods-operator", "olm.managed": "true"}
    rights = obj("rbac.authorization.k8s.io/v1", "ClusterRole", "olm.og.x.admin", labels=labels)
    others = [subscription("other", "redhat-ods-operator", "")] if shared else []
    found = going(rights, *others, known=installed_here())
    assert (Ref.of(rights) in found.steps["rhods_rest"]) != shared
