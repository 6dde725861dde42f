"""The worlds as data: what is done to one box, why it matters, what one walk of it shows, what comparing should find.

Each stands for a row of the field's record, a lie or what only looks like one. All of them can be lived in at once,
each by a box of its own (Lab.add); `needs` names what must be started before (tests/lab/others.py).
"""

from __future__ import annotations

from probes.words import Failure, Finding, Step
from tests.lab import world
from tests.lab.one_world import (
    ABROAD,
    CHAT,
    FILES,
    LEARNING,
    NAMES_OF,
    PLAIN,
    QUIC,
    REACHED,
    SAID,
    TCP,
    TO,
    UDP,
    WEB,
    WEB6,
    Seen,
    World,
    broke,
)

_CANARIES = {"to": [f"{each}/32" for each in world.canaries().values()]}
_DOMESTIC = {"domestic": list(world.DOMESTIC)}
_PAGES = [
    {"lie": "diversion", "protocol": "tcp", "ports": [80, 443], "toward": world.PORTAL, "but": [f"{world.PORTAL}/32"]}
]


_SILENT_NAME = broke(Step.HANDSHAKE, Failure.TIMEOUT)
_SILENT_ADDRESS = broke(Step.CONNECT, Failure.TIMEOUT)
_SILENT_KNOCK = broke(Step.KNOCK, Failure.TIMEOUT)
_SILENT_ANSWER = broke(Step.RESOLVE, Failure.TIMEOUT)
_RESET_NAME = broke(Step.HANDSHAKE, Failure.CONNECTION_RESET)
_FILTERED = frozenset({Finding.PROTOCOL_FILTERED})
_BAD_LINE = (*REACHED, *_SILENT_ANSWER, *_SILENT_ADDRESS, *_SILENT_NAME, *broke(Step.FETCH, Failure.TIMEOUT))

NAMES = (
    World("dns_known_forgery", "Iran's 10.10.34.x", WEB, ({"lie": "dns_forgery", **NAMES_OF},),
          broke(Step.RESOLVE, Failure.DNS_BOGON, Finding.FORGED_DNS_ANSWER), Finding.FORGED_DNS_ANSWER),
    World("dns_known_public_forgery", "a known forgery that is a stranger's address (tr_6)", WEB,
          ({"lie": "dns_forgery", **NAMES_OF, "address": "195.175.254.2"},),
          broke(Step.CONNECT, Failure.TIMEOUT, Finding.FORGED_DNS_ANSWER), Finding.FORGED_DNS_ANSWER),
    World("dns_impostor", "an answer that leads to a real web server with another name's certificate", WEB,
          ({"lie": "dns_forgery", **NAMES_OF, "address": world.IMPOSTOR},),
          broke(Step.HANDSHAKE, Failure.SSL_INVALID_HOSTNAME), Finding.FORGED_DNS_ANSWER, needs="impostor"),
    World("dns_denial", "NXDOMAIN from an injector", WEB, ({"lie": "dns_denial", **NAMES_OF},),
          broke(Step.RESOLVE, Failure.DNS_NXDOMAIN)),
    World("dns_late_duplicate", "the forgery comes first, the truth second", WEB,
          ({"lie": "dns_forgery", **NAMES_OF, "address": "31.13.66.6", "passes": True},),
          broke(Step.CONNECT, Failure.TIMEOUT, Finding.FORGED_DNS_ANSWER, Finding.INJECTED_DNS_ANSWER),
          Finding.INJECTED_DNS_ANSWER),
    World("dns_over_tcp", "UDP is told to come by TCP, and is lied to there", WEB,
          ({"lie": "dns_denial", **NAMES_OF, "truncated": True}, {"lie": "dns_forgery", **NAMES_OF, "over": ["tcp"]}),
          broke(Step.RESOLVE, Failure.DNS_BOGON, Finding.FORGED_DNS_ANSWER), Finding.FORGED_DNS_ANSWER),
    World("dns_silence", "243 of 250 failed lookups of WhatsApp, 22 September 2022", WEB,
          ({"lie": "dns_silence", **NAMES_OF},), _SILENT_ANSWER),
    World("resolver_dead", "no name at all resolves: the resolver, not the service", WEB,
          ({"lie": "drop_address", "ports": [53]},), _SILENT_ANSWER),
    World("silence_by_name", "14 of 16 handshakes with WhatsApp, 22 September 2022", WEB,
          ({"lie": "silence_by_name", **NAMES_OF},), _SILENT_NAME, Finding.NAME_FILTERED),
    World("silence_with_residue", "after a hit that address is dead for the whole household, renewed by use", WEB,
          ({"lie": "silence_by_name", **NAMES_OF, "residue_s": 60},), _SILENT_NAME, Finding.NAME_FILTERED),
    World("reset_by_name", "a reset that follows the name", WEB, ({"lie": "reset_by_name", **NAMES_OF},), _RESET_NAME,
          Finding.INJECTED_RESET),
    World("reset_racing", "the request arrives, and a reset races the true reply", WEB,
          ({"lie": "reset_by_name", **NAMES_OF, "passes": True},), _RESET_NAME, Finding.INJECTED_RESET),
    World("reset_both", "both ends are reset", WEB, ({"lie": "reset_by_name", **NAMES_OF, "passes": True, "both": True},),
          _RESET_NAME, Finding.INJECTED_RESET),
    World("server_hello_swallowed", "June 2025 for one name: the ClientHello passes, the ServerHello does not", WEB,
          ({"lie": "server_hello_swallowed", **NAMES_OF},), _SILENT_NAME, Finding.NAME_FILTERED),
    World("server_hello_of_an_address", "the same for addresses, whatever name is said", WEB,
          ({"lie": "server_hello_swallowed", **TO},), _SILENT_NAME, Finding.ADDRESS_FILTERED),
    World("server_hello_of_everything", "June 2025 as it was: everything foreign", WEB,
          ({"lie": "server_hello_swallowed", **_DOMESTIC},), _SILENT_NAME),
    World("outward_only", "asymmetric routing: the censor sees one direction", WEB,
          ({"lie": "silence_by_name", **NAMES_OF, "sees": "outward"},), _SILENT_NAME, Finding.NAME_FILTERED),
    World("sni_allow_list", "the ends of 2022 and 2026: only listed names pass", WEB,
          ({"lie": "sni_allow_list", "names": ["aparat.com", "ethz.ch"], **_DOMESTIC},), _SILENT_NAME,
          Finding.NAME_FILTERED),
    World("sni_allow_list_of_home", "no name of ours abroad is listed: only one of home passes, whoever it is said to",
          WEB, ({"lie": "sni_allow_list", "names": ["digikala.com"], **_DOMESTIC},), _SILENT_NAME,
          Finding.NAME_FILTERED),
    World("one_of_two_paths", "one of two equal paths filters", WEB,
          ({"lie": "silence_by_name", **NAMES_OF, "paths": 2},), (*REACHED, *_SILENT_NAME)),
)  # fmt: skip

ADDRESSES = (
    World("drop_address", "107 of 123 connects to WhatsApp, 22 September 2022", WEB,
          ({"lie": "drop_address", **TO},), _SILENT_ADDRESS, Finding.ADDRESS_FILTERED),
    World("reset_address", "a connect that is refused on the way", WEB, ({"lie": "reset_address", **TO},),
          broke(Step.CONNECT, Failure.CONNECTION_REFUSED), Finding.ADDRESS_FILTERED),
    World("drop_port", "one port of every address", WEB, ({"lie": "drop_address", "ports": [443]},), _SILENT_ADDRESS),
    World("drop_address_and_port", "one port of these addresses", WEB, ({"lie": "drop_address", **TO, "ports": [443]},),
          _SILENT_ADDRESS, Finding.ADDRESS_FILTERED),
    World("cut_foreign", "a shutdown: the country talks to itself, its resolvers too", WEB,
          ({"lie": "cut_foreign", **_DOMESTIC},), _SILENT_ADDRESS),
    World("cut", "an outage: nothing at all", WEB, ({"lie": "cut"},), _SILENT_ANSWER),
    World("hub_blocked", "our hub, and nothing else", WEB, ({"lie": "drop_address", "to": [f"{world.HUB}/32"]},),
          REACHED),
    World("ipv6_only", "Irancell's ten days without IPv6, 22 September 2022", WEB6, ({"lie": "cut", "family": 6},),
          _SILENT_ADDRESS, Finding.IPV6_BROKEN),
    World("ipv6_only_leaves_ipv4", "the same over IPv4", WEB, ({"lie": "cut", "family": 6},), REACHED),
    World("canaries_dead", "every canary dead, the service fine: a reached target outranks them", WEB,
          ({"lie": "drop_address", **_CANARIES},), REACHED),
    World("canary_near", "a canary abroad is answered at home", WEB,
          ({"lie": "diversion", **_CANARIES, "toward": world.NEAR}, {"lie": "cut_foreign", **_DOMESTIC}),
          _SILENT_ADDRESS, needs="near"),
    World("service_down", "Meta, 4 October 2021: nothing wrong with the line", "imo/web", (), _SILENT_ADDRESS,
          needs="down"),
)  # fmt: skip

PROTOCOLS = (
    World("udp_drop", "all UDP but DNS", UDP, ({"lie": "udp_drop"},), _SILENT_KNOCK, Finding.PROTOCOL_FILTERED),
    World("udp_drop_leaves_tcp", "the same by TCP", TCP, ({"lie": "udp_drop"},), REACHED, elsewhere=_FILTERED),
    World("quic_drop", "QUIC dies, 22 September 2022", QUIC,
          ({"lie": "drop_address", "protocol": "udp", "ports": [443]},), _SILENT_ADDRESS, Finding.PROTOCOL_FILTERED),
    World("openvpn_udp", "by signature", UDP, ({"lie": "openvpn_signature"},), _SILENT_KNOCK,
          Finding.PROTOCOL_FILTERED),
    World("openvpn_tcp", "by signature", TCP, ({"lie": "openvpn_signature"},), _SILENT_KNOCK,
          Finding.PROTOCOL_FILTERED),
    World("openvpn_leaves_tls", "the signature is no web page's", WEB, ({"lie": "openvpn_signature"},), REACHED,
          elsewhere=_FILTERED),
    World("noise", "WhatsApp's greeting on any port", CHAT, ({"lie": "noise_signature"},), _SILENT_KNOCK,
          Finding.PROTOCOL_FILTERED),
    World("unknown_protocol", "Iran's filter of 2020; chat lives on at 5222", CHAT, ({"lie": "unknown_protocol"},),
          REACHED),
    World("unknown_protocol_leaves_tls", "TLS is known", WEB, ({"lie": "unknown_protocol"},), REACHED),
)  # fmt: skip

PAGES = (
    World("block_page", "Iran's page, in clear", PLAIN, ({"lie": "block_page", **NAMES_OF},),
          (Seen(findings=frozenset({Finding.BLOCK_PAGE})),), Finding.BLOCK_PAGE),
    World("forged_certificate", "by address: nobody's certificate, whatever name is said there", WEB,
          ({"lie": "diversion", **TO, "ports": [443], "toward": world.FORGER},),
          broke(Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY), Finding.ADDRESS_FILTERED, needs="forger"),
    World("unexpected_issuer", "a certificate for the name from a trusted root no control has seen there", "plain/issued",
          ({"lie": "diversion", **TO, "ports": [443], "toward": world.TRUSTED_FORGER},),
          (Seen(findings=frozenset({Finding.UNEXPECTED_ISSUER})),), Finding.UNEXPECTED_ISSUER, needs="forger"),
    World("captive_portal", "a hotel: every page is its own", WEB, tuple(_PAGES),
          broke(Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY, Finding.CAPTIVE_PORTAL), Finding.CAPTIVE_PORTAL, needs="portal"),
    World("walled_garden", "an empty data bundle: home passes, abroad is a billing page", WEB,
          (*({**each, "but": list(world.DOMESTIC)} for each in _PAGES), {"lie": "cut_foreign", **_DOMESTIC}),
          broke(Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY, Finding.WALLED_GARDEN), Finding.WALLED_GARDEN, needs="portal"),
)  # fmt: skip

TRANSFERS = (
    World("throttled_by_name", "a trickle for one name", SAID,
          ({"lie": "throttle", **NAMES_OF, "bytes_per_s": 16_000},), REACHED, Finding.THROTTLED_BY_NAME, timeout_s=10),
    World("throttled_abroad", "a trickle for everything foreign", ABROAD,
          ({"lie": "throttle", **_DOMESTIC, "bytes_per_s": 16_000},), REACHED, timeout_s=10),
    World("stall", "Russia 2025: connections to some hosts stop after 16 KB", FILES, ({"lie": "stall", **TO},),
          broke(Step.TRANSFER, Failure.TIMEOUT), Finding.STALLED_TRANSFER),
)  # fmt: skip

PROVIDERS = tuple(
    World(f"provider_{word}", why, WEB, (), (Seen(findings=frozenset(findings)),), next(iter(findings), None), word)
    for word, why, findings in (
        ("cloudfront_country", "the real service, and a page that names the country", {Finding.PROVIDER_REFUSAL}),
        ("cloudflare_1009", "the same in Cloudflare's words", {Finding.PROVIDER_REFUSAL}),
        ("legal", "451 claims a law, not whose", {Finding.PROVIDER_REFUSAL}),
        ("forbidden", "a 403 without a word: only controls can tell", set[Finding]()),
        ("too_many", "rate limits: it answered", set[Finding]()),
        ("unavailable", "503 over valid TLS: it answered", set[Finding]()),
        ("bad_request", "400 over valid TLS: it answered", set[Finding]()),
        ("challenge", "asks whether we are human", set[Finding]()),
    )
)

HOMES = (
    World("local_sinkhole", "a home resolver answers 0.0.0.0, and a web server listens there", WEB, (),
          broke(Step.RESOLVE, Failure.DNS_BOGON, Finding.LOCAL_SINKHOLE), Finding.LOCAL_SINKHOLE, needs="house"),
    World("resolver_rewrite", "an anti-sanction resolver: answers that proxy", LEARNING, (), REACHED,
          Finding.RESOLVER_REWRITE, needs="proxy"),
    World("tunnelled_egress", "a VPN on the home's router hides a block", WEB,
          ({"lie": "silence_by_name", **NAMES_OF}, {"lie": "latency", "on": [f"{world.EXIT}/32"], "delay_s": 0.06}),
          REACHED, Finding.TUNNELLED_EGRESS, needs="tunnel"),
    World("clock_of_1970", "a board that wakes without a clock: no certificate is valid yet", WEB, (),
          broke(Step.HANDSHAKE, Failure.SSL_INVALID_CERTIFICATE, Finding.CLOCK_WRONG), Finding.CLOCK_WRONG, clock="@1970-01-02 00:00:00"),
    World("clock_of_2040", "a clock set wrong: every certificate has expired", WEB, (),
          broke(Step.HANDSHAKE, Failure.SSL_INVALID_CERTIFICATE, Finding.CLOCK_WRONG), Finding.CLOCK_WRONG, clock="@2040-01-01 00:00:00"),
    World("clock_a_month_off", "a month late, and no certificate minds", WEB, (), REACHED, Finding.CLOCK_WRONG,
          clock="-30d"),
)  # fmt: skip

LINES = (
    *(
        World(f"loss_{round(share * 100)}", "bursts of loss", WEB,
              ({"lie": "bursty_loss", "share": share, "burst_packets": 4},), _BAD_LINE, timeout_s=4)
        for share in (0.05, 0.2, 0.4)
    ),
    World("loss_one_way", "bursts of loss on the way in", WEB,
          ({"lie": "bursty_loss", "share": 0.2, "burst_packets": 4, "sees": "inward"},), _BAD_LINE, timeout_s=4),
    World("latency_800", "a satellite and a detour", WEB, ({"lie": "latency", "delay_s": 0.4, "jitter_s": 0.02},),
          REACHED, timeout_s=4),
    World("far_abroad", "home is near, and everything abroad a continent away", WEB,
          ({"lie": "latency", "delay_s": 0.06, **_DOMESTIC},), REACHED),
    World("evening", "the neighbours are at home", WEB, ({"lie": "congestion"},), _BAD_LINE, timeout_s=4),
    World("big_packets_lost", "a PMTU black hole: the very look of June 2025", WEB, ({"lie": "big_packets_lost"},),
          (*_SILENT_NAME, *broke(Step.FETCH, Failure.TIMEOUT))),
)  # fmt: skip

NOTHING = World("nothing", "a good line", WEB, (), REACHED)
WORLDS = (NOTHING, *NAMES, *ADDRESSES, *PROTOCOLS, *PAGES, *TRANSFERS, *PROVIDERS, *HOMES, *LINES)
