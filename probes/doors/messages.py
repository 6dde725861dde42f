"""DNS messages by UDP and TCP: dnspython writes what is asked, we read what an answer says. Sends nothing.

Reading is ours (probes/knock/dns.py) because dnspython makes an object of every record, name and option: that was half
of a whole DNS walk (tests/bench/walk_cpu.py). tests/probes/test_messages.py holds the two readings together.
"""

from __future__ import annotations

import functools
import socket
import struct
from dataclasses import dataclass

import dns.entropy
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from probes.failure import Refusal
from probes.knock.dns import Malformed, Name, Record, read_name, read_records
from probes.words import Failure

_UDP_PAYLOAD = 1232  # DNS flag day 2020: fits every path without fragments
_MOST_REPLY_BYTES, _MOST_RECORDS, _MOST_ADDRESSES = 4096, 100, 32
_HEADER = struct.Struct(">HHHHHH")  # id, flags, and how many questions, answers, authorities, additionals
_TYPE_AND_CLASS = struct.Struct(">HH")
_OPCODE = 0x7800
_RCODES: dict[int, Failure] = {
    dns.rcode.NXDOMAIN: Failure.DNS_NXDOMAIN,
    dns.rcode.SERVFAIL: Failure.DNS_SERVFAIL,
    dns.rcode.REFUSED: Failure.DNS_REFUSED,
}
# who says one of these may leave the question out
_WITHOUT_QUESTION = {dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED}
_FAMILIES = {dns.rdatatype.A: (socket.AF_INET, 4), dns.rdatatype.AAAA: (socket.AF_INET6, 16)}


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: its addresses, or the No in their place."""

    addresses: tuple[str, ...]
    failure: Failure | None
    truncated: bool
    asks_for_less: bool  # a resolver older than EDNS


@dataclass(frozen=True, slots=True)
class Question:
    """One query on its way, with an id of its own."""

    wire: bytes
    name: Name
    rdtype: dns.rdatatype.RdataType

    @classmethod
    def about(cls, host: str, *, v6: bool = False, edns: bool = True) -> Question:
        """All but the id is made once a name: that was half the work of asking (tests/bench)."""
        wire, name, rdtype = _made(host, v6, edns)
        return cls(dns.entropy.random_16().to_bytes(2, "big") + wire[2:], name, rdtype)

    def read(self, data: bytes) -> Said:
        """Raises Refusal for what is no answer to this question."""
        try:
            reply = _Reply.of(data)
        except Malformed:
            raise Refusal(Failure.DNS_MALFORMED_REPLY) from None
        if data[:2] != self.wire[:2]:
            raise Refusal(Failure.DNS_WRONG_ID)
        if not self._answered_by(reply):
            raise Refusal(Failure.DNS_MALFORMED_REPLY)
        addresses, failure = _addresses(reply, self.rdtype), _RCODES.get(reply.rcode)
        if failure is None and (reply.rcode != dns.rcode.NOERROR or not addresses):
            failure = Failure.DNS_NO_ANSWER
        return Said(
            addresses=addresses if failure is None else (),
            failure=failure,
            truncated=bool(reply.flags & dns.flags.TC),
            asks_for_less=reply.rcode == dns.rcode.FORMERR,
        )

    def _answered_by(self, reply: _Reply) -> bool:
        """A reply, to a plain query, that repeats the question and no other; a No may come without."""
        if not reply.flags & dns.flags.QR or reply.flags & _OPCODE != dns.opcode.to_flags(dns.opcode.QUERY):
            return False
        if not reply.questions:
            return reply.rcode in _WITHOUT_QUESTION
        return set(reply.questions) == {(self.name, self.rdtype, dns.rdataclass.IN)}


@functools.lru_cache(maxsize=1024)
def _made(host: str, v6: bool, edns: bool) -> tuple[bytes, Name, dns.rdatatype.RdataType]:
    wanted = dns.rdatatype.AAAA if v6 else dns.rdatatype.A
    if edns:
        message = dns.message.make_query(host, wanted, use_edns=0, payload=_UDP_PAYLOAD)
    else:
        message = dns.message.make_query(host, wanted)
    name = message.question[0].name
    return message.to_wire(), tuple(label.lower() for label in name.labels if label), wanted


@dataclass(frozen=True, slots=True)
class _Reply:
    """`rcode` with the bits that stand in its OPT record (RFC 6891 section 6.1.3)."""

    flags: int
    rcode: int
    questions: list[tuple[Name, int, int]]
    answers: list[Record]

    @classmethod
    def of(cls, data: bytes) -> _Reply:
        """What stands behind the last record is left alone. Raises Malformed."""
        if not _HEADER.size <= len(data) <= _MOST_REPLY_BYTES:
            raise Malformed
        _, flags, asked, *counts = _HEADER.unpack_from(data)
        if sum(counts) > _MOST_RECORDS:
            raise Malformed
        questions, at = _questions(data, asked)
        answers, at = read_records(data, at, counts[0])
        others, _ = read_records(data, at, counts[1] + counts[2])
        more = sum(each.ttl_s >> 24 << 4 for each in others[counts[1] :] if each.rdtype == dns.rdatatype.OPT)
        return cls(flags, flags & 15 | more, questions, answers)


def _questions(data: bytes, count: int) -> tuple[list[tuple[Name, int, int]], int]:
    found: list[tuple[Name, int, int]] = []
    at = _HEADER.size
    for _ in range(count):
        name, at = read_name(data, at)
        if at + _TYPE_AND_CLASS.size > len(data):
            raise Malformed
        found.append((name, *_TYPE_AND_CLASS.unpack_from(data, at)))
        at += _TYPE_AND_CLASS.size
    return found, at


def _addresses(reply: _Reply, wanted: dns.rdatatype.RdataType) -> tuple[str, ...]:
    """Addresses of class IN alone: an A record of another class is something else, and a liar's to send.

    Refusal for one that is longer or shorter than addresses are.
    """
    family, size = _FAMILIES[wanted]
    held = [each.rdata for each in reply.answers if (each.rdtype, each.rdclass) == (wanted, dns.rdataclass.IN)]
    if any(len(rdata) != size for rdata in held):
        raise Refusal(Failure.DNS_MALFORMED_REPLY)
    return tuple(dict.fromkeys(socket.inet_ntop(family, rdata) for rdata in held))[:_MOST_ADDRESSES]
