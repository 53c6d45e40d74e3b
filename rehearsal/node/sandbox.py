"""A pod's own network: a namespace joined to the bridge, with one address."""

from __future__ import annotations

import contextlib
import ipaddress
from pathlib import Path

from rehearsal.cluster import BRIDGE, NODE_IP, POD_NETWORK
from rehearsal.node.children import Children

NETNS = Path("/run/netns")
FIRST = 10  # addresses below are the node's and the router's
PREFIX = "pod-"


class Addresses:
    """Pod addresses, each new one as far as possible from its last use."""

    def __init__(self, network: str = POD_NETWORK, first: int = FIRST) -> None:
        self._network, self._first = ipaddress.ip_network(network), first
        self._next = first
        self._used: set[str] = set()

    def take(self) -> str:
        """A free address."""
        for _ in range(self._network.num_addresses):
            number, self._next = self._next, self._next + 1
            if self._next >= self._network.num_addresses - 1:
                self._next = self._first
            address = str(self._network[number])
            if address not in self._used:
                self._used.add(address)
                return address
        raise OSError(f"no free pod address in {self._network}")

    def give_back(self, address: str) -> None:
        self._used.discard(address)


def name_of(address: str) -> str:
    """The network namespace of a pod address.

    >>> name_of("10.128.1.12")
    'pod-1-12'
    """
    return PREFIX + "-".join(address.split(".")[2:])


async def create(children: Children, address: str) -> Path:
    """The namespace of this address is connected to the node and everything behind it."""
    name = name_of(address)
    tail = name.removeprefix(PREFIX)
    mac = "0a:58:" + ":".join(f"{int(part):02x}" for part in address.split("."))
    outer = (
        f"link add veth-{tail} type veth peer name eth0 address {mac} netns {name}\n"
        f"link set veth-{tail} master {BRIDGE} up\n"
    )
    inner = f"link set lo up\naddr add {address}/16 dev eth0\nlink set eth0 up\nroute add default via {NODE_IP}\n"
    await children.call(["ip", "netns", "add", name])
    await children.call(["ip", "-batch", "-"], outer)
    await children.call(["ip", "-n", name, "-batch", "-"], inner)
    return NETNS / name


async def remove(children: Children, address: str) -> None:
    """The namespace is gone, and with it its end of the bridge."""
    with contextlib.suppress(OSError):
        await children.call(["ip", "netns", "delete", name_of(address)])


async def remove_all(children: Children) -> None:
    """Nothing of a former agent's pods is left in the network."""
    if NETNS.is_dir():
        for path in NETNS.glob(PREFIX + "*"):
            with contextlib.suppress(OSError):
                await children.call(["ip", "netns", "delete", path.name])
