"""A fault in each stage: while it lasts the run names it, and once it is lifted the demo comes to its outcome."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.cluster import CLONE
from tests.e2e.journey import COMMAND_SECONDS, User
from tests.e2e.rehearsing import Kubectl, eventually, rehearsal

pytestmark = [pytest.mark.e2e, pytest.mark.soak]
RHODS = "3.4"
HELD = 20.0  # seconds for which the run has to say it


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
    Case("rhods", "operator-never-ready", ("package=rhods-operator",), "rhods-operator.3.4.3: Installing"),
    Case("storage", "image-pull", ("image=minio",), "ImagePull"),
    Case("model", "api-errors", ("share=0.3", "code=503"), "503", survived=True),
    Case("serving", "image-pull", ("image=tritonserver",), "ImagePull"),
    Case("verify", "route-not-admitted", ("name=fraud",), "Route serving-demo-gitops/fraud"),
]


def switch(somebody: User, case: Case, state: str) -> None:
    given = case.parameters if state == "on" else ()
    rehearsal("fault", "--name", somebody.cluster.name, case.fault, state, *given, root=somebody.cluster.root.parent)


def admitted(kubectl: Kubectl) -> str:
    condition = '{.status.ingress[*].conditions[?(@.type=="Admitted")].status}'
    return kubectl("get", "route", "fraud", "-n", "serving-demo-gitops", "-o", f"jsonpath={condition}")


def holds(case: Case, said: Path, run: subprocess.Popen[bytes]) -> bool:
    """Whether the run names the fault; it is given time to go on, which the fault has to keep it from."""

    def named() -> bool:
        return case.says in said.read_text()

    eventually(lambda: named() or run.poll() is not None, COMMAND_SECONDS)
    if run.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(HELD)
    return named() and run.poll() != 0


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_named_and_survived(case: Case, somebody: User, kubectl: Kubectl, tmp_path: Path) -> None:
    said = tmp_path / "said"
    command = [sys.executable, "-m", "bootstrap", case.verb, f"STATE_DIR={somebody.state}", "DELIVERY=gitops"]
    switch(somebody, case, "on")
    if case.fault == "route-not-admitted":
        eventually(lambda: admitted(kubectl) == "False")  # the router takes a moment
    try:
        with said.open("w") as output:
            run = subprocess.Popen(command, cwd=CLONE, env=somebody.environment, stdout=output, stderr=output)
            try:
                named = holds(case, said, run)
                switch(somebody, case, "off")
                code = run.wait(COMMAND_SECONDS)
            finally:
                run.kill()
                run.wait()
    finally:
        switch(somebody, case, "off")
    if case.fault == "route-not-admitted":
        eventually(lambda: admitted(kubectl) == "True")
    if case.survived:
        assert code == 0, f"exit {code}\n{said.read_text()}"
    else:
        assert named, f"{case.says!r} was not named\n{said.read_text()}"
    assert "Traceback" not in said.read_text()
    somebody.run(case.verb, "DELIVERY=gitops")
