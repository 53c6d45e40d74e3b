"""Becomes the real `tritonserver` of the wheel, with a backend folder and an environment in which it can run.

It runs under the virtualenv that has the wheel and takes Triton's own arguments. The backend folder (a
megabyte) is made anew below the folder for temporary files, since a container's root is read-only.
"""

import ctypes
import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

BACKEND = Path(__file__).resolve().parent / "backend"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 where Triton's Python backend keeps its regions, whatever we say
REGIONS = "triton_*_backend_shm_region_*"


class NotHere(Exception):
    """The real server cannot run with this Python."""


def main() -> int:
    """One; when all is well the process has become tritonserver instead."""
    try:
        bundle = bundle_of(Path(sysconfig.get_path("purelib")))
        backends = backend_folder(bundle, Path(tempfile.mkdtemp(prefix="triton-backends-")))
        environment = environment_for(bundle, dict(os.environ))
        sweep(SHARED_MEMORY)
        program = str(bundle / "bin" / "tritonserver")
        os.execve(program, ["tritonserver", *arguments_with(backends, sys.argv[1:])], environment)  # noqa: S606
    except NotHere as error:
        print(f"triton: {error}", file=sys.stderr)
    return 1


def bundle_of(packages: Path) -> Path:
    """The folder of the wheel that holds the server, its backends and their stubs."""
    bundle = packages / "pytriton" / "tritonserver"
    if not (bundle / "bin" / "tritonserver").is_file():
        raise NotHere(f"no tritonserver below {packages}; install the requirements of the environment 'triton'")
    return bundle


def backend_folder(bundle: Path, folder: Path) -> Path:
    """The folder with the wheel's Python backend, the stub of this Python, and our ONNX backend."""
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = bundle / "python_backend_stubs" / minor / "triton_python_backend_stub"
    if not stub.is_file():
        raise NotHere(f"the wheel has no stub for Python {minor}; use a Python that it has one for")
    # copies, since Triton refuses a library that is a link to somewhere else
    shutil.copytree(bundle / "backends" / "python", folder / "python", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(stub, folder / "python" / stub.name)
    (folder / "python" / stub.name).chmod(0o755)
    shutil.copytree(BACKEND, folder / "onnxruntime", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def environment_for(bundle: Path, given: dict[str, str]) -> dict[str, str]:
    """The variables without which the server hangs, or its stubs take another Python's libraries."""
    folder = str(sysconfig.get_config_var("LIBDIR"))
    need_library(folder)
    packages = bundle.parent.parent
    libraries = [folder, str(packages / "nvidia_pytriton.libs")]
    before = [given["LD_LIBRARY_PATH"]] if given.get("LD_LIBRARY_PATH") else []
    return given | {
        "LD_LIBRARY_PATH": ":".join(libraries + before),
        "PATH": f"{Path(sys.prefix) / 'bin'}:{given.get('PATH', '/usr/bin:/bin')}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def need_library(folder: str) -> None:
    """The shared library of this Python can be loaded, as Triton's stub for it will."""
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = f"libpython{minor}.so.1.0"
    for path in (f"{folder}/{name}", name):
        try:
            ctypes.CDLL(path)
        except OSError:
            continue
        return
    raise NotHere(f"Triton's stub loads {name}, which is not here; install the package libpython{minor}")


def arguments_with(backends: Path, given: list[str]) -> list[str]:
    """The arguments given, with our backend folder unless they name their own."""
    named = any(argument.startswith("--backend-directory") for argument in given)
    return given if named else [*given, f"--backend-directory={backends}"]


def sweep(folder: Path) -> None:
    """Shared memory that a killed server of ours left behind is gone; what still is mapped by a process stays."""
    maps = [path for path in Path("/proc").glob("[0-9]*/maps") if path.parent.name != str(os.getpid())]
    for region in folder.glob(REGIONS):
        if _ours(region) and not any(str(region) in _read(path) for path in maps):
            region.unlink(missing_ok=True)


def _ours(region: Path) -> bool:
    try:
        return region.stat().st_uid == os.getuid()
    except FileNotFoundError:
        return False  # its server has just ended in order


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""  # gone, or another user's


if __name__ == "__main__":
    sys.exit(main())
