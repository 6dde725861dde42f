"""Lies about addresses and ports: cut, dropped, reset, answered by ICMP, and led to somebody else."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.lab.lies.lie import DROP, PASS, Fate, Lie, Prefixes
from tests.lab.packets import SYN, TCP, UDP, Packet, readdressed, reset_to_sender, unreachable_to_sender

_PROTOCOLS = {TCP: "tcp", UDP: "udp"}


@dataclass
class Cut(Lie):
    """Everything to and from these networks is dropped."""

    name = "cut"

    def answer(self, packet: Packet) -> Fate | None:
        return DROP


@dataclass
class CutForeign(Lie):
    """Everything between these networks and what lies abroad is dropped; the country talks to itself."""

    domestic: Prefixes = field(default_factory=Prefixes)
    name = "cut_foreign"

    def answer(self, packet: Packet) -> Fate | None:
        at_home = packet.source in self.domestic and packet.destination in self.domestic
        return PASS if at_home else DROP


@dataclass
class Aimed(Lie):
    """What is sent `to` these addresses (all of them without any), to these `ports`, by this `protocol` (tcp or udp)."""

    to: Prefixes = field(default_factory=Prefixes)
    ports: tuple[int, ...] = ()
    protocol: str = ""

    def aimed(self, packet: Packet) -> bool:
        if not self.outward(packet):
            return False
        if self.protocol and _PROTOCOLS.get(packet.protocol) != self.protocol:
            return False
        return (not self.to or packet.destination in self.to) and (
            not self.ports or packet.destination_port in self.ports
        )


@dataclass
class DropAddress(Aimed):
    name = "drop_address"

    def answer(self, packet: Packet) -> Fate | None:
        return DROP if self.aimed(packet) else PASS


@dataclass
class ResetAddress(Aimed):
    name = "reset_address"

    def answer(self, packet: Packet) -> Fate | None:
        if packet.protocol != TCP or not self.aimed(packet):
            return PASS
        return Fate(back=(reset_to_sender(packet),)) if packet.flags & SYN else DROP


@dataclass
class IcmpAddress(Aimed):
    """What is sent to these addresses is answered by ICMP "unreachable" of that code: anybody on the way can say so."""

    code: int = 13
    name = "icmp_address"

    def answer(self, packet: Packet) -> Fate | None:
        if packet.protocol not in (TCP, UDP) or not self.aimed(packet):
            return PASS
        return Fate(back=(unreachable_to_sender(packet, self.code),))


@dataclass
class UdpDrop(Lie):
    """All UDP but DNS."""

    name = "udp_drop"

    def answer(self, packet: Packet) -> Fate | None:
        dns = 53 in (packet.source_port, packet.destination_port)
        return DROP if packet.protocol == UDP and not dns else PASS


@dataclass
class Diversion(Aimed):
    """What is aimed at is led `toward` another host, whose answers come back in the name of the one that was meant.

    `but`: addresses that are left alone, as a walled garden does.
    """

    toward: str = ""
    but: Prefixes = field(default_factory=Prefixes)
    name = "diversion"

    def __post_init__(self) -> None:
        self._meant: dict[tuple[int, str, int, int], str] = {}

    def answer(self, packet: Packet) -> Fate | None:
        if (":" in packet.source) != (":" in self.toward):
            return PASS
        if packet.source == self.toward:
            back = packet.protocol, packet.destination, packet.destination_port, packet.source_port
            meant = self._meant.get(back)
            return Fate(passes=True, instead=readdressed(packet, source=meant)) if meant else PASS
        if packet.destination in self.but or packet.destination == self.toward or not self.aimed(packet):
            return PASS
        self._meant[packet.protocol, packet.source, packet.source_port, packet.destination_port] = packet.destination
        return Fate(passes=True, instead=readdressed(packet, destination=self.toward))
