"""Images that KServe's own `config/default` names beside its manager: real programs, built when somebody asks."""

from __future__ import annotations

from pathlib import Path

from rehearsal.images.table import Bind, Image
from rehearsal.toolchain import catalog
from rehearsal.toolchain.build import home


def rows() -> list[Image]:
    """The controller of local models and the proxy before the metrics."""
    return [
        _image("kserve-localmodel", "kserve/kserve-localmodel-controller", "/manager", 1000),
        _image("kube-rbac-proxy", "quay.io/brancz/kube-rbac-proxy", "/usr/local/bin/kube-rbac-proxy", 65532),
    ]


def _image(name: str, pattern: str, path: str, user: int) -> Image:
    return Image(name, (pattern,), entrypoint=(path,), binds=(Bind(_binary(name), path),), user=user)


def _binary(name: str) -> Path:
    # where it will be: a row is there before its program, and says then what to build
    return home(catalog.find(name)) / name
