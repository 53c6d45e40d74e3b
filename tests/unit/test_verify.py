"""Known answers compared, and a wrong one explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap import verify
from bootstrap.errors import VerifyError
from tests.unit.cluster import Objects, obj, visit

ANSWER = {"name": "row", "outputs": [{"name": "dense_3", "data": [0.1, 0.2]}]}


def compare(folder: Path, values: list[float], tolerance: verify.Tolerance = verify.EXACT) -> float:
    return verify.compare(visit(Objects(), folder), "fraud", ANSWER, {"dense_3": values}, tolerance, "REST")


def test_numbers_are_compared_as_float32(tmp_path: Path) -> None:
    assert compare(tmp_path, [0.10000000149011612, 0.2]) == 0.0


def test_a_wrong_number_names_row_expected_and_got(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match=r"fraud, row 'row'\[1\] over REST: expected 0\.2\d+, got 0\.5; "):
        compare(tmp_path, [0.1, 0.5])


def test_a_difference_within_the_tolerance_is_reported_not_refused(tmp_path: Path) -> None:
    assert 0 < compare(tmp_path, [0.1, 0.2000003], verify.NEAR) < verify.NEAR[0]


def test_a_number_that_is_none_is_never_right(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="got nan"):
        compare(tmp_path, [0.1, float("nan")], verify.NEAR)


def test_a_missing_row_is_said(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="expected 2 values of dense_3, got 1"):
        compare(tmp_path, [0.1])


def test_the_endpoint_comes_from_the_route_that_is_admitted(tmp_path: Path) -> None:
    ingress = {"host": "h.example.com", "conditions": [{"type": "Admitted", "status": "True"}]}
    route = obj(
        "route.openshift.io/v1",
        "Route",
        "fraud",
        "serving-demo-gitops",
        spec={"tls": {}},
        status={"ingress": [ingress]},
    )
    route["spec"]["tls"] = {"termination": "edge"}
    here = visit(Objects([route]), tmp_path)
    assert verify.endpoint(here, "fraud") == "https://h.example.com/v2/models/fraud/infer"


@pytest.mark.parametrize(
    ("status", "meaning"), [(404, "no such model"), (503, "no ready pod behind this Route"), (418, "make status")]
)
def test_a_status_is_explained(status: int, meaning: str) -> None:
    assert meaning in verify.meaning(status)


@pytest.mark.parametrize(("found", "said"), [("0" * 64, "the bucket holds another model"), (None, "wrong path")])
def test_right_answers_from_memory_do_not_make_up_for_another_model_in_the_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str | None, said: str
) -> None:
    here = visit(Objects(), tmp_path)
    monkeypatch.setattr(verify, "in_bucket", lambda *_: found)
    with pytest.raises(VerifyError, match=said):
        verify.stored(here, "fraud")
    monkeypatch.setattr(verify, "in_bucket", verify.sha256)
    assert verify.stored(here, "fraud") == verify.sha256(here, "fraud")
