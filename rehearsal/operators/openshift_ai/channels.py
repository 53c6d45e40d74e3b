"""The channels of the package `rhods-operator` in the catalog of an OpenShift version, with their edges."""

from __future__ import annotations

from dataclasses import dataclass

PACKAGE = "rhods-operator"
OLD = ("4.17", "4.18")


@dataclass(frozen=True, slots=True)
class Edge:
    """One entry of a channel."""

    name: str
    replaces: str = ""
    skip_range: str = ""


@dataclass(frozen=True, slots=True)
class Channels:
    """A package as one catalog has it."""

    default: str
    channels: dict[str, tuple[Edge, ...]]

    @property
    def bundles(self) -> list[str]:
        """Every CSV that some channel has."""
        return sorted({edge.name for edges in self.channels.values() for edge in edges})


def _csv(number: str) -> str:
    return f"{PACKAGE}.{number}"


HEADS = {
    "2.8.3": Edge(_csv("2.8.3"), skip_range=">=2.7.0 <2.8.3"),
    "2.8.4": Edge(_csv("2.8.4"), _csv("2.8.3"), ">=2.7.0 <2.8.4"),
    "2.8.5": Edge(_csv("2.8.5"), _csv("2.8.4"), ">=2.7.0 <2.8.5"),
    "2.25.10": Edge(_csv("2.25.10"), _csv("2.25.9"), ">=2.24.0 <2.25.10"),
    "3.4.3": Edge(_csv("3.4.3"), _csv("3.4.2"), ">=3.3.0 <3.4.3"),
}


def channels(openshift: str) -> Channels:
    """What the catalog for an OpenShift version ("4.17.45", "4.20") offers; versions the rehearsal lacks are left out.

    >>> channels("4.17.45").default, channels("4.20.8").default
    ('stable', 'stable-3.x')
    """
    minor = ".".join(openshift.split(".")[:2])
    latest = (HEADS["2.25.10"],)
    eight = (HEADS["2.8.3"], HEADS["2.8.4"])
    # the long graph of `stable` is shortened to what startingCSV may name here; 2.25 skips over all of it
    stable = (HEADS["2.8.3"], Edge(_csv("2.25.10"), _csv("2.8.3"), ">=2.24.0 <2.25.10"))
    found: dict[str, tuple[Edge, ...]] = {
        "stable": stable,
        "fast": latest,
        "stable-2.25": latest,
        "eus-2.25": latest,
        "stable-2.8": eight,
        "eus-2.8": (*eight, HEADS["2.8.5"]),
    }
    if minor in OLD:
        return Channels("stable", found)
    three = (HEADS["3.4.3"],)
    return Channels("stable-3.x", {**found, "stable-3.x": three, "stable-3.4": three})
