"""An operator is added by two folders, a line in an index, a line in a stage and a case: here it is done once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bootstrap import desired, extra_operators, installed, manifests
from bootstrap.doctor import operators as doctor
from bootstrap.errors import DemoError
from bootstrap.facts import Operator
from bootstrap.kube.objects import LABELS, Ref
from bootstrap.kube.record import Record
from bootstrap.teardown import departure
from tests.unit.cluster import Objects, facts, obj, plan, subscription
from tests.unit.doctor.cases import said, sight

CASES = Path(__file__).parents[1] / "data" / "operators"
EXAMPLE = Path(__file__).parent / "example-operator"  # what CONTRIBUTING.md adds
HELLO = "hello-operator"
BUILT = manifests.ROOT


def index() -> dict[str, str]:
    return extra_operators.read(extra_operators.INDEX) or {}


def brought(case: Path, stage: desired.Desired) -> None:
    """A stage applies the objects of a case in its order, and awaits the Subscription and the custom resources."""
    expected = yaml.safe_load(case.read_text())
    for step in ("operator", "instance"):
        applied = [str(Ref.of(one)) for one in stage.applied[step]]
        awaited = [str(one.ref) for one in stage.awaited[step]]
        assert applied[-len(expected[step]) :] == expected[step]
        assert set(awaited) >= {name for name in expected[step] if not name.startswith(("Namespace", "OperatorGroup"))}
        assert all(one["metadata"]["labels"].items() >= LABELS.items() for one in stage.applied[step])


def test_every_operator_of_the_index_has_a_case_and_every_case_an_operator() -> None:
    assert {path.stem for path in CASES.glob("*.yaml")} == set(index())


def test_every_operator_of_the_index_comes_to_a_fresh_cluster() -> None:
    for folder in index():
        brought(CASES / f"{folder}.yaml", desired.rhods(plan()))


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The manifests with the operator added by the steps of CONTRIBUTING.md, and no others."""
    root = tmp_path / "manifests"
    shutil.copytree(BUILT, root)
    shutil.copytree(EXAMPLE / "hello", root / "hello")  # two new folders
    with (root / "operators.yml").open("a") as file:
        file.write("hello: Hello\n")  # a line in the index
    with (root / "rhods" / "operators.yml").open("a") as file:
        file.write("- hello\n")  # a line in the stage
    monkeypatch.setattr(manifests, "ROOT", root)
    extra_operators.extra_operators.cache_clear()
    yield root
    extra_operators.extra_operators.cache_clear()


@pytest.mark.parametrize("delivery", ["gitops", "direct"])
def test_the_added_operator_comes_to_a_fresh_cluster(added: Path, delivery: str) -> None:
    brought(EXAMPLE / "hello.yaml", desired.rhods(plan(delivery)))


def test_without_its_line_in_the_stage_it_does_not_come(added: Path) -> None:
    shutil.copy(BUILT / "rhods" / "operators.yml", added / "rhods" / "operators.yml")
    with pytest.raises(AssertionError):
        brought(EXAMPLE / "hello.yaml", desired.rhods(plan()))


def test_without_its_line_in_the_index_the_stage_says_so(added: Path) -> None:
    shutil.copy(BUILT / "operators.yml", added / "operators.yml")
    with pytest.raises(DemoError) as caught:
        desired.rhods(plan())
    assert str(caught.value) == (
        "manifests/rhods/operators.yml: hello has no line in manifests/operators.yml; add `<folder>: <title>`"
    )


def test_one_that_somebody_else_installed_is_used_as_it_is(added: Path) -> None:
    theirs = Operator(HELLO, subscription(HELLO, "theirs", f"{HELLO}.v1.0.0"))
    stage = desired.rhods(plan("direct", found=facts(others={HELLO: theirs})))
    assert Ref.of(theirs.subscription) in stage.adopted
    assert HELLO not in [one["metadata"]["name"] for one in stage.applied["operator"]]
    assert [one["kind"] for one in stage.applied["instance"]][-1] == "Greeting"


def test_a_mirrored_catalog_is_where_it_comes_from(added: Path) -> None:
    stage = desired.rhods(plan("direct", catalog_source="mirror"))
    assert stage.applied["operator"][-1]["spec"]["source"] == "mirror"


def test_the_doctor_looks_for_its_channel(added: Path) -> None:
    look = {check.name: check.look for check in doctor.CHECKS}["channels"]
    offered = Operator(HELLO, source="redhat-operators", channels={"fast": f"{HELLO}.v2"})
    (found,) = said(look, sight(facts=facts(others={HELLO: offered})))
    assert found == (
        "x PackageManifest openshift-marketplace/hello-operator: has no channel 'stable'; Hello would be installed "
        "from it; set the channel of its Subscription below manifests to one of: fast"
    )
    good = replace(offered, channels={"stable": f"{HELLO}.v1.0.0"})
    assert said(look, sight(facts=facts(others={HELLO: good}))) == []


def test_teardown_knows_what_came_with_it(added: Path) -> None:
    row = installed.row_of(HELLO)
    assert (row.namespace, row.instances) == (HELLO, (("rehearsal.serving-demo.io", "Greeting"),))
    crd = Ref("v1", "CustomResourceDefinition", None, "greetings.rehearsal.serving-demo.io")
    assert installed.its_crd(crd, row.groups)


def test_teardown_takes_its_namespace_after_its_objects(added: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = obj("v1", "Namespace", HELLO, labels=LABELS)
    greeting = obj("rehearsal.serving-demo.io/v1", "Greeting", "hello", HELLO, labels=LABELS)
    known = Record("id", "1", "", created={Ref.of(space), Ref.of(greeting)}, installed={HELLO: f"{HELLO}.v1.0.0"})

    def remains(client: Objects, package: str, known: Record) -> installed.Remains | None:
        return installed.Remains("rhods", operator=[Ref.of(space)]) if package == HELLO else None

    monkeypatch.setattr(installed, "remains", remains)
    monkeypatch.setattr("bootstrap.teardown.foreign", lambda *_: [])
    going = departure(Objects([space, greeting]), known)  # type: ignore[arg-type]
    assert (going.steps["storage"], going.steps["rhods_operator"]) == ([Ref.of(greeting)], [Ref.of(space)])
