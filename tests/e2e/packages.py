"""Packages as tests install them: by hand-written objects, each in a namespace of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.e2e.rehearsing import Kubectl

Obj = dict[str, Any]
HELLO = "hello-operator"
OPERATORS = "operators.coreos.com"
GREETING = {
    "apiVersion": "rehearsal.serving-demo.io/v1",
    "kind": "Greeting",
    "metadata": {"name": "ann"},
    "spec": {"name": "Ann"},
}


@dataclass(frozen=True, slots=True)
class Installation:
    """A package of a catalog in one namespace."""

    kubectl: Kubectl
    namespace: str
    package: str = HELLO
    channel: str = "stable"
    source: str = "community-operators"

    def get(self, *what: str) -> Obj:
        """An object or a list of the namespace, {} where it is missing."""
        return dict(json.loads(self.kubectl("get", *what, "-n", self.namespace, "-o", "json", check=False) or "{}"))

    def apply_group(self, name: str) -> None:
        """An OperatorGroup for all namespaces is there."""
        meta = {"name": name, "namespace": self.namespace}
        self._apply({"apiVersion": f"{OPERATORS}/v1", "kind": "OperatorGroup", "metadata": meta, "spec": {}})

    def subscribe(self) -> None:
        """The namespace, its OperatorGroup and the Subscription are there."""
        self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.apply_group("the-only")
        where = {"source": self.source, "sourceNamespace": "openshift-marketplace"}
        self._apply(
            {
                "apiVersion": f"{OPERATORS}/v1alpha1",
                "kind": "Subscription",
                "metadata": {"name": self.package, "namespace": self.namespace},
                "spec": {"name": self.package, "channel": self.channel, **where},
            }
        )

    def subscription(self) -> Obj:
        return self.get(f"subscriptions.{OPERATORS}", self.package)

    def csv(self) -> Obj:
        """The ClusterServiceVersion, {} before OLM made it."""
        current = self.subscription().get("status", {}).get("currentCSV")
        return self.get("csv", current) if current else {}

    def plan(self) -> Obj:
        """The InstallPlan, {} before OLM made it."""
        return next(iter(self.get("installplans").get("items", [])), {})

    def succeeded(self) -> bool:
        return bool(self.csv().get("status", {}).get("phase") == "Succeeded")

    def remove(self) -> None:
        """Nothing of the package is left but its kinds."""
        for kind in (f"subscriptions.{OPERATORS}", "csv"):
            self.kubectl("delete", kind, "--all", "-n", self.namespace)
        self.kubectl("delete", "namespace", self.namespace, "--ignore-not-found")

    def _apply(self, obj: Obj) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps(obj))
