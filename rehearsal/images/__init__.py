"""The image table: which program of this machine stands for which image reference."""

from __future__ import annotations

import importlib
import threading

from rehearsal.cluster import RehearsalError
from rehearsal.images.table import Image, repository
from rehearsal.toolchain import catalog

# the first row that answers wins: special images come before the general ones
MODULES = (
    "kserve_storage",
    "tritonserver",
    "minio",
    "openshift_ai",
    "kserve_upstream",
    "cert_manager",
    "gitops",
    "olm",
    "general",
)


class CannotPull(RehearsalError):
    """No row answers to a reference, or its program is not there; the text is the pull error."""


class Table:
    """All rows, made when first asked for, and again when a reference is not found."""

    def __init__(self, modules: tuple[str, ...] = MODULES) -> None:
        self._modules = modules
        self._lock = threading.Lock()
        self.rows: list[Image] = []
        self.left_out: dict[str, str] = {}  # module to the reason

    def load(self) -> None:
        """Rows of every module; one whose tools are not built is left out with its reason."""
        self.rows, self.left_out = [], {}
        for name in self._modules:
            try:
                self.rows += importlib.import_module(f"rehearsal.images.{name}").rows()
            except Exception as error:  # one broken module must not take the others' images away
                self.left_out[name] = str(error) or type(error).__name__

    def find(self, reference: str) -> Image:
        """The row for a reference; CannotPull says what is missing."""
        with self._lock:
            image = self._find(reference)
            if image is None:
                self.load()  # a tool may have been built meanwhile
                image = self._find(reference)
        if image is None:
            left_out = self.left_out.items()
            reasons = "".join(f"; rows of rehearsal/images/{name}.py are left out: {why}" for name, why in left_out)
            raise CannotPull(
                f"no row of the rehearsal's image table answers to {repository(reference)}; "
                f"add one in rehearsal/images/{reasons}"
            )
        for bind in image.binds:
            if not bind.source.exists():
                raise CannotPull(
                    f"image row {image.name}: {bind.source.name} is not built; run {how(bind.source.name)}"
                )
        return image

    def _find(self, reference: str) -> Image | None:
        return next((row for row in self.rows if row.answers(reference)), None)


def how(name: str) -> str:
    """The command that makes a missing program."""
    demanded = any(entry.on_demand and name in entry.binaries for entry in catalog.TOOLS)
    return f"`.venv/bin/python -m rehearsal.toolchain {name}`" if demanded else "`make rehearsal-tools`"


TABLE = Table()


def table() -> list[Image]:
    """Every row that this machine can run."""
    TABLE.load()
    return TABLE.rows


def find(reference: str) -> Image:
    """The row for a reference; CannotPull where there is none."""
    return TABLE.find(reference)
