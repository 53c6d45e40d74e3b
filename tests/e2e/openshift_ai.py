"""What the tests of all versions of OpenShift AI do: install, seed a model, ask for a prediction."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import yaml

from rehearsal.cluster import CLONE, Cluster
from tests.e2e.rehearsing import Kubectl, eventually, kubectl_command, rehearsal

Obj = dict[str, Any]
FIXTURES = CLONE / "tests" / "data" / "fidelity"
MODEL = CLONE / "model" / "fraud" / "1" / "model.onnx"
ROW = [57.87785658389723, 0.3111400080477545, 1.9459399775518593, 1.0, 1.0, 0.0, 0.0]
QUESTION = {"inputs": [{"name": "dense_input", "shape": [1, 7], "datatype": "FP32", "data": ROW}]}
INSTALL_SECONDS = 180  # 40 on an idle machine
SEED = """
import sys
from minio import Minio
client = Minio("store.shop.svc.cluster.local:9000", access_key="shopkeeper", secret_key=sys.argv[1], secure=False)
if not client.bucket_exists("goods"):
    client.make_bucket("goods")
for key in sys.argv[3:]:
    client.fput_object("goods", key, sys.argv[2])
"""


class Platform:
    """One version of OpenShift AI on the test's cluster."""

    def __init__(self, kubectl: Kubectl, cluster: Cluster, era: str) -> None:
        self.kubectl, self.cluster, self.era = kubectl, cluster, era

    def apply(self, name: str) -> None:
        """A fixture of this version is on the cluster; webhooks that are not up yet are waited for."""
        path = next((FIXTURES / self.era).glob(f"*-{name}.yaml"))
        wanted = sum(1 for item in yaml.safe_load_all(path.read_text()) if item)

        def applied() -> bool:
            self.kubectl("apply", "-f", str(path), check=False)
            return len(self.kubectl("get", "-f", str(path), "-o", "name", check=False).split()) == wanted

        eventually(applied, every=2)

    def get(self, *what: str) -> Obj:
        """An object as it is now, {} where it is missing."""
        return dict(json.loads(self.kubectl("get", *what, "-o", "json", check=False) or "{}"))

    def conditions(self, *what: str) -> dict[str, Obj]:
        """The conditions of an object by type."""
        listed = self.get(*what).get("status", {}).get("conditions") or []
        return {item["type"]: item for item in listed}

    def until(self, check: Callable[[], object], seconds: float = INSTALL_SECONDS) -> object:
        """The first true answer."""
        return eventually(check, seconds, 1)

    def install(self) -> None:
        """The operator's CSV succeeded and the DataScienceCluster is applied."""
        self.apply("subscription")
        self.until(self._installed)
        self.apply("datasciencecluster")

    def _installed(self) -> bool:
        listed = self.get("csv", "-n", "redhat-ods-operator").get("items", [])
        return any(
            item["metadata"]["name"].startswith(f"rhods-operator.{self.era}.")
            and (item.get("status") or {}).get("phase") == "Succeeded"
            for item in listed
        )

    def uninstall(self) -> None:
        """The operator took everything back, as its labelled ConfigMap asks for, and itself last."""
        self.kubectl("delete", "isvc", "--all", "-n", "shop")
        name, space = "delete-self-managed-odh", "redhat-ods-operator"
        self.kubectl("create", "configmap", name, "-n", space)
        self.kubectl("label", "configmap", name, "-n", space, "api.openshift.com/addon-managed-odh-delete=true")
        self.until(lambda: not self.get("dsc").get("items"))
        self.until(lambda: not self.get("namespace", "redhat-ods-applications"))
        self.until(lambda: not self.get("subscription.operators.coreos.com", "-n", space).get("items"))
        self.until(lambda: not self.get("csv", "-n", space).get("items"))
        assert not self.get("dsci").get("items")

    def seed(self, *keys: str) -> None:
        """The store holds our model under these keys, and its storage entry is there."""
        self.apply("project")
        self.until(lambda: self.get("deployment", "store", "-n", "shop").get("status", {}).get("readyReplicas"))
        self.until(lambda: self.get("secret", "storage-config", "-n", "shop"))
        self.inside("python3", "-c", SEED, "not-a-real-secret", str(MODEL), *keys)

    def inside(self, *command: str, check: bool = True) -> str:
        """A command's output from inside the rehearsal's network."""
        first = sys.executable if command[0] == "python3" else command[0]
        root = self.cluster.root.parent
        return rehearsal("shell", "--name", self.cluster.name, first, *command[1:], root=root, check=check).stdout

    def ask(self, url: str) -> Obj:
        """The answer to the question; {} while there is none."""
        text = self.inside("curl", "-sk", "--max-time", "10", url, "-d", json.dumps(QUESTION), check=False)
        try:
            return dict(json.loads(text))
        except ValueError:
            return {}

    def answers(self, url: str) -> float:
        """The probability that the model answers with, once it does."""
        found = self.until(lambda: self.ask(url).get("outputs"))
        assert isinstance(found, list)
        return float(found[0]["data"][0])

    def refused(self, manifest: Obj, verb: str = "create") -> str:
        """What the API server says to a manifest that it must not take."""
        command = kubectl_command(self.cluster, verb, "-f", "-")
        ended = subprocess.run(
            command, input=json.dumps(manifest), capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode, "it was taken"
        return ended.stderr
