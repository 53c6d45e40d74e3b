"""Cluster DNS on UDP and TCP; what it does not know does not exist, as nothing beyond the cluster is reachable."""

from __future__ import annotations

import asyncio
import struct
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from rehearsal.cluster import CLUSTER_DOMAIN
from rehearsal.platform.names import Answer, Zone

TTL = 5  # as OpenShift's DNS for cluster names is 30, but a rehearsal changes faster
PLAIN_UDP_BYTES = 512
ALIAS_DEPTH = 8
SOA = f"ns.dns.{CLUSTER_DOMAIN}. hostmaster.{CLUSTER_DOMAIN}. 1 7200 1800 86400 {TTL}"


def respond(zone: Zone, raw: bytes, udp: bool) -> bytes:
    """The reply to one query, both as on the wire; empty for what is no query."""
    try:
        query = dns.message.from_wire(raw)
    except dns.exception.DNSException:
        return b""
    if not query.question or query.flags & dns.flags.QR:
        return b""
    reply = dns.message.make_response(query, recursion_available=True)
    reply.flags |= dns.flags.AA
    question = query.question[0]
    found = zone.resolve(question.name.to_text(omit_final_dot=True))
    if found is None:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    else:
        _add(reply, zone, question.name.to_text(), question.rdtype, found)
    if not reply.answer:
        reply.authority.append(dns.rrset.from_text(f"{CLUSTER_DOMAIN}.", TTL, "IN", "SOA", SOA))
    if not udp:
        return reply.to_wire()
    try:
        return reply.to_wire(max_size=max(query.payload, PLAIN_UDP_BYTES) if query.edns >= 0 else PLAIN_UDP_BYTES)
    except dns.exception.TooBig:
        reply.answer.clear()
        reply.flags |= dns.flags.TC
        return reply.to_wire()


def _add(reply: dns.message.Message, zone: Zone, name: str, kind: int, found: Answer) -> None:
    for _ in range(ALIAS_DEPTH):
        if not found.alias:
            break
        target = found.alias.rstrip(".") + "."
        reply.answer.append(dns.rrset.from_text(name, TTL, "IN", "CNAME", target))
        name, found = target, zone.resolve(target[:-1]) or Answer()
    if found.addresses and kind in (dns.rdatatype.A, dns.rdatatype.ANY):
        reply.answer.append(dns.rrset.from_text(name, TTL, "IN", "A", *found.addresses))
    if found.targets and kind in (dns.rdatatype.SRV, dns.rdatatype.ANY):
        share = max(1, 100 // len(found.targets))
        records = [f"0 {share} {port} {host}." for host, port in found.targets]
        reply.answer.append(dns.rrset.from_text(name, TTL, "IN", "SRV", *records))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport and (reply := respond(self._zone, data, udp=True)):
            self._transport.sendto(reply, addr)


async def serve(zone: Zone, address: str, port: int = 53) -> asyncio.Server:
    """DNS answers on this address from now on."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: _Datagrams(zone), local_addr=(address, port))

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                reply = respond(zone, await reader.readexactly(length), udp=False)
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return await asyncio.start_server(stream, address, port)
