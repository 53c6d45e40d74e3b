"""A container's root, made in its own mount namespace by `launch.py`; standard library only."""

# ruff: noqa: PTH101, PTH102, PTH103, PTH106, PTH108, PTH110, PTH112, PTH114, PTH115, PTH118, PTH120, PTH123, PTH208, PTH211, S108
# pathlib would cost every container start 10 ms; the folders are the container's own

import ctypes
import errno
import os
from typing import Any

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 4096, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
OLD = "/.old"  # the machine's root, seen from inside until the container is complete
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
STREAMS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}

Spec = dict[str, Any]  # the agent's description, straight from JSON

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> int:
    """The result of a system call, or an OSError that says what was tried."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def mount(source: "str | None", target: str, kind: "str | None", flags: int, data: "str | None" = None) -> None:
    arguments = [part and os.fsencode(part) for part in (source, target, kind)]
    check(libc.mount(*arguments, ctypes.c_ulong(flags), data and data.encode()), f"mount {source} on {target}")


def read_only(target: str) -> None:
    """Remounting must repeat the flags that an outer namespace has locked."""
    found = os.statvfs(target).f_flag
    kept = found & (MS_NOSUID | MS_NODEV | MS_NOEXEC) | (MS_RELATIME if found & 4096 else 0) | (found & 3072)
    mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | kept)


def bind(source: str, target: str, writable: bool = False) -> None:
    point(target, os.path.isdir(source))
    mount(source, target, None, MS_BIND | MS_REC)
    if not writable:
        read_only(target)


def point(path: str, directory: bool) -> None:
    """A file or folder to mount on exists at the path."""
    if os.path.lexists(path):
        if os.path.islink(path) and not os.path.exists(path):
            os.unlink(path)
        else:
            return
    folder(os.path.dirname(path))
    try:
        make(path, directory)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        shadow(os.path.realpath(os.path.dirname(path)))
        make(path, directory)


def make(path: str, directory: bool) -> None:
    if directory:
        os.mkdir(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def folder(path: str) -> None:
    """The folder and its parents exist, also below a read-only one."""
    if not os.path.isdir(path):
        point(path, True)


def shadow(path: str) -> None:
    """A read-only folder becomes a writable one that shows the same entries."""
    handle = os.open(path, os.O_PATH | os.O_DIRECTORY)
    entries = [(entry.name, entry.is_symlink(), entry.is_dir()) for entry in os.scandir(path)]
    mount("tmpfs", path, "tmpfs", 0, "mode=755")
    for name, is_link, is_directory in entries:
        source, target = f"/proc/self/fd/{handle}/{name}", os.path.join(path, name)
        if is_link:
            os.symlink(os.readlink(source), target)
        else:
            bind_entry(source, target, is_directory)
    os.close(handle)


def bind_entry(source: str, target: str, is_directory: bool) -> None:
    point(target, is_directory)
    mount(source, target, None, MS_BIND | MS_REC)


def folder_of_links(path: str) -> None:
    """A link such as /bin becomes a folder with one link per program, so that a file can be added."""
    real = os.path.realpath(path)
    os.unlink(path)
    os.mkdir(path)
    for name in os.listdir(real):
        os.symlink(f"{real}/{name}", f"{path}/{name}")


def place(path: str, content: str = "", link: str = "", mode: int = 0o644) -> None:
    """A file with this content, or a link, stands at the path."""
    folder(os.path.dirname(path))
    if os.path.lexists(path):
        if os.path.isdir(path) and not os.path.islink(path):
            return
        remove(path)
    elif os.statvfs(os.path.dirname(path)).f_flag & MS_RDONLY:
        shadow(os.path.realpath(os.path.dirname(path)))
    if link:
        os.symlink(link, path)
        return
    with open(path, "w") as file:
        file.write(content)
    os.chmod(path, mode)


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        shadow(os.path.realpath(os.path.dirname(path)))
        os.unlink(path)


def new_root(spec: Spec) -> None:
    """This process sees an empty root, with the machine's below /.old."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    stage = spec["stage"]
    mount("tmpfs", stage, "tmpfs", 0, "mode=755")
    os.mkdir(stage + OLD)
    os.chdir(stage)
    number = PIVOT_ROOT[os.uname().machine]
    check(libc.syscall(number, b".", OLD[1:].encode()), "pivot_root")
    os.chdir("/")


def system(spec: Spec) -> None:
    """Programs and libraries of the machine, read-only; own devices, processes and temporary folders."""
    for name, target in spec["system_links"].items():
        os.symlink(target, "/" + name)
    for path in spec["system"]:
        bind(OLD + path, path)
    for path, mode in (("/tmp", 0o1777), ("/run", 0o755), ("/var/tmp", 0o1777), ("/root", 0o700), ("/home", 0o755)):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
    os.symlink("../run", "/var/run")
    if spec["own_usr_local"]:
        mount("tmpfs", "/usr/local", "tmpfs", 0, "mode=755")
        for name in ("bin", "sbin", "lib", "share"):
            os.mkdir("/usr/local/" + name)
    os.mkdir("/proc")
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    os.mkdir("/sys")
    try:
        mount("sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except OSError:
        mount(OLD + "/sys", "/sys", None, MS_BIND | MS_REC)  # the pod shares the node's network
    devices()


def devices() -> None:
    os.mkdir("/dev")
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755")
    for name in DEVICES:
        bind_entry(f"{OLD}/dev/{name}", f"/dev/{name}", False)
    for name, kind, data in (("pts", "devpts", "newinstance,ptmxmode=0666,mode=620"), ("shm", "tmpfs", "mode=1777")):
        os.mkdir("/dev/" + name)
        mount(kind, "/dev/" + name, kind, MS_NOSUID | MS_NOEXEC, data)
    os.symlink("pts/ptmx", "/dev/ptmx")
    for name, target in STREAMS.items():
        os.symlink(target, "/dev/" + name)


def furnish(spec: Spec) -> None:
    """The image's files and the pod's volumes stand where the container expects them."""
    added = [item["target"] for item in spec["binds"]] + list(spec["links"]) + list(spec["files"])
    for top in {path.split("/")[1] for path in added}:
        if os.path.islink("/" + top):
            folder_of_links("/" + top)
    for item in sorted(spec["binds"], key=lambda item: item["target"].count("/")):
        if os.path.islink(item["target"]):
            remove(item["target"])
        bind(OLD + item["source"], item["target"])
    for path, content in spec["files"].items():
        place(path, content, mode=0o755)
    for path, target in spec["links"].items():
        place(path, link=target)
    for path, content in spec["etc"].items():
        place(path, content)
    volumes = sorted(spec["mounts"], key=lambda item: item["target"].rstrip("/").count("/"))
    for item in volumes:
        bind(OLD + item["source"], item["target"], writable=True)
    # only now: a volume inside a read-only volume had to get its mount point first
    for item in volumes:
        if item["read_only"]:
            read_only(item["target"])
    folder(spec["workdir"])
    check(libc.umount2(OLD.encode(), MNT_DETACH), "umount old root")
    os.rmdir(OLD)
    if spec["read_only_root"]:
        mount(None, "/", None, MS_BIND | MS_REMOUNT | MS_RDONLY)
