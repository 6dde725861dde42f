"""What our words mean, for people who have never seen a packet. English; says what was seen, never who did it."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.judge import State
from probes.words import Cell, Failure, Finding, Lost, Step

ASKED: Mapping[Step, str] = {
    Step.RESOLVE: "Asked the resolver where {host} stands",
    Step.CONNECT: "Opened a connection to {address}, port {port}",
    Step.HANDSHAKE: "Greeted it in encrypted form and asked it to prove that it is {host}",
    Step.KNOCK: "Spoke the first words of its own protocol",
    Step.FETCH: "Asked for a page",
    Step.TRANSFER: "Had it send a longer file",
}

CAME: Mapping[Failure, str] = {
    Failure.DNS_NXDOMAIN: "it said that there is no such name",
    Failure.DNS_SERVFAIL: "it said that it could not find out",
    Failure.DNS_REFUSED: "it refused to answer",
    Failure.DNS_NO_ANSWER: "it answered without an address",
    Failure.DNS_BOGON: "it gave an address at which no public service can stand",
    Failure.DNS_WRONG_ID: "what came was the answer to another question",
    Failure.DNS_MALFORMED_REPLY: "what came was no answer at all",
    Failure.CONNECTION_REFUSED: "it was refused",
    Failure.CONNECTION_RESET: "it was broken off from the other side, or by somebody on the way",
    Failure.CONNECTION_ABORTED: "it was broken off",
    Failure.HOST_UNREACHABLE: "this machine, or one on the way, said that the host cannot be reached",
    Failure.NETWORK_UNREACHABLE: "this machine, or one on the way, said that there is no way to its network",
    Failure.TIMEOUT: "nothing came back",
    Failure.EOF: "the other side closed in the middle of it",
    Failure.SSL_INVALID_HOSTNAME: "it showed a certificate for another name",
    Failure.SSL_UNKNOWN_AUTHORITY: "it showed a certificate that nobody trusted has signed",
    Failure.SSL_INVALID_CERTIFICATE: "it showed a certificate that is not valid today (is our own clock right?)",
    Failure.SSL_FAILED_HANDSHAKE: "it would not agree on how to encrypt",
    Failure.QUIC_INCOMPATIBLE_VERSION: "it speaks no version of QUIC that we do",
    Failure.HTTP_UNEXPECTED_STATUS: "it answered, but not with what this page is known for",
    Failure.HTTP_REQUEST_FAILED: "what came was no web page",
    Failure.KNOCK_UNEXPECTED_REPLY: "something answered, and it was not this service",
    Failure.UNKNOWN: "it failed in a way we have no word for",
}

FOUND: Mapping[Finding, str] = {
    Finding.FORGED_DNS_ANSWER: "the address given for the name is a forged one",
    Finding.INJECTED_DNS_ANSWER: "one question brought two different answers: somebody on the way gave one of them",
    Finding.FORGED_CERTIFICATE: "wherever the name is said, somebody shows a forged certificate for it",
    Finding.UNEXPECTED_ISSUER: "its certificate is valid, and signed by somebody whom control points never saw sign it",
    Finding.BLOCK_PAGE: "in its place came a page that is known to be put there where a site is blocked",
    Finding.INJECTED_RESET: "wherever the name is said, the connection is broken off",
    Finding.NAME_FILTERED: "connections that say this name fail, and others to the same addresses do not",
    Finding.PROTOCOL_FILTERED: "this protocol fails to hosts that answer to others",
    Finding.THROTTLED_BY_NAME: "transfers that say this name are slowed down, and others are not",
    Finding.STALLED_TRANSFER: "transfers stop after the same few kilobytes again and again",
    Finding.PROVIDER_REFUSAL: "the real service answers, and says that it will not serve this line; why is not visible",
    Finding.ADDRESS_FILTERED: (
        "its addresses answer to no name from here, and others do: a network on the way, or the provider "
        "refusing this country; the two cannot be told apart from here"
    ),
    Finding.LOCAL_SINKHOLE: "a filter in this house answers in its place",
    Finding.CAPTIVE_PORTAL: "this line leads to a login page first",
    Finding.WALLED_GARDEN: "this line leads to some hosts only, as when a data bundle is used up",
    Finding.CLOCK_WRONG: "this box has the wrong date",
    Finding.TUNNELLED_EGRESS: "this line leaves through another network, as through a VPN on the router",
    Finding.RESOLVER_REWRITE: "the resolver leads everything to one address that passes it on",
    Finding.IPV6_BROKEN: "IPv6 does not work on this line at all",
}

HOLDS: Mapping[State, str] = {
    State.OK: "reached",
    State.SLOW: "reached, but slowly",
    State.BROKEN: "not reached",
    State.INTERFERED: "not reached, and something on the way was seen to lie",
    State.REFUSED: "answers, and refuses to serve this line",
    State.CUT_OFF: "this line reaches nothing abroad",
    State.INSUFFICIENT: "cannot be said",
}

COMPARED: Mapping[Cell, str] = {
    Cell.BEFORE: "a neutral host abroad, before",
    Cell.OTHER_HERE: "another name, said at the same address",
    Cell.NAME_HERE: "this name, at the same address again",
    Cell.OTHER_THERE: "another name, said to another server",
    Cell.NAME_THERE: "this name, said to another server",
    Cell.AFTER: "a neutral host abroad, after",
}

LOST: Mapping[Lost, str] = {
    Lost.OUTWARD: "lost on the way there, between this line and our own responder",
    Lost.INWARD: "lost on the way back, between our own responder and this line",
}

SETTLES: Mapping[State, str] = {
    State.BROKEN: "what a control point outside the country sees of it now, and a comparison of names and addresses",
    State.INTERFERED: "whether other lines of this network and other networks see the same",
    State.REFUSED: "whether control points outside the country are served; why it refuses is not visible from a probe",
    State.CUT_OFF: "whether other lines of this network are cut off too, and what hosts inside it show from outside",
    State.INSUFFICIENT: "more walks, some minutes apart and to other addresses: leave the daemon running",
    State.SLOW: "a comparison of speeds by name, over half an hour",
}
