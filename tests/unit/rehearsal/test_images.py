"""The image table: references find their rows, and what cannot be pulled says why."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from rehearsal import binaries
from rehearsal.fault_file import FaultFile
from rehearsal.images import CannotPull, Table, general, how, tritonserver
from rehearsal.images.table import Bind, Image, repository
from rehearsal.node.faults import image_pull, node_full
from rehearsal.toolchain.errors import EnvironmentUnsupported


@pytest.mark.parametrize(
    ("reference", "row"),
    [
        ("busybox", "shell"),
        ("docker.io/library/busybox:1.36", "shell"),
        ("registry.redhat.io/ubi9/ubi-minimal:latest", "shell"),
        ("registry.access.redhat.com/ubi9/python-311", "python"),
        ("python:3.12-slim", "python"),
        ("registry.k8s.io/pause:3.10", "pause"),
        ("localhost:5000/alpine@sha256:00", "shell"),
    ],
)
def test_general_images(reference: str, row: str) -> None:
    assert next(image.name for image in general.rows() if image.answers(reference)) == row


def table_of(monkeypatch: pytest.MonkeyPatch, *rows: Image, error: Exception | None = None) -> Table:
    module = types.ModuleType("rehearsal.images.made_up")

    def answer() -> list[Image]:
        if error is not None:
            raise error
        return list(rows)

    module.rows = answer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rehearsal.images.made_up", module)
    return Table(("made_up",))


def test_an_unknown_reference_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(monkeypatch, error=OSError("tool x is not built; run `make y`"))
    with pytest.raises(CannotPull) as caught:
        table.find("quay.io/a/b:1")
    assert "no row of the rehearsal's image table answers to quay.io/a/b;" in str(caught.value)
    assert "made_up.py are left out: tool x is not built; run `make y`" in str(caught.value)


def test_a_row_whose_program_is_gone_cannot_be_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(monkeypatch, Image("a", ("*/a",), binds=(Bind(Path("/nonesuch/tool"), "/bin/tool"),)))
    with pytest.raises(CannotPull, match="image row a: tool is not built; run `make rehearsal-tools`"):
        table.find("quay.io/x/a")


def test_the_fault_matches_parts_of_a_reference_and_is_in_force_at_once(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    faults = FaultFile(file)
    assert image_pull(faults, "quay.io/minio/minio:1") == ""
    file.write_text('{"image-pull": {"image": "minio"}, "node-full": {}}')
    assert "503 Service Unavailable" in image_pull(faults, "quay.io/minio/minio:1")
    assert image_pull(faults, "quay.io/other/x") == ""
    assert node_full(faults) == {"cpu": "100m", "memory": "128Mi"}
    file.unlink()
    assert node_full(faults) is None


def test_repository_drops_tag_and_digest_but_not_the_port() -> None:
    assert repository("localhost:5000/a/b:1@sha256:00") == "localhost:5000/a/b"


def test_a_program_that_no_up_needs_names_the_command_that_builds_it() -> None:
    assert how("kube-rbac-proxy") == "`.venv/bin/python -m rehearsal.toolchain kube-rbac-proxy`"
    assert how("minio") == "`make rehearsal-tools`"


def test_the_v2_server_stands_in_where_the_real_triton_cannot_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def made(name: str) -> Path:
        if name == "triton":
            raise EnvironmentUnsupported("environment triton: /usr/bin/python3.11 has no libpython3.11.so.1.0")
        return tmp_path

    monkeypatch.setattr(tritonserver, "ready", made)
    assert [row.name for row in tritonserver.rows()] == ["v2server"]
    monkeypatch.setattr(binaries.toolchain, "ensure", lambda: None)
    monkeypatch.setattr(binaries.toolchain, "environment", made)
    monkeypatch.delenv(binaries.LEFT_OUT, raising=False)
    binaries.ensure_tools()
    assert capfd.readouterr().err.count("libpython3.11.so.1.0; our V2 server answers in Triton's place") == 1


def test_another_python_than_the_rehearsals_is_shown_to_the_container() -> None:
    assert tritonserver.other_python(Path(sys.base_prefix)) == ()
    assert tritonserver.other_python(Path("/usr")) == ()
    (bind,) = tritonserver.other_python(Path("/opt/python3.12"))
    assert (bind.source, bind.target) == (Path("/opt/python3.12"), "/opt/python3.12")
