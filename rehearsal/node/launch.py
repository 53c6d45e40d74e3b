"""One container's way into its namespaces: started by the node agent with `python -I -S`, standard library only.

It reads a JSON description from the socket whose number is its argument. `run`: a child in fresh namespaces builds its
root, waits for the agent's word and becomes the program, while this process ends at once. `enter`: a child joins the
namespaces of a running container, and this process ends as the child did.
"""

import ctypes
import errno
import json
import os
import signal
import socket
import sys

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER = 0x00020000, 0x04000000, 0x08000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 4096, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
TIOCSCTTY = 0x540E
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
OLD = "/.old"  # the machine's root, seen from inside until the container is complete
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
STREAMS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    """The result of a system call, or an OSError that says what was tried."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def mount(source, target, kind, flags, data=None):
    arguments = [part and os.fsencode(part) for part in (source, target, kind)]
    check(libc.mount(*arguments, ctypes.c_ulong(flags), data and data.encode()), f"mount {source} on {target}")


def read_only(target):
    """Remounting must repeat the flags that an outer namespace has locked."""
    found = os.statvfs(target).f_flag
    kept = found & (MS_NOSUID | MS_NODEV | MS_NOEXEC) | (MS_RELATIME if found & 4096 else 0) | (found & 3072)
    mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | kept)


def bind(source, target, writable=False):
    point(target, os.path.isdir(source))
    mount(source, target, None, MS_BIND | MS_REC)
    if not writable:
        read_only(target)


def point(path, directory):
    """A file or folder to mount on exists at the path."""
    if os.path.lexists(path):
        if os.path.islink(path) and not os.path.exists(path):
            os.unlink(path)
        else:
            return
    folder(os.path.dirname(path))
    make = os.mkdir if directory else lambda name: os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644))
    try:
        make(path)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        shadow(os.path.realpath(os.path.dirname(path)))
        make(path)


def folder(path):
    """The folder and its parents exist, also below a read-only one."""
    if not os.path.isdir(path):
        point(path, True)


def shadow(path):
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


def bind_entry(source, target, is_directory):
    point(target, is_directory)
    mount(source, target, None, MS_BIND | MS_REC)


def folder_of_links(path):
    """A link such as /bin becomes a folder with one link per program, so that a file can be added."""
    real = os.path.realpath(path)
    os.unlink(path)
    os.mkdir(path)
    for name in os.listdir(real):
        os.symlink(f"{real}/{name}", f"{path}/{name}")


def place(path, content=None, link=None, mode=0o644):
    """A file with this content, or a link, stands at the path."""
    folder(os.path.dirname(path))
    if os.path.lexists(path):
        if os.path.isdir(path) and not os.path.islink(path):
            return
        remove(path)
    elif os.statvfs(os.path.dirname(path)).f_flag & MS_RDONLY:
        shadow(os.path.realpath(os.path.dirname(path)))
    if link is not None:
        os.symlink(link, path)
        return
    with open(path, "w") as file:  # noqa: PTH123 - pathlib costs this program 10 ms
        file.write(content)
    os.chmod(path, mode)  # noqa: PTH101


def remove(path):
    try:
        os.unlink(path)  # noqa: PTH108
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        shadow(os.path.realpath(os.path.dirname(path)))
        os.unlink(path)  # noqa: PTH108


def new_root(spec):
    """This process sees an empty root, with the machine's below /.old."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    stage = spec["stage"]
    mount("tmpfs", stage, "tmpfs", 0, "mode=755")
    os.mkdir(stage + OLD)
    os.chdir(stage)
    number = PIVOT_ROOT[os.uname().machine]
    check(libc.syscall(number, b".", OLD[1:].encode()), "pivot_root")
    os.chdir("/")


def system(spec):
    """Programs and libraries of the machine, read-only; own devices, processes and temporary folders."""
    for name, target in spec["system_links"].items():
        os.symlink(target, "/" + name)
    for path in spec["system"]:
        bind(OLD + path, path)
    for path, mode in (("/tmp", 0o1777), ("/run", 0o755), ("/var/tmp", 0o1777), ("/root", 0o700), ("/home", 0o755)):  # noqa: S108
        os.makedirs(path, exist_ok=True)  # noqa: PTH103
        os.chmod(path, mode)  # noqa: PTH101
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


def devices():
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


def furnish(spec):
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


def become(spec):
    """A user namespace in which this user, the only one there is, has the wanted numbers."""
    if not spec["uid"] and not spec["gid"]:
        return
    uid, gid = os.getuid(), os.getgid()
    check(libc.unshare(CLONE_NEWUSER), "unshare user")
    with open("/proc/self/setgroups", "w") as file:  # noqa: PTH123
        file.write("deny")
    for name, inside, outside in (("uid_map", spec["uid"], uid), ("gid_map", spec["gid"], gid)):
        with open("/proc/self/" + name, "w") as file:  # noqa: PTH123
            file.write(f"{inside} {outside} 1")


def program(spec, agent, wait_for_word):
    """This process becomes the program; it dies with its parent."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # python ignores them, and an ignored signal survives exec
    if spec.get("no_new_privileges"):
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if wait_for_word and agent.recv(1) != b"g":
        os._exit(1)  # the agent is gone
    check(libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "prctl")
    os.umask(0o022)
    try:
        os.chdir(spec["workdir"])
    except OSError as error:
        raise OSError(error.errno, f"chdir to cwd ({spec['workdir']!r}): {error.strerror}") from None
    try:
        os.execvpe(spec["argv"][0], spec["argv"], spec["env"])  # noqa: S606
    except OSError as error:
        where = "" if "/" in spec["argv"][0] else " in $PATH"
        raise OSError(error.errno, f"executable file `{spec['argv'][0]}` {"not found" if error.errno == errno.ENOENT else "not usable"}{where}: {error.strerror}") from None


def run(spec, agent):
    if spec["netns"]:
        handle = os.open(spec["netns"], os.O_RDONLY)
        check(libc.setns(handle, CLONE_NEWNET), "setns network")
        os.close(handle)
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as file:  # noqa: PTH123
            file.write("0")  # as container runtimes do
    check(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID), "unshare")
    child = os.fork()
    if child:
        agent.sendall(json.dumps({"pid": child}).encode() + b"\n")
        os._exit(0)
    with guarded(agent):
        os.setsid()
        socket.sethostname(spec["hostname"])
        new_root(spec)
        system(spec)
        furnish(spec)
        become(spec)
        program(spec, agent, True)


def enter(spec, agent):
    kinds = [("mnt", CLONE_NEWNS), ("uts", CLONE_NEWUTS), ("ipc", CLONE_NEWIPC), ("net", CLONE_NEWNET)]
    kinds += [("pid", CLONE_NEWPID)] + [("user", CLONE_NEWUSER)] * spec["own_user"]
    handles = [(os.open(f"/proc/{spec['pid']}/ns/{name}", os.O_RDONLY), flag) for name, flag in kinds]
    for handle, flag in handles:
        check(libc.setns(handle, flag), "setns")
        os.close(handle)
    child = os.fork()
    if child:
        agent.close()
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        os._exit(code if code >= 0 else 128 - code)
    with guarded(agent):
        os.setsid()
        if spec["tty"]:
            check(libc.ioctl(0, TIOCSCTTY, 0), "ioctl TIOCSCTTY")
        program(spec, agent, False)


class guarded:  # noqa: N801 - reads as a statement
    """What goes wrong inside is told to the agent, and the process ends."""

    def __init__(self, agent):
        self.agent = agent

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        detail = f"{error.strerror} ({error.filename})" if getattr(error, "filename", None) else str(error)
        if isinstance(error, OSError) and not error.filename:
            detail = error.strerror or detail
        self.agent.sendall(json.dumps({"error": detail, "errno": getattr(error, "errno", 0)}).encode() + b"\n")
        os._exit(127)


def main():
    agent = socket.socket(fileno=int(sys.argv[1]))
    agent.set_inheritable(False)
    received = b""
    while not received.endswith(b"\n"):
        chunk = agent.recv(1 << 16)
        if not chunk:
            os._exit(1)
        received += chunk
    spec = json.loads(received)
    with guarded(agent):
        (run if spec["mode"] == "run" else enter)(spec, agent)


main()
