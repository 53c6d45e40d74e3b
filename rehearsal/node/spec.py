"""From a pod's container to a process: command line, environment, user, working directory. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any

from rehearsal.cluster import NODE_IP, NODE_NAME
from rehearsal.images.table import Image
from rehearsal.node.network_files import hostname

Obj = dict[str, Any]
Find = Callable[[str, str], Obj | None]  # (kind, name) in the pod's namespace

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
UID_RANGE = "openshift.io/sa.scc.uid-range"
ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
REFERENCE = re.compile(r"\$(\$|\(([^()]*)\))")
SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
UNITS = {"": Decimal(1), "m": Decimal("0.001"), "n": Decimal("1e-9"), "u": Decimal("1e-6")}
UNITS |= {unit: Decimal(1000**power) for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)}
UNITS |= {unit: Decimal(1024**power) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}


class ConfigError(Exception):
    """The container cannot be configured as its spec asks: CreateContainerConfigError, tried again later."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What only the running node knows about a pod."""

    pod_ip: str = ""
    host_ip: str = NODE_IP
    allocatable: Mapping[str, str] = field(default_factory=lambda: {"cpu": "16", "memory": "64Gi"})


@dataclass(frozen=True, slots=True)
class Process:
    """What is executed, and as whom."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    workdir: str
    uid: int
    gid: int


def process(pod: Obj, container: Obj, image: Image, env: Mapping[str, str], namespace: Obj | None) -> Process:
    """The process of a container whose environment is known."""
    uid, gid = user(pod, container, image, namespace)
    home = {"HOME": "/root" if uid == 0 else "/"}
    complete = {"PATH": PATH, "HOSTNAME": hostname(pod), **home, **image.env, **env}
    argv = arguments(container, image, env)
    if not argv:
        raise ConfigError(f"no command specified: neither the container nor image row '{image.name}' has one")
    workdir = container.get("workingDir") or image.workdir or "/"
    return Process(argv, complete, workdir, uid, gid)


def arguments(container: Obj, image: Image, env: Mapping[str, str]) -> tuple[str, ...]:
    """The command line: `command` replaces entry point and default arguments, `args` only the latter."""
    command, args = container.get("command"), container.get("args")
    words = [*command, *(args or ())] if command else [*image.entrypoint, *(args or image.command)]
    own = set(image.entrypoint) | set(image.command)
    return tuple(word if word in own else expand(word, env) for word in words)


def expand(text: str, env: Mapping[str, str]) -> str:
    """$(NAME) is replaced where NAME is known; $$ is a plain $.

    >>> expand("$(A) $(B) $$(A)", {"A": "1"})
    '1 $(B) $(A)'
    """

    def value(found: re.Match[str]) -> str:
        if found.group(1) == "$":
            return "$"
        return env.get(found.group(2), found.group(0))

    return REFERENCE.sub(value, text)


def user(pod: Obj, container: Obj, image: Image, namespace: Obj | None) -> tuple[int, int]:
    """Uid and gid that the process sees: container, pod, image, then the namespace's range, as restricted-v2 would."""
    security = {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}
    gid = int(security.get("runAsGroup") or 0)
    if security.get("runAsUser") is not None:
        return int(security["runAsUser"]), gid
    if image.user is not None:
        return image.user, gid
    annotations = ((namespace or {}).get("metadata") or {}).get("annotations") or {}
    first = annotations.get(UID_RANGE, "").replace("-", "/").partition("/")[0]
    return (int(first) if first.isdigit() else 0), gid


def environment(pod: Obj, container: Obj, facts: Facts, find: Find, services: Iterable[Obj]) -> dict[str, str]:
    """All variables of a container, in the order in which later ones win and may use earlier ones."""
    env = service_links(pod, services)
    for source in container.get("envFrom") or ():
        env.update(_env_from(source, find))
    for item in container.get("env") or ():
        if "valueFrom" in item:
            found = _value_from(pod, container, item["valueFrom"], facts, find)
            if found is not None:
                env[item["name"]] = found
        else:
            env[item["name"]] = expand(item.get("value") or "", env)
    return env


def _env_from(source: Obj, find: Find) -> dict[str, str]:
    kind = "ConfigMap" if "configMapRef" in source else "Secret"
    reference = source["configMapRef" if kind == "ConfigMap" else "secretRef"]
    obj = find(kind, reference["name"])
    if obj is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    prefix = source.get("prefix") or ""
    named = ((prefix + key, value) for key, value in texts(obj).items())
    return {key: value for key, value in named if ENV_NAME.fullmatch(key)}


def _value_from(pod: Obj, container: Obj, source: Obj, facts: Facts, find: Find) -> str | None:
    if "fieldRef" in source:
        return pod_field(pod, source["fieldRef"]["fieldPath"], facts)
    if "resourceFieldRef" in source:
        return resource_field(pod, container, source["resourceFieldRef"], facts)
    kind = "ConfigMap" if "configMapKeyRef" in source else "Secret"
    reference = source["configMapKeyRef" if kind == "ConfigMap" else "secretKeyRef"]
    obj = find(kind, reference["name"])
    values = texts(obj) if obj else {}
    if reference["key"] in values:
        return values[reference["key"]]
    if reference.get("optional"):
        return None
    if obj is None:
        raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    where = f"{pod['metadata']['namespace']}/{reference['name']}"
    raise ConfigError(f"couldn't find key {reference['key']} in {kind} {where}")


def texts(obj: Obj) -> dict[str, str]:
    """The values of a ConfigMap or Secret as environment variables show them."""
    return {key: value.decode(errors="replace") for key, value in contents(obj).items()}


def contents(obj: Obj) -> dict[str, bytes]:
    """The values of a ConfigMap or Secret as files show them."""
    found: dict[str, bytes] = {}
    if obj.get("kind") == "Secret":
        return {key: base64.b64decode(value or "") for key, value in (obj.get("data") or {}).items()}
    for key, value in (obj.get("binaryData") or {}).items():
        found[key] = base64.b64decode(value or "")
    for key, value in (obj.get("data") or {}).items():
        found[key] = (value or "").encode()
    return found


def pod_field(pod: Obj, path: str, facts: Facts) -> str:
    """The value of a fieldRef."""
    metadata, spec = pod["metadata"], pod["spec"]
    if found := SUBSCRIPT.fullmatch(path):
        return str((metadata.get(found.group(1)) or {}).get(found.group(2), ""))
    known = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata.get("uid", ""),
        "metadata.labels": _pairs(metadata.get("labels")),
        "metadata.annotations": _pairs(metadata.get("annotations")),
        "spec.nodeName": spec.get("nodeName", NODE_NAME),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.hostIP": facts.host_ip,
        "status.hostIPs": facts.host_ip,
        "status.podIP": facts.pod_ip,
        "status.podIPs": facts.pod_ip,
    }
    if path not in known:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return str(known[path])


def _pairs(values: Mapping[str, str] | None) -> str:
    return "\n".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in sorted((values or {}).items()))


def resource_field(pod: Obj, container: Obj, reference: Obj, facts: Facts) -> str:
    """The value of a resourceFieldRef, rounded up to its divisor; without a limit the node's allocatable."""
    wanted = reference.get("containerName")
    if wanted:
        every = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]
        container = next((item for item in every if item["name"] == wanted), container)
    kind, _, name = reference["resource"].partition(".")
    resources = container.get("resources") or {}
    value = (resources.get(kind) or {}).get(name)
    if value is None:
        value = (resources.get("limits") or {}).get(name) if kind == "requests" else facts.allocatable.get(name)
    divisor = quantity(str(reference.get("divisor") or "1")) or Decimal(1)
    return str(int((quantity(str(value or "0")) / divisor).to_integral_value(ROUND_CEILING)))


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity as a number.

    >>> quantity("1500m"), quantity("2Ki")
    (Decimal('1.500'), Decimal('2048'))
    """
    found = re.fullmatch(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)", text)
    if found is None or found.group(2) not in UNITS:
        raise ConfigError(f"'{text}' is not a quantity")
    return Decimal(found.group(1)) * UNITS[found.group(2)]


def service_links(pod: Obj, services: Iterable[Obj]) -> dict[str, str]:
    """Variables for the API server, and for the namespace's Services unless the pod declines them."""
    links = pod["spec"].get("enableServiceLinks", True)
    namespace = pod["metadata"]["namespace"]
    env: dict[str, str] = {}
    for service in sorted(services, key=lambda item: str(item["metadata"]["name"])):
        metadata, spec = service["metadata"], service["spec"]
        master = (metadata["namespace"], metadata["name"]) == ("default", "kubernetes")
        mine = links and metadata["namespace"] == namespace
        if (master or mine) and spec.get("clusterIP") not in (None, "", "None") and spec.get("ports"):
            env.update(_service_env(metadata["name"], spec["clusterIP"], spec["ports"]))
    return env


def _service_env(name: str, address: str, ports: Sequence[Obj]) -> dict[str, str]:
    prefix = name.upper().replace("-", "_")
    env = {f"{prefix}_SERVICE_HOST": address, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            env[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
    first = ports[0]
    env[f"{prefix}_PORT"] = f"{first.get('protocol', 'TCP').lower()}://{address}:{first['port']}"
    for port in ports:
        protocol = port.get("protocol", "TCP")
        stem = f"{prefix}_PORT_{port['port']}_{protocol}"
        env[stem] = f"{protocol.lower()}://{address}:{port['port']}"
        env |= {f"{stem}_PROTO": protocol.lower(), f"{stem}_PORT": str(port["port"]), f"{stem}_ADDR": address}
    return env
