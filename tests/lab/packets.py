"""IPv4 and IPv6, TCP and UDP as a middlebox sees them: read from bytes, and forged back into bytes.

RFC 791, 8200, 9293, 768. IPv6 extension headers are not spoken here: such a packet is carried, and has no ports.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

Flow = tuple[int, str, int, str, int]  # protocol, source, source port, destination, destination port


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet on the line, and when it came. Ports, flags and numbers are 0 where the protocol has none."""

    raw: bytes
    protocol: int
    source: str
    destination: str
    source_port: int = 0
    destination_port: int = 0
    flags: int = 0
    sequence: int = 0
    acknowledgement: int = 0
    payload: bytes = b""
    at_s: float = 0.0

    @property
    def flow(self) -> Flow:
        return (self.protocol, self.source, self.source_port, self.destination, self.destination_port)

    @property
    def reverse(self) -> Flow:
        return (self.protocol, self.destination, self.destination_port, self.source, self.source_port)


def read(raw: bytes, at_s: float = 0.0) -> Packet | None:
    """The packet, or None for what is no whole packet, and for what a machine says to its neighbours only."""
    version = raw[0] >> 4 if len(raw) >= 20 else 0
    if version == 4:
        protocol = raw[9]
        source, destination = socket.inet_ntoa(raw[12:16]), socket.inet_ntoa(raw[16:20])
        body = raw[(raw[0] & 15) * 4 : int.from_bytes(raw[2:4], "big")]
    elif version == 6 and len(raw) >= 40 and raw[24] != 0xFF and raw[8:10] != b"\xfe\x80":
        protocol = raw[6]
        source = socket.inet_ntop(socket.AF_INET6, raw[8:24])
        destination = socket.inet_ntop(socket.AF_INET6, raw[24:40])
        body = raw[40 : 40 + int.from_bytes(raw[4:6], "big")]
    else:
        return None
    if protocol == UDP and len(body) >= 8:
        sport, dport = struct.unpack("!HH", body[:4])
        return Packet(raw, protocol, source, destination, sport, dport, payload=body[8:], at_s=at_s)
    if protocol == TCP and len(body) >= 20:
        sport, dport, sequence, acknowledgement, offset, flags = struct.unpack("!HHIIBB", body[:14])
        data = body[(offset >> 4) * 4 :]
        return Packet(
            raw, protocol, source, destination, sport, dport, flags, sequence, acknowledgement, data, at_s
        )  # fmt: skip
    return Packet(raw, protocol, source, destination, at_s=at_s)


def udp(source: str, sport: int, destination: str, dport: int, payload: bytes) -> bytes:
    header = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    return _ip(source, destination, UDP, header + payload)


def tcp(
    source: str,
    sport: int,
    destination: str,
    dport: int,
    *,
    flags: int,
    sequence: int,
    acknowledgement: int = 0,
    payload: bytes = b"",
    window: int = 65535,
) -> bytes:
    header = struct.pack(
        "!HHIIBBHHH", sport, dport, sequence % 2**32, acknowledgement % 2**32, 5 << 4, flags, window, 0, 0
    )
    return _ip(source, destination, TCP, header + payload)


def reset_to_sender(packet: Packet) -> bytes:
    """A reset that claims to come from the far end, in the window the sender expects."""
    acknowledges = packet.sequence + len(packet.payload) + bool(packet.flags & (SYN | FIN))
    return tcp(
        packet.destination,
        packet.destination_port,
        packet.source,
        packet.source_port,
        flags=RST | ACK,
        sequence=packet.acknowledgement,
        acknowledgement=acknowledges,
    )


def reset_to_receiver(packet: Packet) -> bytes:
    """A reset that claims to come from the sender, in the packet's own place."""
    flow = packet.source, packet.source_port, packet.destination, packet.destination_port
    return tcp(*flow, flags=RST | ACK, sequence=packet.sequence, acknowledgement=packet.acknowledgement)


def said_to_sender(packet: Packet, payload: bytes, *, flags: int = PSH | ACK | FIN, window: int = 65535) -> bytes:
    """Data in the far end's name, in answer to the sender's."""
    return tcp(
        packet.destination,
        packet.destination_port,
        packet.source,
        packet.source_port,
        flags=flags,
        sequence=packet.acknowledgement,
        acknowledgement=packet.sequence + len(packet.payload) + bool(packet.flags & (SYN | FIN)),
        payload=payload,
        window=window,
    )


def unreachable_to_sender(packet: Packet, code: int) -> bytes:
    """ICMP in the far end's name: 3 of RFC 792 with the packet's header and first eight bytes, or 1 of RFC 4443."""
    if ":" in packet.source:
        body = struct.pack("!BBHI", 1, code, 0, 0) + packet.raw[:1200]
        return _ip(packet.destination, packet.source, ICMP6, body)
    header = (packet.raw[0] & 15) * 4
    body = struct.pack("!BBHHH", 3, code, 0, 0, 576) + packet.raw[: header + 8]
    return _ip(packet.destination, packet.source, ICMP, body)


def readdressed(packet: Packet, *, source: str = "", destination: str = "") -> bytes:
    """The same packet from or to somebody else of the same family."""
    start = 40 if ":" in packet.source else (packet.raw[0] & 15) * 4
    body = packet.raw[start:]
    return _ip(source or packet.source, destination or packet.destination, packet.protocol, body)


_CHECK_AT = {ICMP: 2, ICMP6: 2, TCP: 16, UDP: 6}


def _ip(source: str, destination: str, protocol: int, body: bytes) -> bytes:
    """The body in a packet, its checksum set."""
    body = _checked(source, destination, protocol, body)
    if ":" in source:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + _packed(source) + _packed(destination) + body
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0)
    header += _packed(source) + _packed(destination)
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + body


def _checked(source: str, destination: str, protocol: int, body: bytes) -> bytes:
    at = _CHECK_AT.get(protocol)
    if at is None:
        return body
    body = body[:at] + b"\0\0" + body[at + 2 :]
    pseudo = b""
    if protocol != ICMP:  # the four bytes of IPv6's length and protocol sum up to those of IPv4
        pseudo = _packed(source) + _packed(destination) + struct.pack("!HH", protocol, len(body))
    check = _checksum(pseudo + body)
    if protocol == UDP:
        check = check or 0xFFFF
    return body[:at] + struct.pack("!H", check) + body[at + 2 :]


def _packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
