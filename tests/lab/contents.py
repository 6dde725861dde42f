"""What packets carry, as far as a liar reads it: the names in TLS, in HTTP and in DNS, and forged DNS answers."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence

A, AAAA = 1, 28
NXDOMAIN = 3
METHODS = (b"GET ", b"POST", b"HEAD", b"PUT ", b"OPTI", b"CONN", b"DELE", b"PATC")


def is_client_hello(payload: bytes) -> bool:
    return payload[:1] == b"\x16" and payload[5:6] == b"\x01"


def server_name(payload: bytes) -> str:
    """The name in a TLS ClientHello (RFC 6066), or in the Host of a request in clear; empty without one."""
    if is_client_hello(payload):
        return name_in_hello(payload[5:])
    if payload[:4] in METHODS:
        for line in payload.split(b"\r\n")[1:-1]:  # the last one may go on in the next segment
            if line.lower().startswith(b"host:"):
                return line[5:].strip().decode("latin-1").partition(":")[0].lower()
    return ""


def name_in_hello(hello: bytes) -> str:
    """Of a handshake message of type ClientHello (RFC 8446 4.1.2), whole or only its beginning."""
    try:
        at = 4 + 2 + 32  # handshake header, version, random
        at += 1 + hello[at]  # session id
        at += 2 + int.from_bytes(hello[at : at + 2], "big")  # cipher suites
        at += 1 + hello[at]  # compression methods
        end = at + 2 + int.from_bytes(hello[at : at + 2], "big")
        at += 2
        while at + 4 <= min(end, len(hello)):
            kind, length = struct.unpack("!HH", hello[at : at + 4])
            if kind == 0 and at + 4 + length <= len(hello):
                return hello[at + 9 : at + 4 + length].decode("latin-1").lower()
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


def dns_reply(query: bytes, answers: Sequence[str] = (), *, code: int = 0, truncated: bool = False) -> bytes:
    """A resolver's answer to that query (RFC 1035): those of the addresses that are of the type it asks for."""
    end = query.index(b"\0", 12) + 5
    (kind,) = struct.unpack("!H", query[end - 4 : end - 2])
    packed = [ip.packed for each in answers if _type(ip := ipaddress.ip_address(each)) == kind]
    flags = 0x8180 | code | (0x0200 if truncated else 0)
    records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 300, len(each)) + each for each in packed)
    return query[:2] + struct.pack("!HHHHH", flags, 1, len(packed), 0, 0) + query[12:end] + records


def answers(reply: bytes) -> int:
    """How many records a reply brings."""
    return int.from_bytes(reply[6:8], "big")


def _type(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return A if ip.version == 4 else AAAA
