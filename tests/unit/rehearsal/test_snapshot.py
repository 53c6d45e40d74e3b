"""Snapshots of a stopped rehearsal; those of a running one are tested on a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import snapshot
from rehearsal.cluster import Cluster, RehearsalError, define


@pytest.fixture(autouse=True)
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("REHEARSAL_ROOT", str(tmp_path))
    made = define("one", "2.25", None)
    made.save()
    for folder in ("pki", "etcd", "volumes", "git", "run", "logs"):
        (made.root / folder).mkdir()
        (made.root / folder / "file").write_text(folder)
    return made


def test_a_restored_cluster_is_the_same_one_on_other_ports(cluster: Cluster) -> None:
    snapshot.take("one", "base")
    copy = snapshot.restore("base", "two")
    assert (copy.cluster_id, copy.rhods, copy.name) == (cluster.cluster_id, "2.25", "two")
    assert not {copy.api_port, copy.proxy_port} & {cluster.api_port, cluster.proxy_port}
    assert Cluster.load(copy.root) == copy
    assert sorted(path.name for path in copy.root.iterdir()) == ["cluster.json", "etcd", "git", "pki", "volumes"]
    assert (copy.root / "etcd" / "file").read_text() == "etcd"


def test_a_newer_snapshot_replaces_the_older(cluster: Cluster) -> None:
    snapshot.take("one", "base")
    (cluster.volumes / "file").write_text("later")
    target = snapshot.take("one", "base")
    assert (target / "volumes" / "file").read_text() == "later"
    assert [path.name for path in target.parent.iterdir()] == ["base"]


def test_only_the_owner_reads_a_snapshot() -> None:
    assert snapshot.take("one", "base").stat().st_mode & 0o777 == 0o700


def test_an_existing_rehearsal_is_not_overwritten() -> None:
    snapshot.take("one", "base")
    with pytest.raises(RehearsalError, match="rehearsal 'one' exists already") as caught:
        snapshot.restore("base", "one")
    assert caught.value.code == 2


def test_half_a_restore_is_done_again(tmp_path: Path) -> None:
    snapshot.take("one", "base")
    (tmp_path / "two" / "etcd").mkdir(parents=True)
    (tmp_path / "two" / "etcd" / "torn").write_text("x")
    copy = snapshot.restore("base", "two")
    assert [path.name for path in copy.etcd.iterdir()] == ["file"]


def test_an_unknown_snapshot_is_refused_with_the_known_ones() -> None:
    snapshot.take("one", "base")
    with pytest.raises(RehearsalError, match="no snapshot 'gone'; there are: base"):
        snapshot.restore("gone", "two")
