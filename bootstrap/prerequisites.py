"""What has to be there before the virtualenv, each with its package; any Python from 3.6 on can run this file alone."""

import importlib.util
import shutil
import sys

OLDEST, TOO_NEW = (3, 11), (3, 14)
FITTING = ("python3.13", "python3.12", "python3.11")


def problems(version: "tuple[int, int]") -> "list[str]":
    """Return what is missing, each with the package that brings it."""
    found = []
    shown = f"{version[0]}.{version[1]}"
    if not OLDEST <= version < TOO_NEW:
        there = [name for name in FITTING if shutil.which(name)]
        step = f"make PYTHON={there[0]}" if there else "install the package python3.12, then make PYTHON=python3.12"
        found.append(f"Python: this is {shown}, and the demo runs on 3.11 to 3.13; {step}")
    elif not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        packages = f"python{shown}-venv (Debian, Ubuntu) or python3-pip (Fedora)"
        found.append(f"Python: {shown} has no venv with pip; install the package {packages}")
    if not shutil.which("git"):
        found.append("PATH: has no git, which names the commit that is delivered; install the package git")
    return found


if __name__ == "__main__":
    told = problems(sys.version_info[:2])
    sys.stderr.write("".join(line + "\n" for line in told))
    sys.exit(1 if told else 0)
