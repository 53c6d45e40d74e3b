"""Images of OpenShift GitOps: the real engine, Argo CD and redis; idle stand-ins for Dex and the console's parts."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.images import environments, program
from rehearsal.images.table import Bind, Image
from rehearsal.toolchain import data, tool

BIN = "/usr/local/bin"
REGISTRY = "registry.redhat.io/openshift-gitops-1"
# Argo CD is one binary that acts by the name it is called
ROLES = (
    "argocd-application-controller",
    "argocd-applicationset-controller",
    "argocd-cmp-server",
    "argocd-commit-server",
    "argocd-dex",
    "argocd-notifications",
    "argocd-repo-server",
    "argocd-server",
)
# the original entry point only adds the arbitrary uid to /etc/passwd, which the node agent does itself
ENTRY = '#!/bin/sh\nexec "$@"\n'
IDLE = "rehearsal.operators.idle"


def rows() -> list[Image]:
    """Everything that an OpenShift GitOps installation starts."""
    return [
        argocd("argocd", (f"{REGISTRY}/argocd-rhel9",)),
        argocd("argocd-upstream", ("quay.io/argoproj/argocd",)),
        _engine(),
        _redis(),
        # Dex has no identity to broker here; the program that Argo CD starts in its image answers the probe and waits
        replace(
            program.image("dex", (f"{REGISTRY}/dex-rhel9", "ghcr.io/dexidp/dex"), IDLE),
            files={f"{BIN}/dex": program.script(f"{IDLE} 5556 5557 5558")},
        ),
        program.image("gitops-backend", (f"{REGISTRY}/gitops-rhel9",), IDLE),
        program.image("gitops-plugin", (f"{REGISTRY}/console-plugin-rhel9",), IDLE),
        program.image("hello-operator", ("quay.io/serving-demo/hello-operator",), "rehearsal.operators.hello"),
    ]


def argocd(name: str, patterns: tuple[str, ...]) -> Image:
    """Argo CD with the tools that its repo server calls."""
    wrappers = ("gpg-wrapper.sh", "git-verify-wrapper.sh")
    binds = [Bind(tool("argocd"), f"{BIN}/argocd")]
    binds += [Bind(tool(name), f"{BIN}/{name}") for name in ("helm", "kustomize")]
    binds += [Bind(data("argocd") / "hack" / name, f"{BIN}/{name}") for name in wrappers]
    links = {f"{BIN}/{role}": f"{BIN}/argocd" for role in ROLES}
    entry = f"{BIN}/uid_entrypoint.sh"
    files = {entry: ENTRY, f"{BIN}/entrypoint.sh": ENTRY}
    return Image(
        name,
        patterns,
        entrypoint=(entry,),
        binds=tuple(binds),
        links=links,
        files=files,
        # the first sync lists every kind there is, which the default of 50 a second stretches
        env={"ARGOCD_K8S_CLIENT_QPS": "300", "ARGOCD_K8S_CLIENT_BURST": "600"},
        user=999,
        workdir="/tmp",  # noqa: S108 - the container's own
    )


def _engine() -> Image:
    stand_in = program.image(
        "gitops-operator", (f"{REGISTRY}/gitops-rhel9-operator",), "rehearsal.operators.gitops", f"{BIN}/manager"
    )
    engine = Bind(tool("argocd-operator"), f"{BIN}/argocd-operator")
    redis = Bind(data("argocd-operator") / "build" / "redis", "/var/lib/redis")
    return replace(stand_in, binds=(*stand_in.binds, engine, redis), env={"REDIS_CONFIG_PATH": "/var/lib/redis"})


def _redis() -> Image:
    """redis-server; its entry point puts the program before arguments that begin with a dash, as the original does."""
    folder = environments.ready("redis")
    server = folder / "bin/redis-server"
    entry = f"{BIN}/docker-entrypoint.sh"
    content = '#!/bin/sh\ncase "$1" in -*) set -- redis-server "$@" ;; esac\nexec "$@"\n'
    return Image(
        "redis",
        ("registry.redhat.io/rhel9/redis-7", "*/redis", "redis"),
        entrypoint=(entry,),
        command=("redis-server",),
        binds=(Bind(server, f"{BIN}/redis-server"), Bind(folder, str(folder))),
        files={entry: content},
        user=999,
    )
