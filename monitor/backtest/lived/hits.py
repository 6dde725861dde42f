"""What a cause on a path does to a walk: the step it breaks, the failure seen there, the proof found in it. Data.

Each row stands for what the laboratory's liar of that name was seen to do to real packets (tests/lab/worlds.py, held by
tests/lab/test_worlds.py: "what one walk of it shows"), or for a measured distribution named beside it. A row says
what one walk shows; shares of attempts are the world's own (FIELD section 1: of WhatsApp's walks on 22 September 2022
250 of 296 lookups, 107 of 123 connects and 14 of 16 handshakes failed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.backtest.worlds.words import How, Path, What
from probes.facts import Endpoint, Target
from probes.kinds import TRAITS
from probes.words import Failure, Finding, Kind, Step, Transport

_SILENT = Failure.TIMEOUT


@dataclass(frozen=True, slots=True)
class Hit:
    """`at`: the step it breaks, or, where the walk takes no such step, the next one it does take; none: it passes.

    `only`: a walk without that very step is not touched. `liar`: the world of the laboratory that showed it.
    """

    at: Step
    failure: Failure | None
    liar: str
    findings: tuple[Finding, ...] = ()
    only: bool = False


_PACKETS = Hit(Step.CONNECT, _SILENT, "cut_foreign")
_HELLOS = Hit(Step.HANDSHAKE, _SILENT, "server_hello_of_everything", only=True)

# what is lost on a stretch, whoever is spoken to
BY_WHAT: Mapping[What, Hit] = {
    What.ALL: _PACKETS,
    What.UDP: Hit(Step.CONNECT, _SILENT, "udp_drop"),
    What.UDP_443: Hit(Step.CONNECT, _SILENT, "quic_drop"),
    What.IP6: Hit(Step.CONNECT, _SILENT, "ipv6_only"),
    What.OPENVPN: Hit(Step.KNOCK, _SILENT, "openvpn_udp", only=True),
    What.WIREGUARD: Hit(Step.KNOCK, _SILENT, "openvpn_udp", only=True),  # by signature: nothing comes back, as there
    What.IKEV2: Hit(Step.KNOCK, _SILENT, "openvpn_udp", only=True),
    What.TOR: Hit(Step.HANDSHAKE, _SILENT, "silence_by_name", only=True),
    What.DOH: Hit(Step.HANDSHAKE, _SILENT, "silence_by_name", only=True),
    What.DOT: Hit(Step.CONNECT, _SILENT, "drop_address_and_port"),
    What.UNKNOWN_PROTOCOLS: Hit(Step.KNOCK, _SILENT, "unknown_protocol", only=True),
    What.HELLO_REPLIES: _HELLOS,
    What.BIG_PACKETS: Hit(Step.HANDSHAKE, _SILENT, "big_packets_lost", only=True),
    What.UNLISTED_NAMES: Hit(Step.HANDSHAKE, _SILENT, "sni_allow_list", only=True),
    What.RESOLVER: Hit(Step.RESOLVE, _SILENT, "resolver_dead", only=True),
    What.CANARIES: Hit(Step.CONNECT, _SILENT, "canaries_dead"),
    What.SINKHOLE: Hit(Step.RESOLVE, Failure.DNS_BOGON, "local_sinkhole", (Finding.LOCAL_SINKHOLE,), only=True),
    What.PORTAL: Hit(Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY, "captive_portal", only=True),
    What.GARDEN: Hit(Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY, "walled_garden", only=True),
    What.CLOCK: Hit(Step.HANDSHAKE, Failure.SSL_INVALID_CERTIFICATE, "clock_of_1970", only=True),
}
# beyond the operator's own resolver nothing answers, so no name resolves: the laboratory's `cut`
NO_NAMES = Hit(Step.RESOLVE, _SILENT, "cut", only=True)

# how a service is lost
BY_HOW: Mapping[How, Hit] = {
    How.DNS_FORGED: Hit(Step.RESOLVE, Failure.DNS_BOGON, "dns_known_forgery", (Finding.FORGED_DNS_ANSWER,), only=True),
    How.DNS_DENIED: Hit(Step.RESOLVE, Failure.DNS_NXDOMAIN, "dns_denial", only=True),
    How.DNS_SILENT: Hit(Step.RESOLVE, _SILENT, "dns_silence", only=True),
    How.ADDRESS_SILENT: Hit(Step.CONNECT, _SILENT, "drop_address"),
    How.ADDRESS_REFUSED: Hit(Step.CONNECT, Failure.CONNECTION_REFUSED, "reset_address"),
    How.NAME_SILENT: Hit(Step.HANDSHAKE, _SILENT, "silence_by_name", only=True),
    How.NAME_RESET: Hit(Step.HANDSHAKE, Failure.CONNECTION_RESET, "reset_by_name", only=True),
    How.GREETING_SILENT: Hit(Step.KNOCK, _SILENT, "noise", only=True),
    How.STALL: Hit(Step.TRANSFER, _SILENT, "stall", only=True),
    How.PAGE: Hit(Step.FETCH, None, "block_page", (Finding.BLOCK_PAGE,), only=True),
    How.CERTIFICATE: Hit(Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY, "forged_certificate", only=True),
    How.OUTAGE: Hit(Step.CONNECT, _SILENT, "service_down"),
}
# Meta, 4 October 2021: its own name servers were gone as well, so that resolvers answered SERVFAIL
NAMES_GONE = Hit(Step.RESOLVE, Failure.DNS_SERVFAIL, "service_down", only=True)


def concerns(what: What, target: Target, endpoint: Endpoint) -> bool:
    """Whether a walk of that kind to there is what the cause is about, apart from where it stands."""
    match what:
        case What.UDP:
            return endpoint.transport is Transport.UDP and target.kind is not Kind.DNS
        case What.UDP_443:
            return endpoint.transport is Transport.UDP and endpoint.port == 443
        case What.IP6:
            return endpoint.v6
        case What.OPENVPN | What.WIREGUARD | What.IKEV2 | What.TOR | What.DOH:
            return target.kind.value == what.value
        case What.DOT:
            return target.kind in (Kind.DOT, Kind.DOQ)
        case What.UNKNOWN_PROTOCOLS:
            tcp = endpoint.transport is Transport.TCP and endpoint.port in (53, 80, 443)
            return tcp and not TRAITS[target.kind].familiar
        case What.HELLO_REPLIES | What.BIG_PACKETS | What.UNLISTED_NAMES:
            return endpoint.transport is Transport.TCP
    return True


def breaks(hit: Hit, route: tuple[Step, ...]) -> Step | None:
    """At which of its steps a walk with that route is broken; None: it never comes to it."""
    if hit.at in route:
        return hit.at
    if hit.only:
        return None
    order = list(Step)
    return next((step for step in route if order.index(step) > order.index(hit.at)), None)


def stands_before(path: Path) -> bool:
    """Whether what stands there is met by names as well: by lookups, which the operator's own resolver carries on."""
    return path in (Path.EVERYTHING, Path.LAST_MILE)
