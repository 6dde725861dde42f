"""Lies about names as they are said in TLS and in clear: silence, resets, a ServerHello that never comes."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.lab import contents
from tests.lab.lies.lie import DROP, PASS, Deadly, Fate, Grudges, Prefixes
from tests.lab.lies.names import Named
from tests.lab.packets import TCP, Flow, Packet, reset_to_receiver, reset_to_sender

_MOST_HEARD = 8192


@dataclass
class Hearing(Named):
    """Hears names said by TCP: within one segment, or (`reassembles`) spread over several of one connection."""

    reassembles: bool = False

    def __post_init__(self) -> None:
        self._heard: dict[Flow, tuple[int, bytes]] = {}

    def said(self, packet: Packet) -> str:
        """The name said outward in this packet, or completed by it; empty without one."""
        if packet.protocol != TCP or not packet.payload or not self.outward(packet):
            return ""
        return contents.server_name(self._whole(packet) if self.reassembles else packet.payload)

    def says(self, packet: Packet) -> bool:
        return bool(name := self.said(packet)) and self.about(name)

    def _whole(self, packet: Packet) -> bytes:
        """What was said so far, as long as it may still become a greeting; segments in their order only."""
        due, heard = self._heard.pop(packet.flow, (packet.sequence, b""))
        if packet.sequence != due:
            self._heard[packet.flow] = due, heard
            return b""
        heard += packet.payload
        begins = heard[0] == 0x16 or any(each.startswith(heard[:4]) for each in contents.METHODS)
        if begins and len(heard) < _MOST_HEARD and not contents.server_name(heard):
            self._heard[packet.flow] = (packet.sequence + len(packet.payload)) % 2**32, heard
        return heard


@dataclass
class ResetByName(Hearing):
    """A reset to whoever says the name in TLS or in clear.

    The request never arrives, or (`passes`) it does, and the reset races the true reply; `both`: the far end is sent
    one as well.
    """

    passes: bool = False
    both: bool = False
    back_after_s: float = 0.0
    name = "reset_by_name"

    def answer(self, packet: Packet) -> Fate | None:
        if not self.says(packet):
            return PASS
        ahead = (reset_to_receiver(packet),) if self.both else ()
        return Fate(self.passes, back=(reset_to_sender(packet),), back_after_s=self.back_after_s, ahead=ahead)


@dataclass
class SilenceByName(Deadly, Hearing):
    """The request that says the name is swallowed, and so is all that follows on that connection."""

    name = "silence_by_name"

    def __post_init__(self) -> None:
        Deadly.__post_init__(self)
        Hearing.__post_init__(self)

    def hits(self, packet: Packet) -> bool:
        return self.says(packet)


@dataclass
class SniAllowList(Deadly, Hearing):
    """Every greeting but those to `names` is swallowed; within `domestic` nobody looks."""

    domestic: Prefixes = field(default_factory=Prefixes)
    name = "sni_allow_list"

    def __post_init__(self) -> None:
        Deadly.__post_init__(self)
        Hearing.__post_init__(self)

    def hits(self, packet: Packet) -> bool:
        if packet.protocol != TCP or not self.outward(packet) or packet.destination in self.domestic:
            return False
        return contents.is_client_hello(packet.payload) and not self.about(contents.server_name(packet.payload))


@dataclass
class Following(Hearing):
    """Knows the connections it is about: those on which one of `names` was said, or `to` these addresses.

    Without names and addresses: all but those to `domestic` ones.
    """

    to: Prefixes = field(default_factory=Prefixes)
    domestic: Prefixes = field(default_factory=Prefixes)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._followed = Grudges(600.0)

    def follows(self, packet: Packet) -> bool:
        """Whether this packet comes back on a connection it is about."""
        if self.outward(packet):
            if self.says(packet):
                self._followed.hold(packet.flow, packet.at_s)
            if self.on:
                return False
        if self.names and self._followed.held(packet.reverse, packet.at_s):
            return True
        return packet.source in self.to if self.names or self.to else packet.source not in self.domestic


@dataclass
class ServerHelloSwallowed(Following):
    """What the far end says first in TLS never arrives; TCP itself does (Iran, June 2025)."""

    name = "server_hello_swallowed"

    def answer(self, packet: Packet) -> Fate | None:
        if packet.protocol != TCP:
            return PASS
        greets = self.follows(packet) and packet.payload[:2] == b"\x16\x03" and packet.payload[5:6] == b"\x02"
        return DROP if greets else PASS
