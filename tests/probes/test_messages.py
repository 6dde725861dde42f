"""What a DNS reply says, read by us and by dnspython: both read the same out of it, or both call it none."""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.doors.messages import Question
from probes.failure import Refusal
from probes.words import Failure

NAME = "web.whatsapp.com"
QUESTION = Question.about(NAME)
_RCODES = {2: Failure.DNS_SERVFAIL, 3: Failure.DNS_NXDOMAIN, 5: Failure.DNS_REFUSED}
Heard = tuple[tuple[str, ...], Failure | None, bool, bool]


def ours(data: bytes) -> Heard | Failure:
    try:
        said = QUESTION.read(data)
    except Refusal as no:
        return no.failure
    return said.addresses, said.failure, said.truncated, said.asks_for_less


def dnspythons(data: bytes) -> Heard | Failure:
    try:
        reply = dns.message.from_wire(data, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return Failure.DNS_MALFORMED_REPLY
    query = dns.message.from_wire(QUESTION.wire)
    if reply.id != query.id:
        return Failure.DNS_WRONG_ID
    if not query.is_response(reply):
        return Failure.DNS_MALFORMED_REPLY
    held = (each for each in reply.answer if (each.rdtype, each.rdclass) == (1, 1))
    found = tuple(dict.fromkeys(str(rdata.address) for rrset in held for rdata in rrset))[:32]
    rcode = reply.rcode()
    failure = _RCODES.get(rcode, None if rcode == 0 and found else Failure.DNS_NO_ANSWER)
    truncated, less = bool(reply.flags & dns.flags.TC), rcode == dns.rcode.FORMERR
    return (() if failure else found), failure, truncated, less


_NAMES = st.sampled_from([NAME, "WEB.whatsapp.COM", "a.example", "whatsapp.com", "."])
_RECORDS = st.one_of(
    st.tuples(_NAMES, st.just("A"), st.ip_addresses(v=4).map(str)),
    st.tuples(_NAMES, st.just("AAAA"), st.ip_addresses(v=6).map(str)),
    st.tuples(_NAMES, st.just("CNAME"), st.just("mmx-ds.cdn.whatsapp.net.")),
    st.tuples(_NAMES, st.just("TXT"), st.just('"a text"')),
    st.tuples(_NAMES, st.just("SOA"), st.just("ns.example. mail.example. 1 2 3 4 5")),
)


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """As servers write them: with names in short, with and without EDNS, with any rcode."""
    reply = dns.message.make_response(dns.message.from_wire(QUESTION.wire))
    if draw(st.booleans()):
        reply.use_edns(edns=0, pad=draw(st.sampled_from([0, 128])))
    else:
        reply.use_edns(edns=-1)
    reply.set_rcode(dns.rcode.Rcode(draw(st.integers(0, 16 if reply.edns >= 0 else 15))))
    reply.flags |= draw(st.sampled_from([0, dns.flags.TC, dns.flags.AA]))
    for section in (reply.answer, reply.authority, reply.additional):
        for name, rdtype, said in draw(st.lists(_RECORDS, max_size=5)):
            section.append(dns.rrset.from_text(name if name == "." else f"{name}.", 60, "IN", rdtype, said))
    if draw(st.integers(0, 5)) == 0:
        reply.question.clear()
    return reply.to_wire()


def in_any_order(heard: Heard | Failure) -> object:
    """dnspython puts records of one name together, we leave them where they came."""
    return heard if isinstance(heard, Failure) else (sorted(heard[0]), *heard[1:])


@given(replies())
def test_a_reply_says_the_same_to_both(reply: bytes) -> None:
    assert in_any_order(ours(reply)) == in_any_order(dnspythons(reply))


@given(replies(), st.data())
def test_of_a_reply_that_was_spoilt_both_read_the_same_where_dnspython_reads_any(
    reply: bytes, data: st.DataObject
) -> None:
    """dnspython looks into the data of every type it knows, we look into that of addresses and aliases."""
    spoilt = bytearray(reply)
    for _ in range(data.draw(st.integers(1, 3))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    theirs = in_any_order(dnspythons(bytes(spoilt)))
    if theirs is not Failure.DNS_MALFORMED_REPLY:
        assert in_any_order(ours(bytes(spoilt))) == theirs


@given(st.binary(max_size=300), st.integers(0, 34))
def test_no_bytes_make_it_raise_anything_but_a_refusal(data: bytes, kept: int) -> None:
    ours(data)
    ours(QUESTION.wire[:kept] + data)


@pytest.mark.parametrize("size", [3, 5])
def test_an_address_of_another_length_is_none(size: int) -> None:
    reply = dns.message.make_response(dns.message.from_wire(QUESTION.wire))
    reply.use_edns(edns=-1)
    reply.answer.append(dns.rrset.from_text(f"{NAME}.", 60, "IN", "A", "192.0.2.1"))
    good = reply.to_wire()
    spoilt = good[:-6] + size.to_bytes(2, "big") + bytes(size)
    assert ours(good) == (("192.0.2.1",), None, False, False)
    assert ours(spoilt) is dnspythons(spoilt) is Failure.DNS_MALFORMED_REPLY
