"""The facts of one rehearsal: fixed addresses, chosen ports, and where its files live."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import socket
import uuid
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

NODE_NAME = "rehearsal"
NODE_IP = "10.128.0.1"
ROUTER_IP = "10.128.0.2"
POD_NETWORK = "10.128.0.0/16"  # pods from 10.128.0.10 upwards
SERVICE_NETWORK = "172.30.0.0/16"
API_SERVICE_IP = "172.30.0.1"
DNS_IP = "172.30.0.10"
BRIDGE = "br0"
CLUSTER_DOMAIN = "cluster.local"
APPS_DOMAIN = "apps.rehearsal.test"
ETCD_PORT = 2379
API_PORT = 6443  # inside; outside it is Cluster.api_port
TOKEN_REVIEW_URL = "https://127.0.0.1:9444/tokenreview"  # noqa: S105 - an address, not a password

# the OpenShift release that carries an OpenShift AI release, as the product's era table pairs them
OPENSHIFT = {"2.8": "4.17.45", "2.25": "4.17.45", "3.4": "4.20.8"}
NEEDED_BY_3 = (4, 19, 9)  # no older OpenShift has a catalog with OpenShift AI 3
DEFAULT_RHODS = "3.4"
DEFAULT_NAME = "default"
CLONE = Path(__file__).resolve().parent.parent
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
NAME_RULE = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


class RehearsalError(Exception):
    """Something a person can act on; the command prints it as one line and exits with `code`."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Cluster:
    """One rehearsal cluster, as `cluster.json` in its state folder describes it."""

    name: str
    root: Path
    rhods: str = DEFAULT_RHODS
    openshift: str = OPENSHIFT[DEFAULT_RHODS]
    cluster_id: str = ""
    api_port: int = 0
    proxy_port: int = 0
    cpu: int = 16  # allocatable is a pretence, so that real requests fit and "node full" can be shown
    memory: str = "64Gi"

    @classmethod
    def load(cls, root: Path) -> Cluster:
        """The cluster that was saved in this state folder."""
        file = root / "cluster.json"
        try:
            facts = json.loads(file.read_text())
        except FileNotFoundError:
            raise RehearsalError(
                f"no rehearsal '{root.name}' in {root.parent}; `make rehearsal-up REHEARSAL={root.name}` makes one"
            ) from None
        except ValueError as error:
            raise RehearsalError(f"{file}: not readable as JSON ({error}); `make rehearsal-down` clears it") from None
        known = {one.name for one in fields(cls)}  # an earlier version may have kept more
        return cls(**{**{name: value for name, value in facts.items() if name in known}, "root": root})

    def save(self) -> None:
        """cluster.json holds these facts; the file is replaced in one step."""
        self.root.mkdir(parents=True, exist_ok=True)
        facts = asdict(self)
        del facts["root"]  # the folder may be copied or moved
        draft = self.root / "cluster.json.draft"
        draft.write_text(json.dumps(facts, indent=2) + "\n")
        draft.replace(self.root / "cluster.json")

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig for use outside the namespaces."""
        return self.root / "kubeconfig"

    @property
    def env_file(self) -> Path:
        return self.root / "env"

    @property
    def ca_bundle(self) -> Path:
        """API, ingress and service CA in one file."""
        return self.root / "ca.crt"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def etcd(self) -> Path:
        return self.root / "etcd"

    @property
    def audit_log(self) -> Path:
        return self.root / "audit.log"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Files of the running cluster only: inner kubeconfigs, ready marks, sockets, status."""
        return self.root / "run"

    @property
    def node_folder(self) -> Path:
        return self.root / "node"

    @property
    def volumes(self) -> Path:
        return self.root / "volumes"

    @property
    def git(self) -> Path:
        """The folder of bare repositories served at https://git.<apps domain>/."""
        return self.root / "git"

    @property
    def faults_file(self) -> Path:
        return self.root / "faults.json"

    @property
    def api_url(self) -> str:
        """The API server as the machine sees it."""
        return f"https://127.0.0.1:{self.api_port}"

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self.proxy_port}"

    @property
    def git_url(self) -> str:
        return f"https://git.{APPS_DOMAIN}/serving-demo.git"

    def inner_kubeconfig(self, identity: str) -> Path:
        """The kubeconfig of a part inside the namespaces."""
        return self.run / f"{identity}.kubeconfig"

    def log(self, part: str) -> Path:
        return self.logs / f"{part}.log"

    def ready_file(self, part: str) -> Path:
        """Exists while the part says that it is ready."""
        return self.run / f"{part}.ready"


def home() -> Path:
    """The folder of all rehearsals of this clone, or REHEARSAL_ROOT."""
    chosen = os.environ.get("REHEARSAL_ROOT")
    return Path(chosen).resolve() if chosen else CLONE / ".rehearsal"


def root_of(name: str) -> Path:
    """The state folder of a rehearsal name."""
    if not NAME_RULE.fullmatch(name) or name == "snapshots":
        rule = "up to 32 letters a-z, digits and '-', and not 'snapshots'"
        raise RehearsalError(f"REHEARSAL={name}: not a name for a rehearsal; expected {rule}", code=2)
    return home() / name


def define(name: str, rhods: str | None, openshift: str | None, **settings: object) -> Cluster:
    """A new cluster's facts, with a fresh identity and free ports."""
    rhods = rhods or DEFAULT_RHODS
    if rhods not in OPENSHIFT:
        raise RehearsalError(f"RHODS={rhods}: not a rehearsed release; expected one of {', '.join(OPENSHIFT)}", code=2)
    chosen = openshift or OPENSHIFT[rhods]
    if not re.fullmatch(r"4\.\d+\.\d+", chosen):
        raise RehearsalError(f"OPENSHIFT={chosen}: not a release; expected one like {OPENSHIFT[rhods]}", code=2)
    if rhods.startswith("3.") and tuple(map(int, chosen.split("."))) < NEEDED_BY_3:
        needed = ".".join(map(str, NEEDED_BY_3))
        raise RehearsalError(f"OPENSHIFT={chosen}: has no OpenShift AI {rhods}; expected {needed} or newer", code=2)
    given = {key: value for key, value in settings.items() if value is not None}
    cluster = Cluster(name, root_of(name), rhods, chosen, str(uuid.uuid4()), **given)  # type: ignore[arg-type]
    return with_free_ports(cluster)


def with_free_ports(cluster: Cluster) -> Cluster:
    """The same cluster on two loopback ports that nothing uses now."""
    api = free_port()
    return with_ports(cluster, api, free_port(besides=api))


def with_ports(cluster: Cluster, api: int, proxy: int) -> Cluster:
    return replace(cluster, api_port=api, proxy_port=proxy)


def listening_ports() -> range:
    """Those to choose from: below the ones that outgoing connections take, where these leave any."""
    try:
        lowest = int(OUTGOING.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        lowest = 32768  # Linux's own
    return range(20000, min(32000, lowest)) or range(20000, 32000)


def free_port(besides: int = 0) -> int:
    """A loopback port that nothing uses now, and that no outgoing connection takes before it is listened on."""
    choice = listening_ports()
    for _ in range(200):
        port = secrets.choice(choice)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port != besides:
                return port
    raise RehearsalError(
        f"no free port on 127.0.0.1 between {choice.start} and {choice.stop}; stop what holds them and try again"
    )
