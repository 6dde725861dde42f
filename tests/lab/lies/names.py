"""Lies about names as resolvers are asked for them: DNS over UDP and TCP, RFC 1035."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab import contents
from tests.lab.lies.lie import DROP, PASS, Fate, Lie
from tests.lab.packets import TCP, UDP, Packet, said_to_sender, udp

_DNS = 53


@dataclass
class Named(Lie):
    """What all lies about names share: `names` and everything below them."""

    names: tuple[str, ...] = ()

    def about(self, name: str) -> bool:
        return any(name == each or name.endswith("." + each) for each in self.names)


@dataclass
class AboutQueries(Named):
    """`over`: the transports whose queries it hears."""

    over: tuple[str, ...] = ("udp",)

    def query(self, packet: Packet) -> bytes:
        """The query about one of the names; empty for every other packet."""
        if packet.destination_port != _DNS or not packet.payload or not self.outward(packet):
            return b""
        if packet.protocol == UDP and "udp" in self.over:
            query = packet.payload
        elif packet.protocol == TCP and "tcp" in self.over:
            query = packet.payload[2:]  # its length goes ahead
        else:
            return b""
        return query if self.about(contents.question(query)) else b""

    def reply(self, packet: Packet, reply: bytes) -> bytes:
        """In the resolver's name."""
        if packet.protocol == UDP:
            return udp(packet.destination, _DNS, packet.source, packet.source_port, reply)
        return said_to_sender(packet, len(reply).to_bytes(2, "big") + reply)


@dataclass
class DnsForgery(AboutQueries):
    """An answer in the resolver's name, ahead of its own, which comes as well only where the query `passes`.

    With an empty `address` (or `address6`) questions of that type, as those for anything else, are left alone.
    """

    address: str = "10.10.34.36"
    address6: str = "d0::11"
    passes: bool = False
    name = "dns_forgery"

    def answer(self, packet: Packet) -> Fate | None:
        if not (query := self.query(packet)):
            return PASS
        forged = contents.dns_reply(query, [each for each in (self.address, self.address6) if each])
        if not contents.answers(forged):
            return PASS
        return Fate(passes=self.passes, back=(self.reply(packet, forged),))


@dataclass
class DnsDenial(AboutQueries):
    """ "There is no such name", or another No (`code`), or `truncated`: ask again by TCP.

    The resolver's own answer comes as well only where the query `passes`.
    """

    code: int = contents.NXDOMAIN
    truncated: bool = False
    passes: bool = False
    name = "dns_denial"

    def answer(self, packet: Packet) -> Fate | None:
        if not (query := self.query(packet)):
            return PASS
        code = 0 if self.truncated else self.code
        denied = contents.dns_reply(query, code=code, truncated=self.truncated)
        return Fate(self.passes, back=(self.reply(packet, denied),))


@dataclass
class DnsNoise(AboutQueries):
    """What answers no question that was asked: to another id than ours, or (`broken`) no whole message at all."""

    broken: bool = False
    passes: bool = False
    name = "dns_noise"

    def answer(self, packet: Packet) -> Fate | None:
        if not (query := self.query(packet)):
            return PASS
        noise = contents.dns_reply(query, ["198.18.0.1"])
        noise = noise[:2] + b"\xff" * 20 if self.broken else bytes([noise[0] ^ 1]) + noise[1:]
        return Fate(self.passes, back=(self.reply(packet, noise),))


@dataclass
class DnsSilence(AboutQueries):
    name = "dns_silence"

    def answer(self, packet: Packet) -> Fate | None:
        return DROP if self.query(packet) else PASS
