"""`hello-operator`: the first package, to prove the path from a Subscription to a running operator."""

from __future__ import annotations

from rehearsal.catalog.csv import Obj, csv, deployment
from rehearsal.catalog.fbc import Entry, Package

IMAGE = "quay.io/serving-demo/hello-operator:1.0.0"
NAME = "hello-operator.v1.0.0"
CRD: Obj = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "greetings.rehearsal.serving-demo.io"},
    "spec": {
        "group": "rehearsal.serving-demo.io",
        "names": {"kind": "Greeting", "listKind": "GreetingList", "plural": "greetings", "singular": "greeting"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"name": {"type": "string"}}},
                            "status": {"type": "object", "properties": {"said": {"type": "boolean"}}},
                        },
                    }
                },
            }
        ],
    },
}


def package() -> Package:
    """The package with its one version."""
    pod = {
        "serviceAccountName": "hello-operator",
        "terminationGracePeriodSeconds": 1,
        "containers": [
            {
                "name": "operator",
                "image": IMAGE,
                "readinessProbe": {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 2},  # noqa: S108
            }
        ],
    }
    rules = [
        {"apiGroups": ["rehearsal.serving-demo.io"], "resources": ["greetings", "greetings/status"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"]},
    ]
    owned = [{"name": CRD["metadata"]["name"], "version": "v1", "kind": "Greeting", "displayName": "Greeting"}]
    version = csv(
        NAME,
        "1.0.0",
        "Hello",
        "serving-demo",
        [deployment("hello-operator", {"name": "hello-operator"}, pod)],
        service_account="hello-operator",
        cluster_rules=rules,
        owned=owned,
        annotations={"operatorframework.io/suggested-namespace": "hello-operator"},
        minKubeVersion="1.25.0",
    )
    return Package("hello-operator", "Says hello", "stable", {"stable": (Entry(NAME),)}, {NAME: [version, CRD]})
