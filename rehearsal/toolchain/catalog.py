"""The table of tool modules: what is built from which packages, with which flags, and which files are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.toolchain.differences import ARGOCD_OPERATOR, AS_THE_PRODUCT, ONCE_SERVED, UNHURRIED, Change
from rehearsal.toolchain.errors import UnknownTool

HERE = Path(__file__).resolve().parent.parent
GO_NEEDED = "1.26.3"  # the highest `go` line among the modules; a test compares
KUBERNETES = "v1.36.2"


@dataclass(frozen=True, slots=True)
class Data:
    """Files of a Go module that runs need beside the binaries: globs relative to the module, kept at their paths."""

    module: str
    includes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """One committed Go module and what comes out of it."""

    name: str
    version: str
    binaries: Mapping[str, str] = field(default_factory=dict)  # file name -> Go package
    seconds: int = 5  # typical, on two cores with cold caches
    megabytes: int = 1  # binaries and data together
    tags: tuple[str, ...] = ()
    stamps: Mapping[str, str] = field(default_factory=dict)  # Go variable -> value set by the linker
    changes: tuple[Change, ...] = ()
    data: Data | None = None
    folder: str = ""  # below rehearsal/, for a module that is not in tools/
    on_demand: bool = False  # built when somebody names it, not by every `up`

    @property
    def source(self) -> Path:
        """The folder that holds go.mod."""
        return HERE / (self.folder or f"tools/{self.name}")

    @property
    def label(self) -> str:
        """Name and version, as people read it."""
        return f"{self.name} {self.version}".strip()


def _kubernetes_stamps() -> dict[str, str]:
    # not cosmetic: a server that reports v0.0.0 makes OLM refuse every CSV that has a minKubeVersion
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    _, minor, _ = KUBERNETES.split(".")
    facts = {"gitVersion": KUBERNETES, "gitMajor": "1", "gitMinor": minor, "gitTreeState": "clean"}
    return {f"{package}.{key}": value for package in packages for key, value in facts.items()}


# MinIO's release tags are not published as modules: a commit of its last month, stamped with the commit's time
_MINIO = "github.com/minio/minio/cmd"
_OLM = "github.com/operator-framework/operator-lifecycle-manager"
_OPM = "github.com/operator-framework/operator-registry/cmd/opm"
_ARGOCD = "github.com/argoproj/argo-cd/v3"
_HELM = "helm.sh/helm/v3"

TOOLS: tuple[Tool, ...] = (
    Tool(
        "openshift-api",
        "release-4.20",
        seconds=10,
        megabytes=10,
        data=Data(
            "github.com/openshift/api", ("*/*/zz_generated.crd-manifests/*.yaml", "payload-manifests/crds/*.yaml")
        ),
    ),
    Tool("gateway-api", "v1.2.1", data=Data("sigs.k8s.io/gateway-api", ("config/crd/standard/*.yaml",))),
    Tool(
        "prometheus-operator",
        "v0.85.0",
        megabytes=4,
        data=Data("github.com/prometheus-operator/prometheus-operator", ("example/prometheus-operator-crd/*.yaml",)),
    ),
    Tool("dataplane", "", {"dataplane": "."}, seconds=15, megabytes=6, folder="dataplane"),
    Tool("etcd", "v3.6.14", {"etcd": "go.etcd.io/etcd/server/v3"}, seconds=120, megabytes=27),
    Tool(
        "kubernetes",
        KUBERNETES,
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        },
        seconds=300,
        megabytes=335,
        stamps=_kubernetes_stamps(),
    ),
    Tool(
        "minio",
        "2026-02-12",
        {"minio": "github.com/minio/minio"},
        seconds=180,
        megabytes=112,
        tags=("kqueue",),
        stamps={
            f"{_MINIO}.Version": "2026-02-12T20:18:48Z",
            f"{_MINIO}.ReleaseTag": "DEVELOPMENT.2026-02-12T20-18-48Z",
            f"{_MINIO}.CommitID": "7aac2a2c5b7c",
            f"{_MINIO}.ShortCommitID": "7aac2a2c5b7c",
            f"{_MINIO}.CopyrightYear": "2026",
        },
    ),
    Tool(
        "kserve",
        "v0.15.2",
        {"kserve-manager": "github.com/kserve/kserve/cmd/manager"},
        seconds=180,
        megabytes=80,
        data=Data("github.com/kserve/kserve", ("config/**/*",)),
    ),
    Tool(
        "kserve-localmodel",
        "v0.15.2",
        {"kserve-localmodel": "github.com/kserve/kserve/cmd/localmodel"},
        seconds=180,
        megabytes=70,
        folder="tools/kserve",
        on_demand=True,
    ),
    Tool(
        "kube-rbac-proxy",
        "v0.18.0",
        {"kube-rbac-proxy": "github.com/brancz/kube-rbac-proxy/cmd/kube-rbac-proxy"},
        seconds=90,
        megabytes=45,
        on_demand=True,
    ),
    Tool(
        "kustomize",
        "v5.8.1",
        {"kustomize": "sigs.k8s.io/kustomize/kustomize/v5"},
        seconds=40,
        megabytes=23,
        stamps={"sigs.k8s.io/kustomize/api/provenance.version": "v5.8.1"},
    ),
    Tool(
        "grpc-health-probe",
        "v0.4.42",
        {"grpc_health_probe": "github.com/grpc-ecosystem/grpc-health-probe"},
        seconds=35,
        megabytes=11,
        stamps={"main.versionTag": "v0.4.42"},
    ),
    Tool(
        "olm",
        "v0.46.0",
        {name: f"{_OLM}/cmd/{name}" for name in ("olm", "catalog", "package-server")},
        seconds=180,
        megabytes=232,
        stamps={f"{_OLM}/pkg/version.OLMVersion": "0.46.0"},
        changes=UNHURRIED,
        data=Data(_OLM, ("deploy/chart/**/*", "deploy/upstream/values.yaml")),
    ),
    Tool(
        "opm",
        "v1.73.0",
        {"opm": _OPM},
        seconds=90,
        megabytes=70,
        tags=("json1", "containers_image_openpgp", "exclude_graphdriver_btrfs"),
        stamps={f"{_OPM}/version.opmVersion": "v1.73.0"},
    ),
    Tool(
        "argocd",
        "v3.2.11",
        {"argocd": f"{_ARGOCD}/cmd"},
        seconds=250,
        megabytes=170,
        stamps={f"{_ARGOCD}/common.version": "3.2.11", f"{_ARGOCD}/common.gitTreeState": "clean"},
        data=Data(_ARGOCD, ("manifests/**/*", "hack/*-wrapper.sh", "entrypoint.sh")),
        changes=ONCE_SERVED,
    ),
    Tool(
        "argocd-operator",
        "v0.18.0",
        {"argocd-operator": f"{ARGOCD_OPERATOR}/cmd"},
        seconds=180,
        megabytes=85,
        stamps={f"{ARGOCD_OPERATOR}/version.Version": "0.18.0"},
        data=Data(ARGOCD_OPERATOR, ("build/redis/*", "bundle/**/*", "config/crd/bases/*")),
        changes=AS_THE_PRODUCT,
    ),
    Tool(
        "helm",
        "v3.21.4",
        {"helm": f"{_HELM}/cmd/helm"},
        seconds=60,
        megabytes=60,
        stamps={
            f"{_HELM}/internal/version.version": "v3.21.4",
            **{
                f"{_HELM}/{package}.k8sVersion{part}": value
                for package in ("pkg/lint/rules", "pkg/chartutil")
                for part, value in (("Major", "1"), ("Minor", KUBERNETES.split(".")[1]))
            },
        },
    ),
)


def find(name: str) -> Tool:
    """The tool module of this name, or the one that makes a binary of this name."""
    for entry in TOOLS:
        if name == entry.name or name in entry.binaries:
            return entry
    known = sorted({entry.name for entry in TOOLS} | {binary for entry in TOOLS for binary in entry.binaries})
    raise UnknownTool(f"no tool '{name}'; known are {', '.join(known)}", 2)
