"""What is read of a cluster, and which era follows from it."""

from __future__ import annotations

import pytest

from bootstrap import facts as module
from bootstrap.errors import DemoError
from bootstrap.facts import Operator
from bootstrap.kube.objects import LABELS, Obj
from tests.unit.cluster import Objects, csv, facts, obj, subscription


@pytest.mark.parametrize(
    ("version", "serving", "era"),
    [
        ((2, 8, 6), "auto", "modelmesh"),
        ((2, 16), "auto", "modelmesh"),
        ((2, 17), "auto", "raw"),
        ((2, 25, 10), "auto", "raw"),
        ((2, 25, 10), "modelmesh", "modelmesh"),
        ((3, 4, 3), "auto", "raw"),
    ],
)
def test_the_era_follows_from_the_version(version: tuple[int, ...], serving: str, era: str) -> None:
    assert module.era(version, serving) == era


def test_a_version_before_2_4_is_refused_by_name() -> None:
    with pytest.raises(DemoError, match=r"OpenShift AI 1\.33\.0 is too old: this demo needs 2\.4"):
        module.era((1, 33, 0), "auto")


def test_modelmesh_is_refused_where_the_version_has_none() -> None:
    with pytest.raises(DemoError, match=r"SERVING=modelmesh, but OpenShift AI 3\.4 has no ModelMesh"):
        module.era((3, 4), "modelmesh")


def test_the_channel_comes_from_the_table_and_is_checked_against_the_catalog() -> None:
    assert module.rhods_channel(facts(), None) == "stable-3.x"
    assert module.rhods_channel(facts(), "stable") == "stable"
    with pytest.raises(DemoError, match=r"no channel 'fast'; set RHODS_CHANNEL to one of: stable, stable-3\.x"):
        module.rhods_channel(facts(), "fast")


def test_an_operator_that_is_subscribed_to_keeps_its_channel_and_catalog() -> None:
    mine = subscription("rhods-operator", "redhat-ods-operator", "rhods-operator.2.25.10")
    mine["spec"] |= {"channel": "stable-2.25", "source": "mirror"}
    found = facts(rhods=Operator("rhods-operator", mine, source="redhat-operators"))
    assert module.rhods_channel(found, None) == module.rhods_channel(found, "stable-3.x") == "stable-2.25"
    assert found.rhods.catalog == "mirror"
    assert module.rhods_version(found) == (2, 25, 10), "whatever catalogs offer now"


def test_an_unknown_openshift_names_the_channels_that_are_offered() -> None:
    with pytest.raises(DemoError, match=r"OpenShift 4\.99 has no default channel .*: stable, stable-3\.x"):
        module.rhods_channel(facts(openshift=(4, 99)), None)


def test_an_operator_is_found_whatever_its_subscription_is_called() -> None:
    found = module.gather(
        Objects(
            [
                subscription("rhods-operator", "elsewhere", "rhods-operator.2.25.10", name="mine"),
                csv("rhods-operator.2.25.10", "elsewhere"),
            ]
        )
    )
    assert found.rhods.present
    assert found.rhods.adopted
    assert module.rhods_version(found) == (2, 25, 10)


def test_an_operator_with_our_labels_is_ours_not_adopted() -> None:
    found = module.gather(
        Objects([subscription("rhods-operator", "redhat-ods-operator", "rhods-operator.3.4.3", labels=LABELS)])
    )
    assert found.rhods.ours
    assert not found.rhods.adopted
    assert module.rhods_version(found) == (3, 4, 3)


def test_a_copied_csv_does_not_count() -> None:
    copy = csv("rhods-operator.2.25.10", "redhat-ods-operator")
    copy["metadata"]["labels"] = {"olm.copiedFrom": "elsewhere"}
    found = module.gather(Objects([subscription("rhods-operator", "redhat-ods-operator", ""), copy]))
    assert found.rhods.csv is None


def test_the_default_argo_cd_delivers_where_there_are_several() -> None:
    two = [
        obj("argoproj.io/v1beta1", "ArgoCD", "other", "aaa"),
        obj("argoproj.io/v1beta1", "ArgoCD", "openshift-gitops", "openshift-gitops"),
    ]
    assert module.gather(Objects(two)).argocd.namespace == "openshift-gitops"
    assert module.gather(Objects(two[:1])).argocd.namespace == "aaa"


def test_an_empty_cluster_is_no_openshift() -> None:
    assert module.gather(Objects()).openshift == ()


@pytest.mark.parametrize(
    ("catalog", "there", "found"),
    [
        ("a", ("a", "mirror"), "a"),
        ("mirror", ("a", "mirror"), "mirror"),
        ("other", ("a", "mirror"), "a"),
        (None, ("a", "mirror"), "a"),
        (None, ("a", "redhat-operators"), "redhat-operators"),
        ("mirror", ("a", "redhat-operators", "mirror"), "mirror"),
    ],
)
def test_of_several_catalogs_the_chosen_one_or_else_red_hats_says_what_it_offers(
    catalog: str | None, there: tuple[str, ...], found: str
) -> None:
    def offers(name: str) -> Obj:
        labels, status = {"catalog": name}, {"catalogSource": name}
        where = ("packages.operators.coreos.com/v1", "PackageManifest", module.RHODS, module.MARKETPLACE)
        return obj(*where, labels=labels, status=status)

    class Catalogs(Objects):
        def list(self, *_: str, label_selector: str = "") -> list[Obj]:
            return [one for one in map(offers, there) if f"catalog={one['status']['catalogSource']}" == label_selector]

    answer = module.offer(Catalogs([offers("a")]), module.RHODS, catalog)
    assert answer["status"]["catalogSource"] == found


@pytest.mark.parametrize("minor", range(14, 23))
def test_every_openshift_of_the_table_has_a_channel(minor: int) -> None:
    assert module.rhods_channel(facts(openshift=(4, minor, 1)), None) == ("stable" if minor < 19 else "stable-3.x")
