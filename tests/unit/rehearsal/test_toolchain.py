"""The toolchain without network and builds: the table, content keys, lookups and what is kept of a module."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain import build, catalog
from rehearsal.toolchain.cache import cache_root, prune_newest, prune_stale, require_room
from rehearsal.toolchain.catalog import GO_NEEDED, TOOLS, Data, Tool
from rehearsal.toolchain.errors import BuildFailed, DiskFull, GoMissing, NotBuilt, UnknownTool
from rehearsal.toolchain.go import Go, new_enough
from rehearsal.toolchain.key import content_key, go_platform, linker_flags

MODULES = [entry for entry in TOOLS if not entry.folder]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return cache_root()


@pytest.fixture
def sample(tmp_path: Path) -> Tool:
    """A small module of our own."""
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module sample\n\ngo 1.24\n")
    (folder / "main.go").write_text("package main\n")
    return Tool("sample", "v1", {"sample": "."}, folder=str(folder))


@pytest.mark.parametrize("entry", MODULES, ids=lambda entry: entry.name)
def test_every_module_of_the_table_is_committed_and_pins_what_it_builds(entry: Tool) -> None:
    text = (entry.source / "go.mod").read_text()
    assert f"module serving-demo/tools/{entry.name}\n" in text
    assert (entry.source / "go.sum").stat().st_size > 0
    for package in entry.binaries.values():
        assert re.search(rf"^(tool |\t){re.escape(package)}$", text, re.MULTILINE), package
    if entry.data:
        pinned = re.search(rf"{re.escape(entry.data.module)} (v\S+)", text)
        assert pinned, "the files to keep come from a module that go.mod does not require"
        assert f"{entry.data.module} {pinned[1]} h1:" in (entry.source / "go.sum").read_text()


@pytest.mark.parametrize("entry", MODULES, ids=lambda entry: entry.name)
def test_no_module_wants_a_newer_go_than_the_table_says(entry: Tool) -> None:
    found = re.search(r"^go (\S+)$", (entry.source / "go.mod").read_text(), re.MULTILINE)
    assert found
    release = found[1] if found[1].count(".") == 2 else f"{found[1]}.0"
    assert new_enough(f"go version go{GO_NEEDED} linux/amd64", release)


def test_binary_names_are_unique() -> None:
    names = [name for entry in TOOLS for name in entry.binaries]
    assert len(names) == len(set(names))


def test_kubernetes_says_its_real_version() -> None:
    flags = linker_flags(catalog.find("kubectl"))
    assert f"-X k8s.io/component-base/version.gitVersion={catalog.KUBERNETES}" in flags


def test_the_key_is_stable(sample: Tool) -> None:
    assert content_key(sample) == content_key(replace(sample))


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go", "deep/more.go"])
def test_the_key_follows_module_and_sources(sample: Tool, name: str) -> None:
    before = content_key(sample)
    (sample.source / "deep").mkdir()
    with (sample.source / name).open("a") as file:
        file.write("// changed\n")
    assert content_key(sample) != before


def test_the_key_leaves_tests_and_notes_out(sample: Tool) -> None:
    before = content_key(sample)
    (sample.source / "main_test.go").write_text("package main\n")
    (sample.source / "README.md").write_text("words\n")
    assert content_key(sample) == before


@pytest.mark.parametrize(
    "change",
    [
        {"tags": ("x",)},
        {"stamps": {"main.version": "2"}},
        {"binaries": {"other": "."}},
        {"data": Data("example.com/m", ("*.yaml",))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_key_follows_flags_and_kept_files(sample: Tool, change: dict[str, Any]) -> None:
    assert content_key(replace(sample, **change)) != content_key(sample)


def test_the_key_leaves_estimates_out(sample: Tool) -> None:
    assert content_key(replace(sample, seconds=99, megabytes=99, version="v2")) == content_key(sample)


def test_the_key_follows_the_machine(sample: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    intel = content_key(sample)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert content_key(sample) != intel


def test_another_system_is_told_where_the_rehearsal_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(GoMissing, match=r"runs on Linux x86-64 and arm64; this is Darwin"):
        go_platform()


def test_a_missing_binary_names_the_command_that_builds_it(cache: Path) -> None:
    with pytest.raises(NotBuilt, match=r"kubectl: not built yet; build it with `.*rehearsal\.toolchain kuber"):
        build.tool("kubectl")
    assert not cache.exists(), "asking has made a folder"


def test_missing_files_name_the_command_that_gets_them(cache: Path) -> None:
    with pytest.raises(NotBuilt, match=r"openshift-api: its files are not there yet; get them with"):
        build.data("openshift-api")


def test_an_unknown_name_lists_the_known_ones(cache: Path) -> None:
    with pytest.raises(UnknownTool, match=r"no tool 'kubctl'; known are .*kubectl") as caught:
        build.tool("kubctl")
    assert caught.value.code == 2


def test_missing_names_each_module_once_in_the_tables_order(cache: Path) -> None:
    assert [entry.name for entry in build.missing(["opm", "kubectl", "kube-apiserver", "etcd"])] == [
        "etcd", "kubernetes", "opm"
    ]  # fmt: skip


def test_no_names_mean_nothing_and_none_means_what_an_up_needs(cache: Path) -> None:
    assert build.missing([]) == []
    assert build.missing() == [entry for entry in TOOLS if not entry.on_demand]
    assert [entry.name for entry in build.missing(["kube-rbac-proxy"])] == ["kube-rbac-proxy"]


def test_with_everything_built_nothing_is_written(cache: Path) -> None:
    build.home(catalog.find("etcd")).mkdir(parents=True)
    before = sorted(cache.rglob("*"))
    build.ensure(["etcd"])
    assert sorted(cache.rglob("*")) == before


def test_a_built_binary_is_found(cache: Path) -> None:
    folder = build.home(catalog.find("kubectl"))
    folder.mkdir(parents=True)
    (folder / "kubectl").touch()
    assert build.tool("kubectl") == folder / "kubectl"


def fake_go(tmp_path: Path, script: str) -> Path:
    """A program in Go's place."""
    path = tmp_path / "fake-go"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_failed_build_shows_its_last_lines_and_the_next_step(cache: Path, sample: Tool, tmp_path: Path) -> None:
    go = Go(fake_go(tmp_path, '[ "$1" = mod ] && exit 0; seq 1 30 >&2; echo "x.go:3: undefined: y" >&2; exit 1'), cache)
    with pytest.raises(BuildFailed) as caught:
        build.build_one(sample, go)
    message = str(caught.value)
    assert message.startswith("sample v1: `go build` failed with 1; the end of ")
    assert "  x.go:3: undefined: y\n" in message
    assert "  12\n" in message
    assert "  11\n" not in message
    assert message.endswith("then again: `.venv/bin/python -m rehearsal.toolchain sample`")
    assert list(build.home(sample, cache).parent.iterdir()) == [], "a failed build leaves nothing half done"


def test_a_build_is_whole_and_sweeps_what_a_killed_one_left(cache: Path, sample: Tool, tmp_path: Path) -> None:
    leftover = build.home(sample, cache).parent / ".tmp-dead"
    leftover.mkdir(parents=True)
    script = 'while [ $# -gt 0 ]; do [ "$1" = -o ] && echo "$GOFLAGS $GOTOOLCHAIN" > "$2"; shift; done; exit 0'
    build.build_one(sample, Go(fake_go(tmp_path, script), cache))
    assert sorted(path.name for path in build.home(sample, cache).iterdir()) == ["built.json", "sample"]
    assert (build.home(sample, cache) / "sample").read_text() == "-mod=readonly -buildvcs=false local\n"
    assert not leftover.exists()


def test_verification_comes_before_the_build(cache: Path, sample: Tool, tmp_path: Path) -> None:
    go = Go(fake_go(tmp_path, '[ "$1 $2" = "mod verify" ] && echo "m v1: dir has been modified" >&2 && exit 1'), cache)
    with pytest.raises(BuildFailed, match=r"(?s)`go mod` failed with 1; .*dir has been modified"):
        build.build_one(sample, go)


def test_only_the_origin_of_modules_is_taken_from_the_users_go_settings(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in {"GOPROXY": "https://goproxy.example", "GOFLAGS": "-mod=mod", "CGO_ENABLED": "1"}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("GOEXPERIMENT", "strange")
    environment = Go(Path("go"), cache).environment()
    assert environment["GOPROXY"] == "https://goproxy.example"
    assert environment["GOFLAGS"].startswith("-mod=readonly")
    assert environment["CGO_ENABLED"] == "0"
    assert "GOEXPERIMENT" not in environment
    assert environment["GOMODCACHE"].startswith(str(cache))


def test_kept_files_stand_at_their_paths_and_can_be_replaced(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "config/deep").mkdir(parents=True)
    for name in ("config/a.yaml", "config/deep/b.yaml", "other.yaml"):
        (source / name).write_text(name)
        (source / name).chmod(0o444)
    build.keep_data(Data("example.com/m", ("config/**/*",)), source, target)
    kept = [path for path in sorted(target.rglob("*")) if path.is_file()]
    assert [str(path.relative_to(target)) for path in kept] == ["config/a.yaml", "config/deep/b.yaml"]
    assert kept[0].stat().st_mode & 0o777 == 0o644


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match=r"example\.com/m: no file matches 'crds/\*'; adapt the table"):
        build.keep_data(Data("example.com/m", ("crds/*",)), tmp_path, tmp_path / "target")


def test_pruning_gives_back_the_newest_and_keeps_the_oldest(tmp_path: Path) -> None:
    import os

    for age, name in enumerate(["newest", "middle", "oldest"]):
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    assert prune_newest(tmp_path, limit=150) == 200
    assert [path.name for path in tmp_path.iterdir()] == ["oldest"]


def test_old_builds_of_a_tool_go_and_young_ones_stay(tmp_path: Path) -> None:
    for name in ("present", "old", "young"):
        (tmp_path / name).mkdir()
    for name in ("present", "old"):
        os.utime(tmp_path / name, (0, 0))
    prune_stale(tmp_path / "present", 3600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["present", "young"]


def test_too_little_room_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match=r"GiB free, building the tools needs \d+ GiB; make room, or set XDG_CACHE_HOME"):
        require_room(tmp_path, needed=2**62)


def test_a_relative_cache_home_counts_as_unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root() == tmp_path / ".cache/serving-demo"
