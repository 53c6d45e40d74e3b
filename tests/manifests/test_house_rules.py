"""What every manifest keeps to: one object per file, named by kind, labelled, pinned, and without a secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bootstrap.kube.objects import LABELS
from tests.manifests.conftest import ROOT, built, files, kustomizations, whole_files

FLOATING = re.compile(r"image: .*(:latest|/[^:@\s]+)\s*$", re.MULTILINE)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_tree_is_not_empty() -> None:
    assert len(kustomizations()) >= 15
    assert len(whole_files()) >= 25


@pytest.mark.parametrize("folder", kustomizations())
def test_every_kustomization_builds(folder: str) -> None:
    assert built(folder)


@pytest.mark.parametrize("path", files(), ids=name)
def test_one_object_per_file(path: Path) -> None:
    assert len([document for document in yaml.safe_load_all(path.read_text()) if document]) == 1


@pytest.mark.parametrize("path", whole_files(), ids=name)
def test_a_file_is_named_by_its_kind(path: Path) -> None:
    kind = yaml.safe_load(path.read_text())["kind"]
    kebab = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower()
    assert path.stem == kebab or path.stem.startswith(f"{kebab}-")


@pytest.mark.parametrize("path", files(), ids=name)
def test_no_secret_is_in_git(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    assert document.get("kind") != "Secret"
    assert not re.search(r"(?i)(password|secret_?key|(?<!account)token): *\S", path.read_text())


@pytest.mark.parametrize("path", files(), ids=name)
def test_every_image_is_pinned(path: Path) -> None:
    assert not FLOATING.search(path.read_text())


@pytest.mark.parametrize("folder", kustomizations())
def test_every_object_carries_our_labels(folder: str) -> None:
    for obj in built(folder):
        assert LABELS.items() <= obj["metadata"].get("labels", {}).items(), obj["metadata"]["name"]


@pytest.mark.parametrize("folder", kustomizations())
def test_no_pod_asks_for_a_user_or_a_right(folder: str) -> None:
    text = yaml.safe_dump_all(built(folder))
    assert not re.search(r"runAsUser|fsGroup|privileged: true|hostPath|hostNetwork", text)


@pytest.mark.parametrize("folder", [one for one in kustomizations() if one.endswith("/rights")])
def test_argo_cd_gets_no_wildcard_and_no_secret(folder: str) -> None:
    rules = [rule for obj in built(folder) for rule in obj.get("rules", [])]
    assert rules
    for rule in rules:
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert not {"secrets", "roles", "rolebindings", "clusterroles", "namespaces"} & set(rule["resources"])
