"""What the real Triton needs around it, without the wheel."""

import ctypes
import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[3] / "rehearsal/images/triton/launch.py"


@pytest.fixture
def launch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("launch", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder laid out as the wheel lays it out."""
    made = tmp_path / "packages" / "pytriton" / "tritonserver"
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = f"python_backend_stubs/{minor}/triton_python_backend_stub"
    for name in ("bin/tritonserver", "backends/python/libtriton_python.so", stub):
        (made / name).parent.mkdir(parents=True)
        (made / name).write_text(name)
    return made


def test_the_backend_folder_holds_both_backends_and_an_executable_stub(launch, bundle: Path, tmp_path: Path) -> None:
    folder = launch.backend_folder(launch.bundle_of(tmp_path / "packages"), tmp_path / "backends")
    assert os.access(folder / "python" / "triton_python_backend_stub", os.X_OK)
    assert (folder / "python" / "libtriton_python.so").is_file()
    assert (folder / "onnxruntime" / "model.py").read_bytes() == (FILE.parent / "backend" / "model.py").read_bytes()
    assert not [path for path in folder.rglob("*") if path.is_symlink()]


def test_libraries_of_python_come_before_those_of_the_wheel(launch, bundle: Path, monkeypatch) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"LIBDIR": "/python/lib"}.get)
    monkeypatch.setattr(ctypes, "CDLL", lambda path: None)
    found = launch.environment_for(bundle, {"LD_LIBRARY_PATH": "/given", "PATH": "/bin"})
    assert found["LD_LIBRARY_PATH"] == f"/python/lib:{bundle.parent.parent}/nvidia_pytriton.libs:/given"
    assert found["PATH"] == f"{sys.prefix}/bin:/bin"


def test_a_library_of_python_that_is_not_there_is_named_with_its_package(launch, bundle: Path, monkeypatch) -> None:
    asked = []

    def load(path: str) -> None:
        asked.append(path)
        raise OSError("cannot open shared object file")

    monkeypatch.setattr(sysconfig, "get_config_var", {"LIBDIR": "/python/lib"}.get)
    monkeypatch.setattr(ctypes, "CDLL", load)
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    with pytest.raises(launch.NotHere, match=rf"libpython{minor}\.so\.1\.0, which is not here; .* libpython{minor}$"):
        launch.environment_for(bundle, {})
    assert asked == [f"/python/lib/libpython{minor}.so.1.0", f"libpython{minor}.so.1.0"]


def test_a_wheel_without_server_or_stub_is_named(launch, bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(launch.NotHere, match="no tritonserver below"):
        launch.bundle_of(tmp_path)
    (bundle / "python_backend_stubs").rename(bundle / "gone")
    with pytest.raises(launch.NotHere, match="has no stub for Python"):
        launch.backend_folder(bundle, tmp_path / "other")


def test_a_backend_directory_that_is_given_wins(launch) -> None:
    assert launch.arguments_with(Path("/b"), ["--x=1"]) == ["--x=1", "--backend-directory=/b"]
    assert launch.arguments_with(Path("/b"), ["--backend-directory=/a"]) == ["--backend-directory=/a"]


HOLD = """
import mmap, sys
with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 0):
    print(1, flush=True)
    sys.stdin.read()
"""


def test_only_unused_shared_memory_is_swept(launch, tmp_path: Path) -> None:
    names = ("triton_onnxruntime_backend_shm_region_1", "triton_python_backend_shm_region_2", "something_else")
    used, unused, other = (tmp_path / name for name in names)
    for path in (used, unused, other):
        path.write_bytes(b"0" * 4096)
    with subprocess.Popen([sys.executable, "-c", HOLD, used], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"1\n"
        launch.sweep(tmp_path)
    assert (used.exists(), unused.exists(), other.exists()) == (True, False, True)
