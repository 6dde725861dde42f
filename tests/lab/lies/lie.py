"""What every lie is made of: whom it is told to, which packets it sees, and what becomes of one packet."""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from tests.lab import six
from tests.lab.packets import Packet


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one packet.

    Attributes:
        passes: it goes on, or `instead` does; the lies after this one see it too.
        after_s: how long it waits before it goes on.
        back: what is sent to where it came from, after `back_after_s`.
        ahead: what goes where it was going, before it.
    """

    passes: bool = False
    instead: bytes | None = None
    after_s: float = 0.0
    back: tuple[bytes, ...] = ()
    back_after_s: float = 0.0
    ahead: tuple[bytes, ...] = ()


PASS: Fate | None = None
DROP = Fate()


class Prefixes:
    """Networks of both families; an IPv4 prefix stands for its twin too (tests/lab/six.py). Asked twice, it knows."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        nets = [ipaddress.ip_network(text) for text in texts]
        self._nets = [*nets, *(six.net(each) for each in nets if isinstance(each, ipaddress.IPv4Network))]
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._nets)

    def __contains__(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            ip = ipaddress.ip_address(address)
            known = self._known[address] = any(ip in net for net in self._nets)
        return known


@dataclass
class Lie:
    """One way of lying.

    Attributes:
        on: the networks lied to, prefixes of the country's own side; everybody without them.
        family: 4 or 6; 0 is both.
        sees: `outward`, `inward` (to whom we lie), or `both`: some see only one direction of a connection. Where
            nobody is named by `on`, every direction is outward.
        paths: it stands on one of so many equal paths; the two ends of a flow decide which one that takes.
        of_flows: which share of flows it lies about, decided in the same way.
    """

    on: Prefixes = field(default_factory=Prefixes)
    family: int = 0
    sees: str = "both"
    paths: int = 1
    of_flows: float = 1.0
    name: ClassVar[str]

    def concerns(self, source: str, destination: str) -> bool:
        """Whether it may lie about packets between these two: asked once for each pair."""
        if self.family and self.family != (6 if ":" in source else 4):
            return False
        return not self.on or source in self.on or destination in self.on

    def outward(self, packet: Packet) -> bool:
        """It leaves one of the networks lied to, or none is named."""
        return not self.on or packet.source in self.on

    def meet(self, packet: Packet) -> Fate | None:
        """What becomes of a packet between two whom this lie concerns."""
        if self.sees != "both" and (self.sees == "outward") != self.outward(packet):
            return PASS
        if self.paths > 1 and _path(packet) % self.paths:
            return PASS
        if self.of_flows < 1 and _path(packet) % 1000 >= self.of_flows * 1000:
            return PASS
        return self.answer(packet)

    def answer(self, packet: Packet) -> Fate | None:
        raise NotImplementedError


def _path(packet: Packet) -> int:
    """As a router does it: one hash of both ends, so that a flow stays where it is, in both directions."""
    ends = sorted(((packet.source, packet.source_port), (packet.destination, packet.destination_port)))
    return zlib.crc32(repr((packet.protocol, ends)).encode())


class Grudges:
    """What is held against a key, and until when; use renews it."""

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self._until_s: dict[Hashable, float] = {}

    def hold(self, key: Hashable, at_s: float) -> None:
        self._until_s[key] = at_s + self._for_s

    def held(self, key: Hashable, at_s: float) -> bool:
        until_s = self._until_s.get(key)
        if until_s is None:
            return False
        if at_s > until_s:
            del self._until_s[key]
            return False
        self._until_s[key] = at_s + self._for_s
        return True


_CONNECTION_S = 600.0  # for so long an idle connection is remembered


@dataclass
class Deadly(Lie):
    """After a hit all that follows on that connection is dropped.

    With `residue_s` so is, for that long and renewed by use, all from that host to that address and port; with
    `every_port`, to that address.
    """

    residue_s: float = 0.0
    every_port: bool = False

    def __post_init__(self) -> None:
        self._dead = Grudges(_CONNECTION_S)
        self._residue = Grudges(self.residue_s)

    def hits(self, packet: Packet) -> bool:
        raise NotImplementedError

    def fate(self, packet: Packet) -> Fate:
        """Of the packet that hit."""
        return DROP

    def answer(self, packet: Packet) -> Fate | None:
        at_s = packet.at_s
        if self._dead.held(packet.flow, at_s) or self._dead.held(packet.reverse, at_s):
            if self.residue_s and self.outward(packet):
                self._residue.held(self._held_against(packet), at_s)
            return DROP
        if self.residue_s and self._residue.held(self._held_against(packet), at_s):
            return DROP
        if not self.hits(packet):
            return PASS
        self._dead.hold(packet.flow, at_s)
        if self.residue_s:
            self._residue.hold(self._held_against(packet), at_s)
        return self.fate(packet)

    def _held_against(self, packet: Packet) -> Hashable:
        return packet.source, packet.destination, 0 if self.every_port else packet.destination_port
