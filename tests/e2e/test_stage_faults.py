"""A fault in each stage: while it lasts the run names it, and once it is lifted the demo comes to its outcome."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.cluster import CLONE
from tests.e2e.journey import COMMAND_SECONDS, User
from tests.e2e.rehearsing import eventually, rehearsal

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
RHODS = "3.4"


@dataclass(frozen=True, slots=True)
class Case:
    """A fault of the rehearsal, the command that meets it, and what that has to say meanwhile."""

    verb: str
    fault: str
    parameters: tuple[str, ...]
    says: str
    survived: bool = False  # the run goes on under it, and need not name it

    def __str__(self) -> str:
        return f"{self.verb}-{self.fault}"


# each case goes on where the one before it has ended
CASES = [
    Case("gitops", "installplan-manual", ("package=openshift-gitops-operator",), "approv"),
    Case("rhods", "operator-never-ready", ("package=rhods-operator",), "rhods-operator"),
    Case("storage", "image-pull", ("image=minio",), "minio"),
    Case("model", "api-errors", ("share=0.3", "code=503"), "503", survived=True),
    Case("serving", "image-pull", ("image=tritonserver",), "tritonserver"),
    Case("verify", "route-not-admitted", ("name=fraud",), "Route serving-demo-gitops/fraud"),
]


def switch(somebody: User, case: Case, state: str) -> None:
    given = case.parameters if state == "on" else ()
    rehearsal("fault", "--name", somebody.cluster.name, case.fault, state, *given, root=somebody.cluster.root.parent)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_named_and_survived(case: Case, somebody: User, tmp_path: Path) -> None:
    said = tmp_path / "said"
    command = [sys.executable, "-m", "bootstrap", case.verb, f"STATE_DIR={somebody.state}", "DELIVERY=gitops"]
    switch(somebody, case, "on")
    try:
        with said.open("w") as output:
            run = subprocess.Popen(command, cwd=CLONE, env=somebody.environment, stdout=output, stderr=output)
            try:
                eventually(lambda: case.says in said.read_text() or run.poll() is not None, COMMAND_SECONDS)
                named = case.says in said.read_text()
                switch(somebody, case, "off")
                code = run.wait(COMMAND_SECONDS)
            finally:
                run.kill()
                run.wait()
    finally:
        switch(somebody, case, "off")
    assert named or (case.survived and not code), f"{case.says!r} was not named\n{said.read_text()}"
    assert "Traceback" not in said.read_text()
    somebody.run(case.verb, "DELIVERY=gitops")
