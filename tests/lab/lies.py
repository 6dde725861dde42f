"""One class per way of lying. Each looks at a packet and passes it, drops it, or answers in somebody's name.

A lie may hold for some networks only (`on`: prefixes of the country's own side); without them it holds for everybody.
"""

from __future__ import annotations

import ipaddress
import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.lab.packets import (
    ACK,
    FIN,
    PSH,
    SYN,
    TCP,
    UDP,
    Flow,
    Packet,
    question,
    reset_to_sender,
    server_name,
    tcp,
    udp,
    unreachable_to_sender,
)

PASS: list[bytes] | None = None
DROP: list[bytes] = []
Answer = list[bytes] | None  # None: pass it on; a list: drop it, and send these back to where it came from

Prefixes = tuple[ipaddress.IPv4Network, ...]


def prefixes(texts: list[str]) -> Prefixes:
    return tuple(ipaddress.IPv4Network(text) for text in texts)


def within(address: str, nets: Prefixes) -> bool:
    ip = ipaddress.IPv4Address(address)
    return any(ip in net for net in nets)


@dataclass
class Lie:
    """`on`: the networks lied to. `outward`: the packet leaves one of them, or none is named."""

    on: Prefixes = ()
    name: ClassVar[str]

    def touches(self, packet: Packet) -> bool:
        return not self.on or within(packet.source, self.on) or within(packet.destination, self.on)

    def outward(self, packet: Packet) -> bool:
        return not self.on or within(packet.source, self.on)

    def answer(self, packet: Packet) -> Answer:
        raise NotImplementedError


@dataclass
class Cut(Lie):
    """Everything to and from these networks is dropped."""

    name = "cut"

    def answer(self, packet: Packet) -> Answer:
        return DROP if self.touches(packet) else PASS


@dataclass
class CutForeign(Lie):
    """Everything between these networks and what lies abroad is dropped; the country talks to itself."""

    domestic: Prefixes = ()
    name = "cut_foreign"

    def answer(self, packet: Packet) -> Answer:
        at_home = within(packet.source, self.domestic) and within(packet.destination, self.domestic)
        return DROP if self.touches(packet) and not at_home else PASS


@dataclass
class Named(Lie):
    """What all lies about names share: `names` and everything below them."""

    names: tuple[str, ...] = ()

    def about(self, name: str) -> bool:
        return any(name == each or name.endswith("." + each) for each in self.names)

    def asks(self, packet: Packet) -> bool:
        is_query = packet.protocol == UDP and packet.destination_port == 53
        return is_query and self.outward(packet) and self.about(question(packet.payload))

    def says(self, packet: Packet) -> bool:
        return packet.protocol == TCP and self.outward(packet) and self.about(server_name(packet.payload))


@dataclass
class DnsForgery(Named):
    """An answer in the resolver's name, ahead of its own, which never comes."""

    address: str = "10.10.34.36"
    name = "dns_forgery"

    def answer(self, packet: Packet) -> Answer:
        if not self.asks(packet):
            return PASS
        query = packet.payload
        end = query.index(b"\0", 12) + 5
        header = query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 300, 4) + ipaddress.IPv4Address(self.address).packed
        reply = header + query[12:end] + record
        return [udp(packet.destination, 53, packet.source, packet.source_port, reply)]


@dataclass
class DnsSilence(Named):
    name = "dns_silence"

    def answer(self, packet: Packet) -> Answer:
        return DROP if self.asks(packet) else PASS


@dataclass
class ResetByName(Named):
    """A reset to whoever says the name in TLS or in clear; the request never arrives."""

    name = "reset_by_name"

    def answer(self, packet: Packet) -> Answer:
        return [reset_to_sender(packet)] if self.says(packet) else PASS


@dataclass
class SilenceByName(Named):
    """The request that says the name is swallowed, and so is all that follows on that connection."""

    dead: set[Flow] = field(default_factory=set)
    name = "silence_by_name"

    def answer(self, packet: Packet) -> Answer:
        if packet.flow in self.dead or packet.reverse in self.dead:
            return DROP
        if not self.says(packet):
            return PASS
        self.dead.add(packet.flow)
        return DROP


@dataclass
class DropAddress(Lie):
    to: Prefixes = ()
    name = "drop_address"

    def answer(self, packet: Packet) -> Answer:
        return DROP if self.outward(packet) and within(packet.destination, self.to) else PASS


@dataclass
class ResetAddress(Lie):
    to: Prefixes = ()
    name = "reset_address"

    def answer(self, packet: Packet) -> Answer:
        aimed = packet.protocol == TCP and self.outward(packet) and within(packet.destination, self.to)
        if not aimed:
            return PASS
        return [reset_to_sender(packet)] if packet.flags & SYN else DROP


@dataclass
class IcmpAddress(Lie):
    """What is sent to these addresses is answered by ICMP "unreachable" of that code: anybody on the way can say so."""

    to: Prefixes = ()
    code: int = 13
    name = "icmp_address"

    def answer(self, packet: Packet) -> Answer:
        aimed = packet.protocol in (TCP, UDP) and self.outward(packet) and within(packet.destination, self.to)
        return [unreachable_to_sender(packet, self.code)] if aimed else PASS


@dataclass
class BlockPage(Named):
    """Iran's page in the place of a site asked for in clear (net4people/bbs#226)."""

    name = "block_page"
    BODY = (
        b'<html><head></head><body><iframe src="http://10.10.34.36?type=Invalid Site&policy=MainPolicy "></body></html>'
    )

    def answer(self, packet: Packet) -> Answer:
        if not self.says(packet) or packet.destination_port != 80:
            return PASS
        head = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(self.BODY)
        page = tcp(
            packet.destination,
            packet.destination_port,
            packet.source,
            packet.source_port,
            flags=PSH | ACK | FIN,
            sequence=packet.acknowledgement,
            acknowledgement=packet.sequence + len(packet.payload),
            payload=head + self.BODY,
        )
        return [page]


@dataclass
class UdpDrop(Lie):
    """All UDP but DNS."""

    name = "udp_drop"

    def answer(self, packet: Packet) -> Answer:
        dns = 53 in (packet.source_port, packet.destination_port)
        return DROP if packet.protocol == UDP and self.touches(packet) and not dns else PASS


@dataclass
class OpenVpnSignature(Lie):
    """The first packet of OpenVPN, over UDP or TCP on any port, and all that follows on that connection."""

    dead: set[Flow] = field(default_factory=set)
    name = "openvpn_signature"

    def answer(self, packet: Packet) -> Answer:
        if packet.flow in self.dead or packet.reverse in self.dead:
            return DROP
        data = packet.payload[2:] if packet.protocol == TCP else packet.payload
        if self.outward(packet) and len(data) == 14 and data[0] == 0x38 and data[9:] == bytes(5):
            self.dead.add(packet.flow)
            return DROP
        return PASS


@dataclass
class NoiseSignature(Lie):
    """WhatsApp's greeting by TCP on any port, and all that follows on that connection."""

    dead: set[Flow] = field(default_factory=set)
    name = "noise_signature"

    def answer(self, packet: Packet) -> Answer:
        if packet.flow in self.dead or packet.reverse in self.dead:
            return DROP
        if packet.protocol == TCP and self.outward(packet) and packet.payload.startswith(b"WA\x06"):
            self.dead.add(packet.flow)
            return DROP
        return PASS


@dataclass
class BurstyLoss(Lie):
    """Gilbert and Elliott's two states: a good line that now and then turns bad. `share` is lost in the long run."""

    share: float = 0.2
    burst_packets: float = 8.0
    seed: int = 1
    name = "bursty_loss"

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._bad = False

    def answer(self, packet: Packet) -> Answer:
        if not self.touches(packet):
            return PASS
        leave = 1 / self.burst_packets
        enter = leave * self.share / (1 - self.share)
        self._bad = self._dice.random() >= leave if self._bad else self._dice.random() < enter
        return DROP if self._bad else PASS


LIES: Mapping[str, Callable[..., Lie]] = {
    kind.name: kind
    for kind in (
        Cut, CutForeign, DnsForgery, DnsSilence, ResetByName, SilenceByName, DropAddress, ResetAddress, IcmpAddress, BlockPage,
        UdpDrop, OpenVpnSignature, NoiseSignature, BurstyLoss,
    )
}  # fmt: skip


def lie(row: Mapping[str, Any]) -> Lie:
    """`{"lie": "dns_forgery", "on": ["5.112.0.0/16"], "names": ["instagram.com"]}` as a lie."""
    given = dict(row)
    kind = LIES[given.pop("lie")]
    for key in ("on", "to", "domestic"):
        if key in given:
            given[key] = prefixes(given[key])
    if "names" in given:
        given["names"] = tuple(given["names"])
    return kind(**given)
