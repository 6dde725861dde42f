"""Lies about QUIC: one version of it dropped, or answered by nobody in the far end's name."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab import quic
from tests.lab.lies.addresses import Aimed
from tests.lab.lies.lie import DROP, PASS, Fate
from tests.lab.packets import UDP, Packet, udp


@dataclass
class QuicVersion(Aimed):
    """Every Initial of version 1 is dropped; a version nobody speaks passes, and so does its answer."""

    name = "quic_version"

    def answer(self, packet: Packet) -> Fate | None:
        return DROP if self.greets(packet) else PASS

    def greets(self, packet: Packet) -> bool:
        return packet.protocol == UDP and quic.is_initial(packet.payload) and self.aimed(packet)


@dataclass
class QuicAnswered(QuicVersion):
    """It is answered before the far end hears of it: by Version Negotiation, or with `closes` by a close of that code."""

    closes: int | None = None
    name = "quic_answered"

    def answer(self, packet: Packet) -> Fate | None:
        if not self.greets(packet):
            return PASS
        said = quic.negotiation(packet.payload) if self.closes is None else quic.closing(packet.payload, self.closes)
        ends = packet.destination, packet.destination_port, packet.source, packet.source_port
        return Fate(back=(udp(*ends, said),))
