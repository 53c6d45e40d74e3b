"""Images of OLM: its operators, its package server, and the catalogs that `opm` serves."""

from __future__ import annotations

from rehearsal.images.table import Bind, Image
from rehearsal.payload.catalogs import CATALOGS, SERVED
from rehearsal.toolchain import tool

PROBE = "grpc_health_probe"
# an empty cache folder fails the integrity check, so it is not asked for
SERVE = ("/bin/opm", "serve", "/configs", "--cache-dir=/tmp/cache", "--cache-enforce-integrity=false")


def rows() -> list[Image]:
    """One row for OLM itself and one per catalog."""
    return [_olm(), *(_catalog(name, source.image) for name, source in CATALOGS.items())]


def _olm() -> Image:
    binds = tuple(Bind(tool(name), f"/bin/{name}") for name in ("olm", "catalog", "package-server"))
    return Image("olm", ("quay.io/operator-framework/olm",), binds=binds, user=1001)


def _catalog(name: str, reference: str) -> Image:
    binds = (
        Bind(tool("opm"), "/bin/opm"),
        Bind(tool(PROBE), f"/bin/{PROBE}"),
        Bind(SERVED / name, "/configs"),
    )
    return Image(name, (reference,), entrypoint=SERVE[:1], command=SERVE[1:], binds=binds, user=1001)
