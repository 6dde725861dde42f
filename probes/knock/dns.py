"""One DNS question and its answer, as they stand within TLS, HTTPS and QUIC. Strict and bounded; looks nothing up.

Layout: RFC 1035 section 4.1; the length of two bytes before each message, RFC 7858 section 3.3 (DoT) and RFC 9250
section 4.2 (DoQ). The id is 0 where a stream of its own tells messages apart (RFC 8484 section 4.1, RFC 9250 section
4.2.1). Questions are padded to 128 bytes (RFC 8467 section 4.1): their length says nothing of the name.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from probes.knock.talk import Ask, Reply

MEDIA_TYPE, PATH = "application/dns-message", "/dns-query"
NEUTRAL_NAME = "example.com"  # RFC 2606; asked for where the resolver has no name of its own
_MOST_BYTES = 4096
_MOST_RECORDS = 100
_MOST_ALIASES = 8
_MOST_POINTERS = 16
_PADDED_BYTES = 128
_IN, _CNAME, _OPT, _PADDING = 1, 5, 41, 12
_UDP_PAYLOAD = 1232
_FIXED = struct.Struct(">HHIH")  # type, class, time to live, length: what stands between a record's name and its data

Name = tuple[bytes, ...]  # its labels, in small letters


class Type(IntEnum):
    A = 1
    AAAA = 28


class Malformed(Exception):
    """What came is no DNS message, or none that answers the question."""


@dataclass(frozen=True, slots=True)
class Answered:
    """`addresses` of the name that was asked for, through its aliases, in the order they came."""

    rcode: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """`framed`: the message's length goes before it."""

    id: int
    name: str
    framed: bool
    type: Type = Type.A

    def opening(self) -> bytes:
        head = self.id.to_bytes(2, "big") + b"\x01\x00" + b"\0\1" + bytes(4) + b"\0\1"
        message = head + self._question() + b"\0" + _OPT.to_bytes(2, "big") + _UDP_PAYLOAD.to_bytes(2, "big") + bytes(4)
        padding = bytes(-(len(message) + 6) % _PADDED_BYTES)
        option = _PADDING.to_bytes(2, "big") + len(padding).to_bytes(2, "big") + padding
        message += len(option).to_bytes(2, "big") + option
        return len(message).to_bytes(2, "big") + message if self.framed else message

    def read(self, data: bytes) -> Reply:
        """PROVEN: this question, answered with NOERROR."""
        if self.framed:
            length = int.from_bytes(data[:2], "big")
            if len(data) >= 2 and not 12 <= length <= _MOST_BYTES:
                return Reply.OTHER
            if len(data) < 2 + length or len(data) < 2:
                return Reply.MORE
            data = data[2 : 2 + length]
        try:
            return Reply.PROVEN if self.answered(data).rcode == 0 else Reply.OTHER
        except Malformed:
            return Reply.OTHER

    def answered(self, message: bytes) -> Answered:
        """What `message`, without its length, says. Raises Malformed."""
        if not 12 <= len(message) <= _MOST_BYTES:
            raise Malformed
        flags = int.from_bytes(message[2:4], "big")
        counts = [int.from_bytes(message[at : at + 2], "big") for at in (4, 6, 8, 10)]
        is_answer = flags & 0xFA00 == 0x8000  # a reply, to a plain query, and whole
        if not is_answer or message[:2] != self.id.to_bytes(2, "big") or counts[0] != 1 or sum(counts) > _MOST_RECORDS:
            raise Malformed
        name, at = read_name(message, 12)
        if name != _labels(self.name) or message[at : at + 4] != self.type.to_bytes(2, "big") + _IN.to_bytes(2, "big"):
            raise Malformed
        records, at = read_records(message, at + 4, sum(counts[1:]))
        if at != len(message):
            raise Malformed
        return Answered(flags & 15, self._addresses(records[: counts[1]]))

    def _question(self) -> bytes:
        labels = b"".join(bytes([len(label)]) + label for label in _labels(self.name))
        return labels + b"\0" + self.type.to_bytes(2, "big") + _IN.to_bytes(2, "big")

    def _addresses(self, records: list[Record]) -> tuple[str, ...]:
        here = [each for each in records if each.rdclass == _IN]
        aliases = {each.name: each.alias for each in here if each.rdtype == _CNAME}
        name = _labels(self.name)
        for _ in range(_MOST_ALIASES):
            name = aliases.get(name, name)
        size = 4 if self.type is Type.A else 16
        found = [each.rdata for each in here if (each.name, each.rdtype) == (name, self.type)]
        if any(len(rdata) != size for rdata in found):
            raise Malformed
        return tuple(dict.fromkeys(str(ipaddress.ip_address(rdata)) for rdata in found))


def of_dot(ask: Ask) -> Query:
    return Query(int.from_bytes(ask.token(2), "big"), _asked_for(ask), framed=True)


def of_doh(ask: Ask) -> Query:
    return Query(0, _asked_for(ask), framed=False)


def of_doq(ask: Ask) -> Query:
    return Query(0, _asked_for(ask), framed=True)


def _asked_for(ask: Ask) -> str:
    """The resolver's own name: who asks a resolver for that asks for nothing."""
    return ask.options.get("ask") or ask.endpoint.host or NEUTRAL_NAME


# ---------------------------------------------------------------- as much of RFC 1035 as that takes


class Record(NamedTuple):
    """`ttl_s` as it stands there, of an OPT record something else; `alias`: where a CNAME leads."""

    name: Name
    rdtype: int
    rdclass: int
    ttl_s: int
    rdata: bytes
    alias: Name


def _labels(name: str) -> Name:
    return tuple(label for label in name.lower().encode("ascii").split(b".") if label)


def read_records(message: bytes, at: int, count: int) -> tuple[list[Record], int]:
    """So many records from `at` on, and where the next thing begins. Raises Malformed."""
    found: list[Record] = []
    for _ in range(count):
        name, at = read_name(message, at)
        if at + _FIXED.size > len(message):
            raise Malformed
        rdtype, rdclass, ttl_s, length = _FIXED.unpack_from(message, at)
        at += _FIXED.size
        end = at + length
        if end > len(message):
            raise Malformed
        alias: Name = ()
        if rdtype == _CNAME:
            alias, alias_end = read_name(message, at)
            if alias_end != end:
                raise Malformed
        found.append(Record(name, rdtype, rdclass, ttl_s, message[at:end], alias))
        at = end
    return found, at


def read_name(message: bytes, at: int) -> tuple[Name, int]:
    """The labels, and where the next thing begins. Raises Malformed.

    Pointers lead strictly backwards, and few are followed.
    """
    labels: list[bytes] = []
    after, floor, size, pointers = 0, at, 1, 0
    while True:
        length = message[at] if at < len(message) else 0xFF
        if length == 0:
            return tuple(labels), after or at + 1
        if length >= 0xC0:
            target = int.from_bytes(message[at : at + 2], "big") & 0x3FFF
            pointers += 1
            if at + 2 > len(message) or target >= floor or pointers > _MOST_POINTERS:
                raise Malformed
            after = after or at + 2
            at = floor = target
            continue
        labels.append(message[at + 1 : at + 1 + length].lower())
        size += 1 + length
        at += 1 + length
        if length > 63 or size > 255 or at > len(message):
            raise Malformed
