"""The file that a shell sources to work with a rehearsal: `. .rehearsal/<name>/env`."""

from __future__ import annotations

import contextlib
import os
import shlex

from rehearsal import toolchain
from rehearsal.cluster import Cluster, RehearsalError
from rehearsal.operators.openshift_ai.channels import channels
from rehearsal.toolchain.environments import supported
from rehearsal.toolchain.proxies import BEFORE, NAMES

LINKED = ("kubectl", "kustomize")


def write(cluster: Cluster, revision: str) -> None:
    """The env file names this cluster's kubeconfig, proxy, CA and Git snapshot, and puts kubectl on PATH."""
    link_programs(cluster)
    # kept once, however often the file is sourced: builds of tools go to the world, not to the cluster
    lines = [f'export {BEFORE}{name}="${{{BEFORE}{name}-${{{name}-}}}}"' for name in NAMES]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables(cluster, revision).items()]
    lines.append(f'export PATH={shlex.quote(str(cluster.root / "bin"))}:"$PATH"')
    draft = cluster.env_file.with_name(f".{cluster.env_file.name}.{os.getpid()}")
    draft.write_text("\n".join(lines) + "\n")
    draft.replace(cluster.env_file)  # a shell that reads it in this moment has the one or the other


def variables(cluster: Cluster, revision: str) -> dict[str, str]:
    """What a client outside needs, as behind a company's proxy."""
    loopback = "127.0.0.1,localhost"
    return {
        "REHEARSAL": cluster.name,
        "KUBECONFIG": str(cluster.kubeconfig),
        "HTTPS_PROXY": cluster.proxy_url,
        "HTTP_PROXY": cluster.proxy_url,
        "https_proxy": cluster.proxy_url,
        "http_proxy": cluster.proxy_url,
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        "CA_FILE": str(cluster.ca_bundle),
        "REPO_URL": cluster.git_url,
        "REVISION": revision,
        **channel(cluster),
        **delivery(),
    }


def channel(cluster: Cluster) -> dict[str, str]:
    """The channel of the release that is rehearsed, where the catalog of this OpenShift prefers another one."""
    offered = channels(cluster.openshift)
    release = f"rhods-operator.{cluster.rhods}."
    if offered.channels[offered.default][-1].name.startswith(release):
        return {}
    return {"RHODS_CHANNEL": f"stable-{cluster.rhods}"}


def delivery() -> dict[str, str]:
    """Without Argo CD where this machine cannot have its Redis; the default would never come to its end."""
    return {} if supported("redis") else {"DELIVERY": "direct"}


def link_programs(cluster: Cluster) -> None:
    """bin/ in the state folder has the clients that belong to this cluster's versions."""
    folder = cluster.root / "bin"
    folder.mkdir(exist_ok=True)
    for name in LINKED:
        with contextlib.suppress(RehearsalError, OSError):
            target = toolchain.tool(name)
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(target)
