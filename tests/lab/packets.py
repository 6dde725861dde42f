"""IPv4, TCP and UDP as a middlebox sees them: read from bytes, and forged back into bytes. RFC 791, 793, 768."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

ICMP, TCP, UDP = 1, 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

Flow = tuple[int, str, int, str, int]  # protocol, source, source port, destination, destination port


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet on the line. Ports, flags and numbers are 0 where the protocol has none."""

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

    @property
    def flow(self) -> Flow:
        return (self.protocol, self.source, self.source_port, self.destination, self.destination_port)

    @property
    def reverse(self) -> Flow:
        return (self.protocol, self.destination, self.destination_port, self.source, self.source_port)


def read(raw: bytes) -> Packet | None:
    """The packet, or None for what is no whole IPv4 packet (IPv6 is not spoken here)."""
    if len(raw) < 20 or raw[0] >> 4 != 4:
        return None
    header = (raw[0] & 15) * 4
    protocol = raw[9]
    source, destination = socket.inet_ntoa(raw[12:16]), socket.inet_ntoa(raw[16:20])
    body = raw[header : int.from_bytes(raw[2:4], "big")]
    if protocol == UDP and len(body) >= 8:
        sport, dport = struct.unpack("!HH", body[:4])
        return Packet(raw, protocol, source, destination, sport, dport, payload=body[8:])
    if protocol == TCP and len(body) >= 20:
        sport, dport, sequence, acknowledgement = struct.unpack("!HHII", body[:12])
        offset = (body[12] >> 4) * 4
        return Packet(
            raw, protocol, source, destination, sport, dport, body[13], sequence, acknowledgement, body[offset:]
        )
    return Packet(raw, protocol, source, destination)


def udp(source: str, sport: int, destination: str, dport: int, payload: bytes) -> bytes:
    length = 8 + len(payload)
    header = struct.pack("!HHHH", sport, dport, length, 0)
    check = _checksum(_pseudo(source, destination, UDP, length) + header + payload) or 0xFFFF
    return _ip(source, destination, UDP, header[:6] + struct.pack("!H", check) + payload)


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
) -> bytes:
    length = 20 + len(payload)
    header = struct.pack(
        "!HHIIBBHHH", sport, dport, sequence % 2**32, acknowledgement % 2**32, 5 << 4, flags, 65535, 0, 0
    )
    check = _checksum(_pseudo(source, destination, TCP, length) + header + payload)
    return _ip(source, destination, TCP, header[:16] + struct.pack("!H", check) + header[18:] + payload)


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


def unreachable_to_sender(packet: Packet, code: int) -> bytes:
    """ICMP 3 (RFC 792) in the far end's name: the packet's header and its first eight bytes come back."""
    header = (packet.raw[0] & 15) * 4
    body = bytes([3, code, 0, 0]) + struct.pack("!HH", 0, 576) + packet.raw[: header + 8]
    return _ip(packet.destination, packet.source, ICMP, body[:2] + struct.pack("!H", _checksum(body)) + body[4:])


def _ip(source: str, destination: str, protocol: int, body: bytes) -> bytes:
    total = 20 + len(body)
    header = struct.pack("!BBHHHBBH", 0x45, 0, total, 0, 0x4000, 64, protocol, 0)
    header += socket.inet_aton(source) + socket.inet_aton(destination)
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + body


def _pseudo(source: str, destination: str, protocol: int, length: int) -> bytes:
    return socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, protocol, length)


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def server_name(payload: bytes) -> str:
    """The name in a TLS ClientHello (RFC 6066), or in the Host of a request in clear; empty without one."""
    if payload[:1] == b"\x16" and payload[5:6] == b"\x01":
        return _client_hello_name(payload)
    if payload[:4] in (b"GET ", b"POST", b"HEAD"):
        for line in payload.split(b"\r\n")[1:]:
            if line.lower().startswith(b"host:"):
                return line[5:].strip().decode("latin-1").partition(":")[0].lower()
    return ""


def _client_hello_name(payload: bytes) -> str:
    try:
        at = 5 + 4 + 2 + 32  # record header, handshake header, version, random
        at += 1 + payload[at]  # session id
        at += 2 + int.from_bytes(payload[at : at + 2], "big")  # cipher suites
        at += 1 + payload[at]  # compression methods
        end = at + 2 + int.from_bytes(payload[at : at + 2], "big")
        at += 2
        while at + 4 <= min(end, len(payload)):
            kind, length = struct.unpack("!HH", payload[at : at + 4])
            if kind == 0:
                return payload[at + 9 : at + 4 + length].decode("latin-1").lower()
            at += 4 + length
    except (IndexError, struct.error):
        return ""
    return ""


def question(payload: bytes) -> str:
    """The name a DNS query asks for, lower case and without its last dot; empty for what is no query."""
    if len(payload) < 17 or payload[2] & 0x80:
        return ""
    labels, at = [], 12
    while at < len(payload) and payload[at]:
        labels.append(payload[at + 1 : at + 1 + payload[at]].decode("latin-1").lower())
        at += 1 + payload[at]
    return ".".join(labels)
