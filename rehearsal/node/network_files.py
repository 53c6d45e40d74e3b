"""The files in /etc that name a container's user, its host and its DNS. Pure."""

from __future__ import annotations

from typing import Any

from rehearsal.cluster import CLUSTER_DOMAIN, DNS_IP

Obj = dict[str, Any]

NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"
OS_RELEASE = 'NAME="Rehearsal"\nID=rehearsal\nPRETTY_NAME="Rehearsal container"\n'


def etc(pod: Obj, address: str, uid: int, gid: int) -> dict[str, str]:
    """Path to content, for one container."""
    return {
        "/etc/passwd": passwd(uid, gid),
        "/etc/group": "root:x:0:\n" + (f"group{gid}:x:{gid}:\n" if gid else ""),
        "/etc/nsswitch.conf": NSSWITCH,
        "/etc/hostname": hostname(pod) + "\n",
        "/etc/hosts": hosts(pod, address),
        "/etc/resolv.conf": resolv_conf(pod),
        "/etc/os-release": OS_RELEASE,
    }


def hostname(pod: Obj) -> str:
    """The pod's name unless its spec has another."""
    return str(pod["spec"].get("hostname") or pod["metadata"]["name"])[:63].rstrip("-.")


def passwd(uid: int, gid: int) -> str:
    """Root, and the arbitrary user that a restricted namespace gives."""
    lines = ["root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65534:nobody:/:/sbin/nologin"]
    if uid and uid != 65534:
        lines.append(f"{uid}:x:{uid}:{gid}:{uid} user:/:/sbin/nologin")
    return "\n".join(lines) + "\n"


def hosts(pod: Obj, address: str) -> str:
    """As a kubelet writes it."""
    name, spec = hostname(pod), pod["spec"]
    lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    if address:
        subdomain, namespace = spec.get("subdomain"), pod["metadata"]["namespace"]
        full = f"{name}.{subdomain}.{namespace}.svc.{CLUSTER_DOMAIN}\t" if subdomain else ""
        lines.append(f"{address}\t{full}{name}")
    aliases = spec.get("hostAliases") or ()
    lines += [f"{alias['ip']}\t{' '.join(alias.get('hostnames') or ())}" for alias in aliases]
    return "\n".join(lines) + "\n"


def resolv_conf(pod: Obj) -> str:
    """The cluster's DNS first, with what dnsPolicy and dnsConfig change."""
    spec = pod["spec"]
    policy, config = spec.get("dnsPolicy", "ClusterFirst"), spec.get("dnsConfig") or {}
    servers, searches, options = [DNS_IP], [f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN], {"ndots": "5"}
    if policy == "None":
        servers, searches, options = [], [], {}
    elif policy != "Default":
        searches.insert(0, f"{pod['metadata']['namespace']}.svc.{CLUSTER_DOMAIN}")
    servers += [item for item in config.get("nameservers") or () if item not in servers]
    searches += [item for item in config.get("searches") or () if item not in searches]
    options |= {item["name"]: item.get("value", "") for item in config.get("options") or ()}
    lines = [f"nameserver {server}" for server in servers[:3]]
    if searches:
        lines.append(f"search {' '.join(searches)}")
    if options:
        lines.append("options " + " ".join(f"{name}:{value}" if value else name for name, value in options.items()))
    return "\n".join(lines) + "\n"
