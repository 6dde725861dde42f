"""Lies told in the far end's own name: a goodbye, an alert, a full window, a certificate; a connection nobody took."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.lies.addresses import Aimed
from tests.lab.lies.hellos import Hearing
from tests.lab.lies.lie import DROP, PASS, Deadly, Fate
from tests.lab.packets import ACK, FIN, PSH, SYN, TCP, Packet, reset_to_sender, said_to_sender
from tests.lab.tls import alert, greeting_of


@dataclass
class ReplyByName(Deadly, Hearing):
    """Whoever says the name hears `what`, and neither end anything more of the other.

    `fin`: a close; `alert`: a fatal one of that code; `full`: all is well, and there is no room for more;
    `certificate`: a ServerHello, and a certificate for that name from nobody; `noise`: bytes of no protocol.
    """

    what: str = "fin"
    code: int = 112  # unrecognized_name (RFC 6066)
    name = "reply_by_name"

    def __post_init__(self) -> None:
        Deadly.__post_init__(self)
        Hearing.__post_init__(self)

    def hits(self, packet: Packet) -> bool:
        return self.says(packet)

    def fate(self, packet: Packet) -> Fate:
        match self.what:
            case "fin":
                return Fate(back=(said_to_sender(packet, b"", flags=FIN | ACK),))
            case "full":
                return Fate(back=(said_to_sender(packet, b"", flags=ACK, window=0),))
            case "alert":
                return Fate(back=(said_to_sender(packet, alert(self.code), flags=PSH | ACK),))
            case "certificate":
                return Fate(back=(said_to_sender(packet, greeting_of(self.said(packet)), flags=PSH | ACK),))
        return Fate(back=(said_to_sender(packet, b"\xff\xfe nobody \r\n\r\n"),))


@dataclass
class AnybodyConnects(Aimed):
    """A proxy on the way takes every connection aimed at these addresses, and then hears nobody.

    `then`: what becomes of what is said in it: `silence`, `fin` or `reset`.
    """

    then: str = "silence"
    name = "anybody_connects"

    def answer(self, packet: Packet) -> Fate | None:
        if packet.protocol != TCP or not self.aimed(packet):
            return PASS
        if packet.flags & SYN:
            return Fate(back=(said_to_sender(packet, b"", flags=SYN | ACK),))
        if not packet.payload:
            return DROP
        if self.then == "reset":
            return Fate(back=(reset_to_sender(packet),))
        return Fate(back=(said_to_sender(packet, b"", flags=ACK | (FIN if self.then == "fin" else 0)),))


@dataclass
class DeadAfter(Deadly, Aimed):
    """A connection to these addresses and ports is dropped after so many packets of it that held something."""

    packets: int = 6
    name = "dead_after"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._held: dict[object, int] = {}

    def hits(self, packet: Packet) -> bool:
        if not packet.payload or not self.aimed(packet):
            return False
        self._held[packet.flow] = self._held.get(packet.flow, 0) + 1
        return self._held[packet.flow] > self.packets
