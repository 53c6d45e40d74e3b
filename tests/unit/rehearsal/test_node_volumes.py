"""Volumes made of API objects: which files they hold, and how a folder follows them in one step."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from rehearsal.node import payload_folder
from rehearsal.node.logs import Log, Options, read, tail
from rehearsal.node.sandbox import Addresses, name_of
from rehearsal.node.spec import ConfigError, Facts
from rehearsal.node.volumes import File, MountError, TokenRequest, files, mounts, references, token_requests

OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("ConfigMap", "cm"): {"kind": "ConfigMap", "data": {"a": "1", "b": "2"}},
    ("Secret", "s"): {"kind": "Secret", "data": {"k": base64.b64encode(b"v").decode()}},
}
POD = {"metadata": {"name": "p", "namespace": "ns", "uid": "u", "labels": {"x": 'y"'}}, "spec": {"containers": [{}]}}


def render(volume: dict[str, Any]) -> dict[str, File]:
    tokens = dict.fromkeys(token_requests(volume), "jwt")
    return files(POD, volume, Facts(), lambda kind, name: OBJECTS.get((kind, name)), tokens)


def test_items_choose_keys_paths_and_modes() -> None:
    volume = {"name": "v", "configMap": {"name": "cm", "items": [{"key": "a", "path": "deep/a", "mode": 0o600}]}}
    assert render(volume) == {"deep/a": File(b"1", 0o600)}


def test_a_missing_object_keeps_the_pod_waiting_unless_it_is_optional() -> None:
    with pytest.raises(MountError, match=r'MountVolume\.SetUp failed for volume "v" : secret "no" not found'):
        render({"name": "v", "secret": {"secretName": "no"}})
    optional = {"secretName": "no", "optional": True, "items": [{"key": "k", "path": "k"}]}
    assert render({"name": "v", "secret": optional}) == {}


def test_a_missing_key_is_named() -> None:
    with pytest.raises(MountError, match=r"references non-existent configmap key: z \(ns/cm\)"):
        render({"name": "v", "configMap": {"name": "cm", "items": [{"key": "z", "path": "z"}]}})


def test_a_projected_volume_joins_its_sources() -> None:
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
        {"secret": {"name": "s"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]
    found = render({"name": "v", "projected": {"sources": sources, "defaultMode": 0o440}})
    assert {name: file.content for name, file in found.items()} == {"token": b"jwt", "k": b"v", "labels": b'x="y\\""'}
    assert {file.mode for file in found.values()} == {0o440}
    assert token_requests({"projected": {"sources": sources}}) == [TokenRequest("", 3607)]
    assert references({"spec": {"volumes": [{"projected": {"sources": sources}}]}}) == {("Secret", "s")}


def test_mounts_of_objects_are_read_only_and_sub_paths_stay_inside() -> None:
    volumes = [{"name": "v", "configMap": {"name": "cm"}}, {"name": "e", "emptyDir": {}}]
    container = {
        "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "e", "mountPath": "/e", "subPathExpr": "$(N)"}]
    }
    found = mounts(container, volumes, {"N": "sub"})
    assert [(item.read_only, item.sub_path) for item in found] == [(True, ""), (False, "sub")]
    with pytest.raises(ConfigError, match=r"subPath '\.\./x' of volume \"e\" must stay inside"):
        mounts({"volumeMounts": [{"name": "e", "mountPath": "/e", "subPath": "../x"}]}, volumes, {})


def test_a_folder_follows_its_files_and_keeps_the_unchanged_alone(tmp_path: Path) -> None:
    assert payload_folder.write(tmp_path, {"a": File(b"1", 0o644), "d/b": File(b"2", 0o600)})
    first = (tmp_path / "..data").readlink()
    assert not payload_folder.write(tmp_path, {"a": File(b"1", 0o644), "d/b": File(b"2", 0o600)})
    assert (tmp_path / "..data").readlink() == first
    assert payload_folder.write(tmp_path, {"a": File(b"3", 0o644)})
    assert (tmp_path / "a").read_text() == "3"
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("..")) == ["a"]
    assert len([path for path in tmp_path.iterdir() if path.is_dir() and not path.is_symlink()]) == 1


def test_logs_are_read_back_by_tail_time_and_stream(tmp_path: Path) -> None:
    async def text(**options: Any) -> bytes:
        return b"".join([block async for block in read(log, Options(**options))])

    async def scenario() -> None:
        log.write("stdout", b"one\ntwo\npart")
        log.write("stderr", b"oops\n")
        log.write("stdout", b"ial\nend")
        log.close()
        assert await text() == b"one\ntwo\noops\npartial\nend\n"
        assert await text(tail=1) == b"end\n"
        assert await text(stream="stderr") == b"oops\n"
        assert await text(limit=5) == b"one\nt"
        assert await text(since="2999") == b""
        assert (await text(timestamps=True, tail=1)).split(b" ")[0].endswith(b"Z")
        assert await text(follow=True) == await text()

    log = Log(tmp_path / "0.log")
    asyncio.run(scenario())


def test_tail_of_none_is_everything() -> None:
    assert tail(b"a\nb\n", None) == b"a\nb\n"
    assert tail(b"a\nb\n", 0) == b""


def test_addresses_are_not_given_twice() -> None:
    pool = Addresses("10.0.0.0/29", first=2)
    taken = [pool.take() for _ in range(5)]
    assert taken == [f"10.0.0.{number}" for number in range(2, 7)]
    with pytest.raises(OSError, match="no free pod address"):
        pool.take()
    pool.give_back("10.0.0.3")
    assert pool.take() == "10.0.0.3"
    assert name_of("10.128.1.12") == "pod-1-12"
