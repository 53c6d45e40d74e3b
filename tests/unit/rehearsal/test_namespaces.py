"""What of the namespaces can be said without a cluster in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import preflight
from rehearsal.cluster import CLONE
from rehearsal.namespaces import NETWORK, RESOLV_CONF, UNSHARE, outermost


def test_every_kind_of_namespace_is_private_and_nothing_outlives_unshare() -> None:
    assert {"--user", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"} <= set(UNSHARE)


def test_the_network_has_node_router_and_services() -> None:
    assert "addr add 10.128.0.1/16 dev br0" in NETWORK
    assert "addr add 10.128.0.2/32 dev br0" in NETWORK
    assert "route add local 172.30.0.0/16 dev lo" in NETWORK


def test_folders_inside_other_folders_are_not_bound_twice(tmp_path: Path) -> None:
    inner, other = tmp_path / "a" / "b", tmp_path / "ab"
    inner.mkdir(parents=True)
    other.mkdir()
    assert outermost([inner, tmp_path / "a", other, tmp_path / "gone"]) == [tmp_path / "a", other]


# an /etc of the test's own, with what other distributions have there, and then the mounts of every rehearsal
MOUNTS = """
import sys
from pathlib import Path
from rehearsal import namespaces
namespaces.mount("none", Path("/"), None, namespaces.MS_REC | namespaces.MS_PRIVATE)
namespaces.mount("tmpfs", Path("/etc"), "tmpfs", 0)
for link in sys.argv[1].split():
    path, target = link.split("->")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).symlink_to(target)
namespaces.set_up_mounts(map(Path, sys.argv[2:]))
print(Path("/etc/resolv.conf").read_text(), end="")
"""


def mounted(links: str) -> subprocess.CompletedProcess[str]:
    """What /etc/resolv.conf says in new namespaces where it is such a link."""
    command = [*UNSHARE, sys.executable, "-c", MOUNTS, links, str(CLONE), sys.prefix, sys.base_prefix]
    done = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, timeout=60)
    if done.stderr.startswith("unshare:"):
        pytest.skip(f"{done.stderr.strip()}: {preflight.explain(done.stderr)}")
    return done


@pytest.mark.parametrize(
    "links",
    [
        "/etc/resolv.conf->../run/systemd/resolve/stub-resolv.conf",
        "/etc/resolv.conf->/run/systemd/resolve/stub-resolv.conf",
        "/etc/resolv.conf->/run/NetworkManager/resolv.conf",
        "/etc/resolv.conf->/var/run/netconfig/resolv.conf",
        "/etc/resolvconf/run->/run/resolvconf /etc/resolv.conf->resolvconf/run/resolv.conf",
    ],
)
def test_a_resolver_file_that_is_a_link_into_run_asks_the_clusters_dns(links: str) -> None:
    done = mounted(links)
    assert (done.stdout, done.stderr) == (RESOLV_CONF, "")


def test_a_resolver_file_that_leads_nowhere_is_told_and_not_made() -> None:
    done = mounted("/etc/resolv.conf->elsewhere/resolv.conf")
    assert "/etc/elsewhere/resolv.conf: missing on this machine" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("unshare: unshare failed: No space left on device", "sysctl user"),
        ("unshare: mount /proc failed: Operation not permitted", "systempaths=unconfined"),
        ('Error: Unknown device type "bridge".', "modprobe -a bridge veth"),
        ("RTNETLINK answers: Operation not supported", "modprobe -a bridge veth"),
        ("unshare: unshare failed: Operation not permitted", "user namespaces are"),
        ("unshare: write failed /proc/self/uid_map: Operation not permitted", "user namespaces are"),
        ("something new", "--privileged"),
    ],
)
def test_each_refusal_of_the_kernel_has_its_next_step(said: str, step: str) -> None:
    assert step in preflight.explain(said)


def test_every_missing_requirement_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = [
        preflight.Finding("a", True, "fine"),
        preflight.Finding("b", False, "no"),
        preflight.Finding("c", False, "n"),
    ]
    monkeypatch.setattr(preflight, "findings", lambda _: found)
    with pytest.raises(preflight.RehearsalError, match=r"^b: no\nc: n$"):
        preflight.require(tmp_path)


def test_a_missing_program_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.shutil, "which", lambda program, path: None if program == "ip" else "/usr/bin/x")
    lacking = [finding for finding in preflight._programs() if not finding.holds]
    assert [finding.what for finding in lacking] == ["ip"]
    assert "iproute2" in lacking[0].detail


def test_other_systems_are_refused_with_the_way_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.platform, "system", lambda: "Darwin")
    finding = preflight._system()
    assert not finding.holds
    assert "virtual machine" in finding.detail


def test_a_folder_that_leaves_no_room_for_sockets_is_told() -> None:
    long = Path("/home/somebody") / ("x" * 80)
    (found,) = [one for one in preflight.findings(long) if one.what == "path"]
    assert not found.holds
    assert "107 are the most; move the clone, or set REHEARSAL_ROOT" in found.detail
    assert next(one for one in preflight.findings(Path("/home/somebody")) if one.what == "path").holds
