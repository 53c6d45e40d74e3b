"""Images of OpenShift AI: its operator and controllers are stand-ins of ours, the KServe manager is the real one."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.images import program
from rehearsal.images.table import Bind, Image
from rehearsal.toolchain import data, tool

REGISTRY = "registry.redhat.io/rhoai"
OPERATORS = "rehearsal.operators"
# nothing runs in these but the program that answers probes
IDLE = (
    "automl",
    "data-science",
    "etcd",
    "feast",
    "kube-auth-proxy",
    "kuberay",
    "kubeflow",
    "kueue",
    "llama-stack",
    "llmisvc",
    "mlflow",
    "mod-arch",
    "model-registry",
    "model-serving-api",
    "notebook",
    "odh-notebook",
    "codeflare",
    "spark",
    "trustyai",
)


def rows() -> list[Image]:
    """Everything that an OpenShift AI installation starts."""
    return [
        _operator(),
        _kserve(),
        _stand_in("odh-model-controller", "model_controller", "/manager"),
        _stand_in("odh-dashboard", "dashboard"),
        _stand_in("odh-dashboard-redirect", "dashboard.redirect"),
        _stand_in("odh-gateway-stand-in", "tls_front"),
        _stand_in("odh-kube-rbac-proxy", "tls_front"),
        _stand_in("odh-oauth-proxy", "tls_front"),
        _stand_in("odh-modelmesh-serving-controller", "modelmesh", "/manager"),
        _stand_in("odh-modelmesh-runtime-adapter", "modelmesh.puller"),
        program.image("rhoai-idle", tuple(f"{REGISTRY}/odh-{name}*" for name in IDLE), f"{OPERATORS}.idle"),
    ]


def _stand_in(name: str, module: str, command: str = "") -> Image:
    # a version's images end in the base they are built on: -rhel8 or -rhel9
    return program.image(name, (f"{REGISTRY}/{name}-rhel?",), f"{OPERATORS}.{module}", command)


def _operator() -> Image:
    found = _stand_in("odh-operator", "openshift_ai", "/manager")
    manifests = Bind(data("kserve") / "config", "/opt/manifests/kserve")
    return replace(found, binds=(*found.binds, manifests))


def _kserve() -> Image:
    binary = Bind(tool("kserve-manager"), "/manager")
    return Image(
        "kserve-controller",
        (f"{REGISTRY}/odh-kserve-controller-rhel?", "kserve/kserve-controller"),
        entrypoint=("/manager",),
        binds=(binary,),
        user=1000,
    )
