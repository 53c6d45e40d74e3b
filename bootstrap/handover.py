"""Objects with secrets on their way to Ansible's workers: handed over at a private socket, never written to a disk."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bootstrap.errors import DemoError
from bootstrap.kube.objects import Obj, Ref

ADDRESS = "SERVING_DEMO_SECRETS"
MARK = "handedOver"  # in a rendered object: its content comes from the socket


def bare(objects: Sequence[Obj]) -> list[Obj]:
    """Return objects as they may be written down: of a Secret only what it is called.

    >>> bare([{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "c2VjcmV0"}}])
    [{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 's'}, 'handedOver': True}]
    """
    kept = ("apiVersion", "kind", "metadata")
    return [{**{key: obj[key] for key in kept}, MARK: True} if obj.get("kind") == "Secret" else obj for obj in objects]


@contextmanager
def offered(secrets: Mapping[str, Obj]) -> Iterator[dict[str, str]]:
    """Answer with these objects as long as the block lasts; yield the environment that says where."""
    if not secrets:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="serving-demo-") as folder, socket.socket(socket.AF_UNIX) as server:
        path = Path(folder) / "secrets"  # the folder is ours alone
        server.bind(str(path))
        server.listen()
        over = threading.Event()
        thread = threading.Thread(target=answer, args=(server, json.dumps(dict(secrets)).encode(), over), daemon=True)
        thread.start()
        try:
            yield {ADDRESS: str(path)}
        finally:
            over.set()
            with suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
                caller.connect(str(path))  # wakes accept; shutting a listening socket does so on Linux only
            thread.join()


def answer(server: socket.socket, content: bytes, over: threading.Event) -> None:
    """Give the content to everybody who comes, until it is over."""
    while not over.is_set():
        peer, _ = server.accept()
        with peer, suppress(OSError):
            peer.sendall(b"" if over.is_set() else content)


def complete(objects: list[Obj]) -> list[Obj]:
    """Return rendered objects with what is handed over in its place."""
    if not any(obj.get(MARK) for obj in objects):
        return objects
    known = taken()
    return [known[str(Ref.of(obj))] if obj.get(MARK) else obj for obj in objects]


def taken() -> dict[str, Any]:
    """Return what the process that started this run hands over."""
    address = os.environ.get(ADDRESS)
    if not address:
        raise DemoError("an object with a secret is not in these files; `serving-demo render` writes them whole")
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(10)
        channel.connect(address)
        with channel.makefile("rb") as content:
            return dict(json.loads(content.read()))
