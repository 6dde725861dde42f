"""Lies about protocols, told by their first bytes, whatever the port or the name."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab import contents, quic
from tests.lab.lies.hellos import Hearing
from tests.lab.lies.lie import Deadly
from tests.lab.packets import TCP, UDP, Flow, Packet


@dataclass
class OpenVpnSignature(Deadly):
    """The first packet of OpenVPN, over UDP or TCP on any port, and all that follows on that connection."""

    name = "openvpn_signature"

    def hits(self, packet: Packet) -> bool:
        data = packet.payload[2:] if packet.protocol == TCP else packet.payload
        return len(data) == 14 and data[0] == 0x38 and data[9:] == bytes(5) and self.outward(packet)


@dataclass
class WireGuardSignature(Deadly):
    """WireGuard's handshake initiation, 148 bytes of type 1 (wireguard.com/protocol), and all that follows."""

    name = "wireguard_signature"

    def hits(self, packet: Packet) -> bool:
        greets = len(packet.payload) == 148 and packet.payload[:4] == b"\x01\0\0\0"
        return packet.protocol == UDP and greets and self.outward(packet)


@dataclass
class NoiseSignature(Deadly):
    """WhatsApp's greeting by TCP on any port, and all that follows on that connection."""

    name = "noise_signature"

    def hits(self, packet: Packet) -> bool:
        return packet.protocol == TCP and packet.payload.startswith(b"WA\x06") and self.outward(packet)


@dataclass
class UnknownProtocol(Deadly):
    """Iran's filter of 2020: by TCP on 53, 80 and 443 only what begins as DNS, HTTP or TLS may go on.

    Everything else is dropped, and so is for 60 s, renewed by use, whatever that host sends to that address and port.
    """

    residue_s: float = 60.0
    ports: tuple[int, ...] = (53, 80, 443)
    name = "unknown_protocol"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._known: set[Flow] = set()

    def hits(self, packet: Packet) -> bool:
        if packet.protocol != TCP or packet.destination_port not in self.ports or not self.outward(packet):
            return False
        if not packet.payload or packet.flow in self._known:
            return False
        if _spoken_by_many(packet.payload):
            self._known.add(packet.flow)
            return False
        return True


def _spoken_by_many(payload: bytes) -> bool:
    tls = payload[0] == 0x16 and payload[1:2] in (b"\x03", b"")
    dns = int.from_bytes(payload[:2], "big") == len(payload) - 2 and bool(contents.question(payload[2:]))
    return tls or dns or payload[:4] in contents.METHODS


@dataclass
class QuicByName(Deadly, Hearing):
    """QUIC whose Initial carries a ClientHello for the name, and all that follows on that flow."""

    name = "quic_by_name"

    def __post_init__(self) -> None:
        Deadly.__post_init__(self)
        Hearing.__post_init__(self)

    def hits(self, packet: Packet) -> bool:
        if packet.protocol != UDP or len(packet.payload) < 1200 or not self.outward(packet):
            return False
        return self.about(quic.server_name(packet.payload))
