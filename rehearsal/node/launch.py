"""One container's way into its namespaces: started by the node agent with `python -I -S`, standard library only.

It reads a JSON description from the socket whose number is its argument. `run`: a child in fresh namespaces builds its
root, waits for the agent's word and becomes the program, while this process ends at once. `enter`: a child joins the
namespaces of a running container, and this process ends as the child did.
"""

# ruff: noqa: PTH120, PTH123, S606
# pathlib would cost every container start 10 ms

import json
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.dirname(__file__))  # -I leaves it out; `rehearsal` itself would be slow to import

from rootfs import Spec, check, furnish, libc, new_root, system  # type: ignore[import-not-found]

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER = 0x00020000, 0x04000000, 0x08000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
TIOCSCTTY = 0x540E


def become(spec: Spec) -> None:
    """A user namespace in which this user, the only one there is, has the wanted numbers."""
    if not spec["uid"] and not spec["gid"]:
        return
    uid, gid = os.getuid(), os.getgid()
    check(libc.unshare(CLONE_NEWUSER), "unshare user")
    with open("/proc/self/setgroups", "w") as file:
        file.write("deny")
    for name, inside, outside in (("uid_map", spec["uid"], uid), ("gid_map", spec["gid"], gid)):
        with open("/proc/self/" + name, "w") as file:
            file.write(f"{inside} {outside} 1")


def program(spec: Spec, agent: socket.socket, wait_for_word: bool) -> None:
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
        os.execvpe(spec["argv"][0], spec["argv"], spec["env"])
    except OSError as error:
        where = "" if "/" in spec["argv"][0] else " in $PATH"
        what = "not found" if isinstance(error, FileNotFoundError) else "not usable"
        text = f"executable file `{spec['argv'][0]}` {what}{where}: {error.strerror}"
        raise OSError(error.errno, text) from None


def run(spec: Spec, agent: socket.socket) -> None:
    if spec["netns"]:
        handle = os.open(spec["netns"], os.O_RDONLY)
        check(libc.setns(handle, CLONE_NEWNET), "setns network")
        os.close(handle)
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as file:
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


def enter(spec: Spec, agent: socket.socket) -> None:
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


class guarded:
    """What goes wrong inside is told to the agent, and the process ends."""

    def __init__(self, agent: socket.socket) -> None:
        self.agent = agent

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: "BaseException | None", trace: object) -> None:
        detail = str(error)
        if isinstance(error, OSError):
            detail = f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)
        self.agent.sendall(json.dumps({"error": detail, "errno": getattr(error, "errno", 0)}).encode() + b"\n")
        os._exit(127)


def main() -> None:
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
