"""What ModelMesh makes in a namespace that is labelled for it."""

from __future__ import annotations

import base64
import json
from typing import Any

from rehearsal.operators.openshift_ai import manifests as m
from rehearsal.operators.openshift_ai.versions.version import APPLICATIONS
from rehearsal.operators.world import digest_of, owner_reference

Obj = dict[str, Any]
SERVICE = "modelmesh-serving"
LABEL = "modelmesh-enabled"
PODS_PER_RUNTIME = 2
SERVING = "serving.kserve.io"
CONTROL_PORT = 8085


def deployment_name(runtime: str) -> str:
    """The Deployment of a runtime."""
    return f"{SERVICE}-{runtime}"


def service(namespace: Obj) -> Obj:
    """The one Service in front of all models of a namespace; it belongs to the namespace."""
    numbers = {"grpc": 8033, "http": 8008, "https": 8443, "prometheus": 2112}
    ports = [m.port(number, name=name) for name, number in numbers.items()]
    found = m.service(
        SERVICE, ports, {"modelmesh-service": SERVICE}, namespace["metadata"]["name"], "model-serving-proxy-tls"
    )
    found["spec"]["clusterIP"] = "None"
    found["metadata"]["labels"] = {"modelmesh-service": SERVICE}
    found["metadata"]["ownerReferences"] = [owner_reference({"apiVersion": "v1", "kind": "Namespace", **namespace})]
    return found


def etcd_secret(source: Obj, namespace: str) -> Obj:
    """The namespace's copy of the connection to etcd."""
    connection = json.loads(base64.b64decode(source["data"]["etcd_connection"]))
    connection["endpoints"] = f"http://etcd.{APPLICATIONS}:2379"
    connection["root_prefix"] = f"{connection['root_prefix'].partition('/')[0]}/mm_ns/{namespace}"
    return m.obj(
        "v1", "Secret", "model-serving-etcd", namespace, stringData={"etcd_connection": json.dumps(connection)}
    )


def deployment(runtime: Obj, replicas: int, puller_image: str) -> Obj:
    """The runtime's pods: its own container, and our sidecar in the places of adapter, mesh and REST proxy."""
    meta, spec = runtime["metadata"], runtime["spec"]
    name = deployment_name(meta["name"])
    models = {"name": "models-dir", "mountPath": "/models"}
    own = [
        {**item, "volumeMounts": [*(item.get("volumeMounts") or []), models]} for item in spec.get("containers") or []
    ]
    sidecar = m.container(
        "mm",
        puller_image,
        ports=[{"containerPort": number} for number in (8008, 8033, CONTROL_PORT)],
        readinessProbe=m.http_probe(CONTROL_PORT, "/ready"),
        resources=m.requests("300m", "448Mi"),
        volumeMounts=[models, {"name": "storage-config", "mountPath": "/storage-config", "readOnly": True}],
    )
    pod = {
        "serviceAccountName": "modelmesh-serving-sa",
        "containers": [*own, sidecar],
        "volumes": [
            *(spec.get("volumes") or []),
            {"name": "models-dir", "emptyDir": {}},
            {"name": "storage-config", "secret": {"secretName": "storage-config", "optional": True}},
        ],
    }
    labels = {"name": name, "modelmesh-service": SERVICE}
    found = m.deployment(name, pod, labels=labels, replicas=replicas, where=meta["namespace"])
    found["metadata"]["ownerReferences"] = [
        owner_reference({"apiVersion": f"{SERVING}/v1alpha1", "kind": "ServingRuntime", **runtime})
    ]
    return found


def is_mesh(runtime: Obj) -> bool:
    """Whether a ServingRuntime is ModelMesh's."""
    spec = runtime.get("spec") or {}
    return bool(spec.get("multiModel")) and not spec.get("disabled") and "deletionTimestamp" not in runtime["metadata"]


def supports(runtime: Obj, model: Obj) -> bool:
    """Whether the runtime takes the model's format by itself."""
    wanted = model.get("modelFormat") or {}
    return any(
        item["name"] == wanted.get("name")
        and item.get("autoSelect")
        and (not wanted.get("version") or item.get("version") in (None, wanted["version"]))
        for item in runtime["spec"].get("supportedModelFormats") or []
    )


def model_id(isvc: Obj) -> str:
    """The id under which a model of this content is loaded."""
    predictor = (isvc.get("spec") or {}).get("predictor") or {}
    return f"{isvc['metadata']['name']}__isvc-{digest_of(predictor)[:10]}"
