"""Licences and the list of materials follow from the lock files: every module, with its hash, and nothing else."""

from __future__ import annotations

import json
import re

from docs.generate import licences, sbom
from docs.generate.modules import ROOT, packages, python_locks, tools

DOCUMENT = sbom.document()
COMPONENTS = {one["bom-ref"]: one for one in DOCUMENT["components"]}


def test_every_tool_module_is_in_it_with_all_that_is_linked_into_it() -> None:
    folders = {path.parent.name for path in (ROOT / "rehearsal" / "tools").glob("*/go.mod")}
    assert {tool.name for tool in tools()} == folders
    uses = {one["ref"]: one["dependsOn"] for one in DOCUMENT["dependencies"]}
    for tool in tools():
        assert f"pkg:golang/{tool.main.name}@{tool.main.version}" in uses[f"serving-demo:tool/{tool.name}"]
    assert len(uses["serving-demo:tool/kubernetes"]) > 100


def test_every_go_module_has_the_hash_of_its_go_sum() -> None:
    found = [one for name, one in COMPONENTS.items() if name.startswith("pkg:golang/")]
    assert len(found) > 500
    for one in found:
        assert [len(item["value"]) for item in one["properties"]] == [64], one["name"]


def test_the_licence_of_every_tool_has_been_looked_up() -> None:
    assert {tool.name for tool in tools()} == set(licences.TOOLS), "docs/generate/licences.py lists them"


def test_a_replaced_module_is_named_as_what_replaces_it() -> None:
    argocd = next(tool for tool in tools() if tool.name == "argocd")
    text = (ROOT / "rehearsal/tools/argocd/go.mod").read_text()
    replaced = re.search(r"k8s.io/client-go => k8s.io/client-go (v\S+)", text)
    assert replaced
    assert [one.version for one in argocd.modules if one.name == "k8s.io/client-go"] == [replaced[1]]


def test_every_locked_python_package_is_in_it_with_its_hashes() -> None:
    lines = re.findall(r"^([\w.-]+)==([\w.]+)", python_locks()[0].read_text(), re.MULTILINE)
    assert {f"pkg:pypi/{name}@{version}" for name, version in lines} <= set(COMPONENTS)
    assert all(one.hashes for lock in python_locks() for one in packages(lock))


def test_it_keeps_to_what_cyclonedx_asks_for() -> None:
    assert (DOCUMENT["bomFormat"], DOCUMENT["specVersion"]) == ("CycloneDX", "1.6")
    for one in COMPONENTS.values():
        assert {"type", "name"} <= set(one)
        for licence in one.get("licenses", []):
            assert len(licence) == 1
            assert set(licence) <= {"expression", "license"}
    references = {*COMPONENTS, DOCUMENT["metadata"]["component"]["bom-ref"]}
    for one in DOCUMENT["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= references


def test_the_same_lock_files_give_the_same_bytes() -> None:
    assert json.dumps(sbom.document()) == json.dumps(DOCUMENT)


def test_minio_is_run_and_not_shipped() -> None:
    tool = COMPONENTS["serving-demo:tool/minio"]
    assert tool["licenses"] == [{"license": {"id": "AGPL-3.0-only"}}]
    assert "not shipped" in tool["description"]
    assert "\nMinIO is AGPL-3.0-only: it is run as a program of its own, unchanged, and never linked" in licences.text()


def test_every_package_declares_a_licence_that_may_be_used() -> None:
    known = re.compile(r"MIT|MIT-0|BSD|Apache|ISC|PSF|MPL|Unlicense|0BSD|Zlib|CC0|GPL-3.0")
    found = licences.python_licences()
    assert not {name: licence for name, licence in found.items() if not known.search(licence)}
    # what is GPL is a program that we run, or Ansible, whose plugins of ours stand under a licence that goes with it
    gpl = {name for name, licence in found.items() if "GPL" in licence and "MPL" not in licence}
    assert gpl <= {"ansible-core", "ansible-lint", "yamllint"}
