"""up, start, stop and down: from a name to a running cluster in the background, and back to nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rehearsal import control_plane, env_file, git_snapshot, kubeconfig, pki, preflight, processes
from rehearsal.binaries import ensure_tools
from rehearsal.cluster import CLONE, Cluster, RehearsalError, define, free_port, home, root_of, with_ports
from rehearsal.namespaces import UNSHARE
from rehearsal.parts import LEFT_OUT, environment
from rehearsal.progress import say
from rehearsal.wait import until_ready

PATIENCE = 20.0  # seconds that a clean stop may take before SIGKILL


def up(name: str, rhods: str | None, openshift: str | None, **settings: object) -> Cluster:
    """The named rehearsal runs and is ready; an existing one is started with what it holds."""
    root = root_of(name)
    _require_machine(root)
    with hold(root):
        cluster = _existing(root)
        if cluster is None:
            cluster = define(name, rhods, openshift, **settings)
        else:
            _refuse_other_version(cluster, rhods, openshift)
        _launch(cluster)
    until_ready(Cluster.load(root))
    return cluster


def start(name: str) -> Cluster:
    """A stopped rehearsal runs again."""
    cluster = Cluster.load(root_of(name))
    _require_machine(cluster.root)
    with hold(cluster.root):
        _launch(cluster)
    until_ready(Cluster.load(cluster.root))
    return cluster


def stop(name: str) -> bool:
    """No process of the rehearsal runs; its data stays. True when there was something to stop."""
    root = root_of(name)
    if not root.exists():
        raise RehearsalError(f"no rehearsal '{name}' in {home()}; `make rehearsal-up REHEARSAL={name}` makes one")
    with hold(root):
        return _halt(root)


def down(name: str) -> bool:
    """Nothing is left of the rehearsal. True when there was something."""
    root = root_of(name)
    existed = root.exists() or bool(processes.find(root))
    if root.exists():
        with hold(root):
            _halt(root)
            remove(root)
    else:
        _halt(root)  # someone deleted the folder under a running cluster
    with contextlib.suppress(OSError):
        home().rmdir()  # only when it is empty
    return existed


@contextlib.contextmanager
def hold(root: Path, seconds: float = 60) -> Iterator[None]:
    """This command alone changes the rehearsal; another one waits, for a limited time."""
    deadline = time.monotonic() + seconds
    while True:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if root.exists() and os.path.samestat(os.fstat(descriptor), root.stat()):
                    yield
                    return
        finally:
            os.close(descriptor)
        if time.monotonic() > deadline:
            raise RehearsalError(f"another command has been at work on rehearsal '{root.name}' for {seconds:.0f} s")
        time.sleep(0.1)


def remove(root: Path) -> None:
    """The folder is gone, folders in it that nobody may write included."""
    with contextlib.suppress(PermissionError):
        shutil.rmtree(root)
        return
    root.chmod(stat.S_IRWXU)
    for parent, folders, _ in os.walk(root):
        for folder in folders:
            path = Path(parent, folder)
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)  # before `walk` looks into it
    shutil.rmtree(root)


def _require_machine(root: Path) -> None:
    """This machine can run a rehearsal and has its programs; they may take half an hour to build the first time."""
    if not processes.find(root):
        preflight.require(root)
        ensure_tools()


def _existing(root: Path) -> Cluster | None:
    """The cluster in this folder; leftovers of an `up` that was killed at its very beginning are cleared."""
    if (root / "cluster.json").exists():
        return Cluster.load(root)
    _halt(root)
    for leftover in root.iterdir():
        remove(leftover) if leftover.is_dir() else leftover.unlink()
    return None


def _refuse_other_version(cluster: Cluster, rhods: str | None, openshift: str | None) -> None:
    for word, wanted, actual in (("RHODS", rhods, cluster.rhods), ("OPENSHIFT", openshift, cluster.openshift)):
        if wanted and wanted != actual:
            hint = f"`make rehearsal-down REHEARSAL={cluster.name}` first, or choose another REHEARSAL name"
            raise RehearsalError(f"rehearsal '{cluster.name}' has {word} {actual}, not {wanted}; {hint}", code=2)


def _launch(cluster: Cluster) -> None:
    """The supervisor runs in the background, unless it does already."""
    outers = processes.find(cluster.root)
    if len(outers) == 1 and processes.alive(outers[0]):
        processes.thaw(outers[0])  # a snapshot that was killed has left it standing still
        say(f"rehearsal '{cluster.name}' is running already")
        return
    processes.kill(outers)
    cluster = _with_own_ports(cluster)
    prepare(cluster)
    say(f"rehearsal '{cluster.name}': OpenShift {cluster.openshift}, OpenShift AI {cluster.rhods}")
    _spawn(cluster)


def prepare(cluster: Cluster) -> None:
    """Every file that the parts read at their start is there."""
    if cluster.run.exists():
        remove(cluster.run)  # sockets, ready marks and status of a run that is over
    for folder in (cluster.root, cluster.run, cluster.logs, cluster.volumes, cluster.node_folder, cluster.git):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    cluster.save()
    pki.ensure(cluster.pki)
    cluster.ca_bundle.write_bytes(pki.bundle(cluster.pki))
    kubeconfig.write_all(cluster)
    control_plane.write_configuration(cluster)
    env_file.write(cluster, git_snapshot.take(cluster))


def _with_own_ports(cluster: Cluster) -> Cluster:
    """The same ports as ever, or new ones where another program has taken one meanwhile."""
    try:
        for port in (cluster.api_port, cluster.proxy_port):
            _listen(port).close()
    except OSError:
        api = free_port()
        say(
            f"port {cluster.api_port} or {cluster.proxy_port} is taken by another program; this rehearsal gets new ones"
        )
        return with_ports(cluster, api, free_port(besides=api))
    return cluster


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def _spawn(cluster: Cluster) -> None:
    """The two ports listen, and the supervisor holds them inside new namespaces."""
    supervisor = (*UNSHARE, sys.executable, "-m", processes.SUPERVISOR, str(cluster.root))
    extra = {name: os.environ[name] for name in (LEFT_OUT,) if name in os.environ}
    with _listen(cluster.api_port) as api, _listen(cluster.proxy_port) as proxy:
        with cluster.log("supervisor").open("ab") as log:
            process = subprocess.Popen(
                [*supervisor, "--api-fd", str(api.fileno()), "--proxy-fd", str(proxy.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=CLONE,
                env={**environment(), **extra},
                pass_fds=(api.fileno(), proxy.fileno()),
                start_new_session=True,  # it outlives this terminal
            )
        process.returncode = 0  # not ours to wait for


def _halt(root: Path) -> bool:
    outers = processes.find(root)
    processes.stop(outers, PATIENCE)
    return bool(outers)
