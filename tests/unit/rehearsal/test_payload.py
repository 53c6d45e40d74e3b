"""The objects of a fresh cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import faults, pki
from rehearsal.cluster import Cluster
from rehearsal.faults import DEFAULT_CLASS
from rehearsal.payload import openshift


@pytest.mark.parametrize("fault", [False, True])
def test_a_cluster_that_starts_again_keeps_its_missing_default_class(tmp_path: Path, fault: bool) -> None:
    cluster = Cluster("one", tmp_path)
    pki.ensure(cluster.pki)
    faults.write(cluster, {"no-default-storageclass": {}} if fault else {})
    (found,) = [one for one in openshift.surroundings(cluster) if one["kind"] == "StorageClass"]
    assert found["metadata"]["annotations"] == {DEFAULT_CLASS: "false" if fault else "true"}
