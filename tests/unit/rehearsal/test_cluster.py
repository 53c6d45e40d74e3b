"""The facts of a cluster and where they are kept."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from rehearsal.cluster import OUTGOING, Cluster, RehearsalError, define, free_port, listening_ports, root_of


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REHEARSAL_ROOT", str(tmp_path))
    return tmp_path


def test_a_saved_cluster_is_loaded_as_it_was() -> None:
    cluster = define("one", "2.25", None, cpu=4, memory=None)
    cluster.save()
    assert Cluster.load(cluster.root) == cluster
    assert cluster.cpu == 4
    assert cluster.memory == "64Gi"


def test_a_copied_folder_is_the_cluster_of_its_new_place(tmp_path: Path) -> None:
    cluster = define("one", None, None)
    cluster.save()
    (tmp_path / "one").rename(tmp_path / "two")
    assert Cluster.load(tmp_path / "two").root == tmp_path / "two"


@pytest.mark.parametrize(("rhods", "openshift"), [("2.8", "4.17"), ("2.25", "4.17"), ("3.4", "4.20")])
def test_the_openshift_release_follows_openshift_ai(rhods: str, openshift: str) -> None:
    assert define("one", rhods, None).openshift.startswith(f"{openshift}.")


def test_a_chosen_openshift_release_wins() -> None:
    assert define("one", "3.4", "4.21.3").openshift == "4.21.3"


def test_an_unknown_release_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RehearsalError, match=r"RHODS=9.9: .*expected one of 2.8, 2.25, 3.4") as caught:
        define("one", "9.9", None)
    assert caught.value.code == 2


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "-x", "x-", "..", "a" * 33, "snapshots"])
def test_a_name_that_could_leave_the_folder_is_refused(name: str) -> None:
    with pytest.raises(RehearsalError, match="not a name for a rehearsal") as caught:
        root_of(name)
    assert caught.value.code == 2


def test_a_missing_cluster_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match=r"no rehearsal 'gone' .*make rehearsal-up"):
        Cluster.load(tmp_path / "gone")


def test_a_broken_file_says_how_to_clear_it(tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text("{")
    with pytest.raises(RehearsalError, match=r"not readable as JSON .*rehearsal-down"):
        Cluster.load(tmp_path)


def test_a_free_port_can_be_bound_and_is_outside_the_ephemeral_range() -> None:
    port = free_port()
    lowest = int(OUTGOING.read_text().split()[0])
    assert 20000 <= port < (min(32000, lowest) if lowest > 20000 else 32000)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("outgoing", "expected"),
    [
        ("32768\t60999\n", range(20000, 32000)),
        ("25000\t60999\n", range(20000, 25000)),
        ("1024\t65535\n", range(20000, 32000)),
        ("", range(20000, 32000)),
    ],
    ids=["linux-default", "wider", "nothing-left-below", "unknown"],
)
def test_ports_are_chosen_below_those_of_outgoing_connections(
    outgoing: str, expected: range, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "range").write_text(outgoing)
    monkeypatch.setattr("rehearsal.cluster.OUTGOING", tmp_path / "range")
    assert listening_ports() == expected


def test_two_clusters_have_different_identities_and_ports() -> None:
    one, two = define("one", None, None), define("two", None, None)
    assert one.cluster_id != two.cluster_id
    assert one.api_port != one.proxy_port
