"""`rhods-operator` as the catalog of an OpenShift version offers it; its operators are stand-ins of ours."""

from __future__ import annotations

from rehearsal.catalog.fbc import Entry, Package
from rehearsal.operators.openshift_ai import bundle
from rehearsal.operators.openshift_ai.channels import channels


def package(openshift: str) -> Package:
    """The package with every channel's head for this OpenShift version."""
    offered = channels(openshift)
    entries = {
        name: tuple(Entry(edge.name, edge.replaces, edge.skip_range) for edge in edges)
        for name, edges in offered.channels.items()
    }
    bundles = {name: bundle.objects(name) for name in offered.bundles}
    return Package("rhods-operator", "Red Hat OpenShift AI (rehearsal stand-in)", offered.default, entries, bundles)
