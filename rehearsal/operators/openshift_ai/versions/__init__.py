"""The versions of OpenShift AI that the rehearsal has, and what differs between them, as data."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.operators.openshift_ai.versions import v2_8, v2_25, v3_4
from rehearsal.operators.openshift_ai.versions.version import Component, Version

VERSIONS = {version.number: version for version in (v2_8.VERSION, v2_25.VERSION, v3_4.VERSION)}

__all__ = ["VERSIONS", "Component", "Version", "version_of"]


def version_of(name: str) -> Version:
    """The version that a number, an era or a CSV's name means.

    >>> version_of("rhods-operator.2.25.10").era
    '2.25'
    >>> version_of("3.4").number, version_of("2.8.4").csv
    ('3.4.3', 'rhods-operator.2.8.4')
    """
    wanted = name.removeprefix("rhods-operator.").removeprefix("v")
    for version in VERSIONS.values():
        if wanted == version.era:
            return version
        if wanted.startswith(f"{version.era}."):
            return replace(version, number=wanted)  # another z-stream of the same behaviour
    raise ValueError(f"OpenShift AI '{name}' is not a version of the rehearsal; it has {', '.join(VERSIONS)}")
