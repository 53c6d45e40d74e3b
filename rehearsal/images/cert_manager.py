"""The image of cert-manager's operator: a stand-in of ours that does the work of cert-manager too."""

from __future__ import annotations

from rehearsal.images import program
from rehearsal.images.table import Image

PATTERNS = ("registry.redhat.io/cert-manager/cert-manager-operator-rhel9",)


def rows() -> list[Image]:
    """One row."""
    return [program.image("cert-manager-operator", PATTERNS, "rehearsal.operators.cert_manager")]
