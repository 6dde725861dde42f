"""DNS messages through dnspython: what is asked, and what an answer says. Sends nothing."""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass

import dns.entropy
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.IN.A  # loaded before any reply: a foreign class seen first would settle what an A record is
import dns.rdtypes.IN.AAAA
import dns.rrset

from probes.failure import Refusal
from probes.words import Failure

_UDP_PAYLOAD = 1232  # DNS flag day 2020: fits every path without fragments
_MOST_REPLY_BYTES, _MOST_RECORDS = 4096, 100  # dnspython needs 13 s for 64 KB of compressed names (measured)
_RCODES = {
    dns.rcode.NXDOMAIN: Failure.DNS_NXDOMAIN,
    dns.rcode.SERVFAIL: Failure.DNS_SERVFAIL,
    dns.rcode.REFUSED: Failure.DNS_REFUSED,
}


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

    message: dns.message.Message
    wire: bytes

    @classmethod
    def about(cls, host: str, *, v6: bool = False, edns: bool = True) -> Question:
        """All but the id is made once a name: that was half the work of asking (tests/bench)."""
        made, wire = _made(host, v6, edns)
        message = copy.copy(made)
        message.id = dns.entropy.random_16()
        return cls(message, message.id.to_bytes(2, "big") + wire[2:])

    def read(self, data: bytes) -> Said:
        """Raises Refusal for what is no answer to this question."""
        records = sum(int.from_bytes(data[at : at + 2], "big") for at in (6, 8, 10))
        if len(data) > _MOST_REPLY_BYTES or records > _MOST_RECORDS:
            raise Refusal(Failure.DNS_MALFORMED_REPLY)
        try:
            reply = dns.message.from_wire(data, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError):
            raise Refusal(Failure.DNS_MALFORMED_REPLY) from None
        if reply.id != self.message.id:
            raise Refusal(Failure.DNS_WRONG_ID)
        if not self.message.is_response(reply):
            raise Refusal(Failure.DNS_MALFORMED_REPLY)
        return _said(reply, self.message.question[0].rdtype)


@functools.lru_cache(maxsize=1024)
def _made(host: str, v6: bool, edns: bool) -> tuple[dns.message.Message, bytes]:
    wanted = dns.rdatatype.AAAA if v6 else dns.rdatatype.A
    if edns:
        message = dns.message.make_query(host, wanted, use_edns=0, payload=_UDP_PAYLOAD)
    else:
        message = dns.message.make_query(host, wanted)
    return message, message.to_wire()


def _said(reply: dns.message.Message, wanted: dns.rdatatype.RdataType) -> Said:
    """Addresses of class IN alone: an A record of another class is something else, and a liar's to send."""
    holding = (r for r in reply.answer if r.rdtype == wanted and r.rdclass == dns.rdataclass.IN)
    found = tuple(dict.fromkeys(str(rdata.address) for rrset in holding for rdata in rrset))[:32]
    rcode = reply.rcode()
    failure = _RCODES.get(rcode)
    if failure is None and (rcode is not dns.rcode.NOERROR or not found):
        failure = Failure.DNS_NO_ANSWER
    return Said(
        addresses=found if failure is None else (),
        failure=failure,
        truncated=bool(reply.flags & dns.flags.TC),
        asks_for_less=rcode is dns.rcode.FORMERR,
    )
