"""What all tests share: nothing of the tester's own settings, and the same cases of property tests every time."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

import pytest
from hypothesis import settings

from bootstrap.manifests import BUILDERS
from bootstrap.setting_keys import BY_NAME, OF_A_REHEARSAL
from rehearsal.cluster import RehearsalError
from rehearsal.toolchain import tool

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")

# cold tools and environments are downloaded through the proxy, and USER is the machine's
KEPT = {"HTTPS_PROXY", "NO_PROXY", "USER"}
# what was typed after `make test` is for that make, not for those that tests call
OF_THE_CALLER = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}
NEUTRAL = {
    "LC_ALL": "C.UTF-8",  # bash warns of a locale that is not installed
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    # without the tester's configuration Git would refuse a clone of another user
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}


def builds_manifests() -> bool:
    return any(shutil.which(program) for program, _ in BUILDERS)


# now, and not in a hook: test modules read the environment when they are imported
for name in ({*BY_NAME, *OF_A_REHEARSAL} - KEPT) | OF_THE_CALLER:
    os.environ.pop(name, None)
os.environ.update(NEUTRAL)
if not builds_manifests():
    with suppress(RehearsalError):  # it is not built yet; the summary says what to do
        folders = (os.environ.get("PATH"), str(tool("kustomize").parent))
        os.environ["PATH"] = os.pathsep.join(filter(None, folders))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not builds_manifests():
        terminalreporter.write_line(
            "kustomize, oc and kubectl are all missing on PATH, so no manifest can be built: "
            "`make rehearsal-tools` builds one, or install kubectl",
            red=True,
        )
