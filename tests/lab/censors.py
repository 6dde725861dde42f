"""Censors nobody has seen here yet, and what only looks like one: more worlds, in the words of tests/lab/one_world.py.

Others will judge with liars of their own: whatever may be said of each stands here before it is met.
"""

from __future__ import annotations

from probes.words import Failure, Finding, Step
from tests.lab import world
from tests.lab.one_world import FILES, NAMES_OF, OPEN, PLAIN, QUIC, REACHED, TO, UDP, WEB, WEB6, World, broke

_OK, _BROKEN, _INTERFERED = frozenset({"ok"}), frozenset({"broken"}), frozenset({"interfered"})
_UNKNOWN = frozenset({"insufficient"})
_UNSETTLED = frozenset({"ok", "insufficient", "broken"})
_NAMED = frozenset({Finding.NAME_FILTERED})  # by TLS it is heard as well
_SILENT_NAME = broke(Step.HANDSHAKE, Failure.TIMEOUT)
_TLS = {**TO, "ports": [443]}
_ONE = {"to": [f"{world.names()['www.instagram.com'][0]}/32"]}
_BY_QUIC = {"ports": [443]}


def _by_name(name: str, why: str, failure: Failure, finding: Finding = Finding.NAME_FILTERED, **row: object) -> World:
    lie = ({"lie": "reply_by_name", **NAMES_OF, **row},)
    return World(name, why, WEB, lie, broke(Step.HANDSHAKE, failure), finding, states=_INTERFERED)


REPLIES = (
    _by_name("mitm_by_name", "a certificate from nobody, shown to whoever says the name", Failure.SSL_UNKNOWN_AUTHORITY,
             Finding.FORGED_CERTIFICATE, what="certificate"),
    _by_name("fin_by_name", "a close in the far end's name", Failure.EOF, what="fin"),
    _by_name("alert_by_name", "unrecognized_name from somebody on the way", Failure.SSL_FAILED_HANDSHAKE, what="alert"),
    _by_name("alert_internal", "internal_error from somebody on the way", Failure.SSL_FAILED_HANDSHAKE, what="alert",
             code=80),
    _by_name("noise_by_name", "what comes is no TLS at all", Failure.SSL_FAILED_HANDSHAKE, what="noise"),
    _by_name("full_by_name", "a tarpit: the far end has no room for another byte, ever", Failure.TIMEOUT, what="full"),
    World("fin_in_clear", "a close right after the request", PLAIN, ({"lie": "reply_by_name", **NAMES_OF},),
          broke(Step.FETCH, Failure.EOF), states=_BROKEN, elsewhere=_NAMED),
    World("noise_in_clear", "what comes is no HTTP", PLAIN, ({"lie": "reply_by_name", **NAMES_OF, "what": "noise"},),
          broke(Step.FETCH, Failure.HTTP_REQUEST_FAILED), states=_BROKEN, elsewhere=_NAMED),
)  # fmt: skip

CONNECTIONS = (
    *(World(f"anybody_connects_{then}", "a proxy on the way takes the connection, and is nobody", WEB,
            ({"lie": "anybody_connects", **_TLS, "then": then},), broke(Step.HANDSHAKE, failure),
            Finding.ADDRESS_FILTERED, states=_BROKEN)
      for then, failure in (("silence", Failure.TIMEOUT), ("fin", Failure.EOF), ("reset", Failure.CONNECTION_RESET))),
    World("anybody_connects_everywhere", "a cut behind a proxy that takes every connection: an open port proves nobody",
          OPEN, ({"lie": "anybody_connects"},), REACHED, states=frozenset({"insufficient", "cut_off"})),
    *(World(f"icmp_{word}", why, WEB, ({"lie": "icmp_address", **TO, "code": code},), broke(Step.CONNECT, failure),
            Finding.ADDRESS_FILTERED, states=_BROKEN)
      for word, why, code, failure in (
          ("prohibited", "a router says it may not", 13, Failure.HOST_UNREACHABLE),
          ("port", "a router says that nobody listens", 3, Failure.CONNECTION_REFUSED))),
    World("one_address_of_three", "the other two answer", WEB, ({"lie": "drop_address", **_ONE},),
          (*REACHED, *broke(Step.CONNECT, Failure.TIMEOUT)), states=_UNSETTLED),
    World("expired", "nobody renewed the service's own certificate", WEB,
          ({"lie": "diversion", **_TLS, "toward": world.EXPIRED},),
          broke(Step.HANDSHAKE, Failure.SSL_INVALID_CERTIFICATE), states=_BROKEN, needs="expired"),
    World("dead_after_greeting", "the handshake passes, and then nothing", WEB,
          ({"lie": "dead_after", **_TLS, "packets": 2},), broke(Step.FETCH, Failure.TIMEOUT), states=_BROKEN),
    World("vpn_dead_after_ten", "a tunnel that opens and carries nothing: a probe goes only as far as its depth says",
          UDP, ({"lie": "dead_after", "ports": [1194], "packets": 10},), REACHED, states=_OK),
)  # fmt: skip

_FORGED = Finding.FORGED_DNS_ANSWER
ANSWERS = (
    *(World(f"dns_{word}", why, WEB, ({"lie": "dns_denial", **NAMES_OF, "code": code},), broke(Step.RESOLVE, failure),
            states=_BROKEN)
      for word, why, code, failure in (
          ("servfail", "the resolver cannot find out, it says", 2, Failure.DNS_SERVFAIL),
          ("refused", "the resolver will not, it says", 5, Failure.DNS_REFUSED),
          ("empty", "the name is there, and has no address", 0, Failure.DNS_NO_ANSWER))),
    World("dns_denial_then_truth", "NXDOMAIN first, the truth second", WEB,
          ({"lie": "dns_denial", **NAMES_OF, "passes": True},),
          broke(Step.RESOLVE, Failure.DNS_NXDOMAIN, Finding.INJECTED_DNS_ANSWER), Finding.INJECTED_DNS_ANSWER,
          states=_INTERFERED),
    World("dns_servfail_then_truth", "SERVFAIL first, the truth second", WEB,
          ({"lie": "dns_denial", **NAMES_OF, "code": 2, "passes": True},),
          broke(Step.RESOLVE, Failure.DNS_SERVFAIL, Finding.INJECTED_DNS_ANSWER), Finding.INJECTED_DNS_ANSWER,
          states=_INTERFERED),
    World("dns_empty_then_truth", "no address first, the truth second", WEB,
          ({"lie": "dns_denial", **NAMES_OF, "code": 0, "passes": True},),
          broke(Step.RESOLVE, Failure.DNS_NO_ANSWER, Finding.INJECTED_DNS_ANSWER), Finding.INJECTED_DNS_ANSWER,
          states=_INTERFERED),
    World("dns_wrong_id", "answers to another query than ours, and no other", WEB, ({"lie": "dns_noise", **NAMES_OF},),
          broke(Step.RESOLVE, Failure.DNS_WRONG_ID), states=_BROKEN),
    World("dns_wrong_id_then_truth", "a forger guesses at the id, and the truth is second", WEB,
          ({"lie": "dns_noise", **NAMES_OF, "passes": True},), REACHED, states=_OK),
    World("dns_malformed", "what comes is no message", WEB, ({"lie": "dns_noise", **NAMES_OF, "broken": True},),
          broke(Step.RESOLVE, Failure.DNS_MALFORMED_REPLY), states=_BROKEN),
    World("dns_localhost", "127.0.0.1 from the operator", WEB,
          ({"lie": "dns_forgery", **NAMES_OF, "address": "127.0.0.1", "address6": "::1"},),
          broke(Step.RESOLVE, Failure.DNS_BOGON), _FORGED, states=_INTERFERED),
    World("dns_private", "10.1.1.1 from the operator, which no list knows", WEB,
          ({"lie": "dns_forgery", **NAMES_OF, "address": "10.1.1.1", "address6": ""},),
          broke(Step.RESOLVE, Failure.DNS_BOGON), _FORGED, states=_INTERFERED),
    World("dns_dead_sinkhole", "a public address nobody answers at, which no list knows", WEB,
          ({"lie": "dns_forgery", **NAMES_OF, "address": "203.99.130.7", "address6": ""},),
          broke(Step.CONNECT, Failure.TIMEOUT), states=_BROKEN),
)  # fmt: skip

SOMETIMES = (
    World("name_in_three_of_ten", "by SNI, three flows in ten", WEB,
          ({"lie": "silence_by_name", **NAMES_OF, "of_flows": 0.3},), (*REACHED, *_SILENT_NAME), states=_UNSETTLED),
    World("name_in_seven_of_ten", "by SNI, seven flows in ten", WEB,
          ({"lie": "silence_by_name", **NAMES_OF, "of_flows": 0.7},), (*REACHED, *_SILENT_NAME)),
    World("residue_of_a_host", "after a hit that host is dead on every port, for a minute", WEB,
          ({"lie": "silence_by_name", **NAMES_OF, "residue_s": 60, "every_port": True},), _SILENT_NAME,
          Finding.NAME_FILTERED, states=_INTERFERED),
    World("ipv4_only", "IPv4 is gone, and IPv6 lives", WEB, ({"lie": "cut", "family": 4},),
          broke(Step.RESOLVE, Failure.TIMEOUT), states=frozenset({"insufficient", "cut_off"})),
    World("ipv4_only_leaves_ipv6", "the same over IPv6; resolvers stand in IPv4", WEB6, ({"lie": "cut", "family": 4},),
          broke(Step.RESOLVE, Failure.TIMEOUT), states=frozenset({"insufficient", "cut_off"})),
)  # fmt: skip

_FILTERED = Finding.PROTOCOL_FILTERED
DATAGRAMS = (
    World("quic_version", "version 1 is dropped, and what asks for others answered", QUIC,
          ({"lie": "quic_version", **_BY_QUIC},), _SILENT_NAME, _FILTERED, states=_INTERFERED),
    World("quic_by_name", "QUIC to one name", QUIC, ({"lie": "quic_by_name", "names": [world.WITNESS_NAME]},),
          _SILENT_NAME, states=_BROKEN),
    World("quic_negotiated", "versions nobody speaks are offered in the far end's name", QUIC,
          ({"lie": "quic_answered", **_BY_QUIC},), broke(Step.HANDSHAKE, Failure.QUIC_INCOMPATIBLE_VERSION), _FILTERED,
          states=_INTERFERED),
    World("quic_closed", "a close under the keys everybody can derive", QUIC,
          ({"lie": "quic_answered", **_BY_QUIC, "closes": 1},), broke(Step.HANDSHAKE, Failure.CONNECTION_ABORTED),
          _FILTERED, states=_INTERFERED),
)  # fmt: skip

PAGES = (
    *(World(f"plain_{status}", "a No in clear that no list knows: nobody can tell whose", PLAIN,
            ({"lie": "plain_page", **NAMES_OF, "status": status},), REACHED, states=_UNKNOWN)
      for status in (403, 451)),
    World("plain_302", "led elsewhere in clear, as services do and filters as well", PLAIN,
          ({"lie": "plain_page", **NAMES_OF, "status": 302},), REACHED, states=_UNKNOWN),
)  # fmt: skip

SHAPED = (
    World("shaped_service", "64 kbit/s for one service, by its addresses", FILES,
          ({"lie": "throttle", **TO, "bytes_per_s": 8_000},), REACHED, states=_OK, timeout_s=10),
    World("shaped_line", "64 kbit/s for everything", WEB, ({"lie": "throttle", "bytes_per_s": 8_000},), REACHED,
          states=_OK, timeout_s=10),
)  # fmt: skip

CENSORS = (*REPLIES, *CONNECTIONS, *ANSWERS, *SOMETIMES, *DATAGRAMS, *PAGES, *SHAPED)
# what is another shape of one that stands beside it, or where a walk only waits: looked at in the full counts alone
_ELSEWHERE_TOO = {"alert_internal", "anybody_connects_fin", "anybody_connects_reset", "dns_servfail_then_truth",
                  "dns_empty_then_truth", "dns_private", "name_in_three_of_ten", "name_in_seven_of_ten", "ipv4_only",
                  "ipv4_only_leaves_ipv6", "plain_451", "shaped_service", "shaped_line"}  # fmt: skip
MORE = tuple(each for each in CENSORS if each.name in _ELSEWHERE_TOO)
FEW = tuple(each for each in CENSORS if each not in MORE)
