"""The closed words of a world: what may be lost, where, how, and which alerts may be expected of it.

Each word is a cause, never what a box makes of it: which states and verdicts follow, the simulation finds out.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Sort(StrEnum):
    """What a world is about; how it is summed up follows from its causes, not from this."""

    SHUTDOWN = "shutdown"
    SERVICE = "service"
    LOOKALIKE = "lookalike"
    QUIET = "quiet"


class Set(StrEnum):
    """Whether anybody looked at this world while thresholds were chosen (DECISIONS.md holds the rule)."""

    TUNED = "tuned"
    HELD_OUT = "held_out"


class Precision(StrEnum):
    """How exactly a source gives a time. Only `minute` may be held against a delay."""

    MINUTE = "minute"
    TEN_MINUTES = "10min"
    HOUR = "hour"
    DAY = "day"


class Path(StrEnum):
    """On which stretch of the way a cause stands.

    Attributes:
        FOREIGN: between these networks and everything abroad: canaries, services, the hub. Home still talks to itself.
        DOMESTIC: between these networks and the rest of their country; what lies abroad passes.
        EVERYTHING: both; only the operator's own gateway still answers.
        LAST_MILE: between the box and its operator: nothing at all answers, the gateway neither.
        FAR_END: at the service itself, or wherever its answers are made: also for controls, unless `where` says who.
        HOUSE: in the home: its router, its resolver, its data bundle.
        BOX: the box itself: its clock, its card, its prober.
        POWER: the box is dark: it neither walks nor keeps.
        HUB: at our own end: nobody is received.
    """

    FOREIGN = "foreign"
    DOMESTIC = "domestic"
    EVERYTHING = "everything"
    LAST_MILE = "last_mile"
    FAR_END = "far_end"
    HOUSE = "house"
    BOX = "box"
    POWER = "power"
    HUB = "hub"


class What(StrEnum):
    """What is lost or lied about on that stretch.

    Attributes:
        ALL: every packet. UDP: all but DNS. UDP_443: QUIC. IP6: IPv6 and nothing else.
        OPENVPN, WIREGUARD, IKEV2, TOR: by signature, whoever is spoken to. DOH, DOT: encrypted DNS, whoever serves it.
        UNKNOWN_PROTOCOLS: flows on TCP 53, 80, 443 that are neither DNS, HTTP nor TLS (Iran, 2020).
        HELLO_REPLIES: the ClientHello passes, the ServerHello does not (Iran, June 2025).
        BIG_PACKETS: a path that eats packets above 1,400 bytes (PMTU black hole).
        UNLISTED_NAMES: every TLS name but those of `passes.services` and that share of the canaries.
        RESOLVER: the operator's resolver answers nobody.
        CANARIES: that share of the canaries of that path's scope, and nothing else.
        HUB: our hub's address, and nothing else.
        DELAY: nothing is lost; `delay` is added to every round trip.
        SLOW: nothing is lost; goodput falls by `factor`, whatever the name.
        SERVICE: what `service`, `targets` and `how` say.
        SINKHOLE: a resolver in the home answers 0.0.0.0 for `service`, and a web server listens there.
        PORTAL, GARDEN: a page of its own for everything; the same for everything foreign, while home passes.
        TUNNEL: the router sends all by a VPN to another country. PROXY_RESOLVER: answers that proxy.
        CLOCK: the box's clock is off by `offset`. PROBER: every walk ends in a fault of our own.
        CARD: the disk takes no writes. STOP: stopped cleanly, with its last word. REBOOT: without one, back by itself.
        DARK: without power. RECEIVER: the hub receives nobody.
    """

    ALL = "all"
    UDP = "udp"
    UDP_443 = "udp_443"
    IP6 = "ip6"
    OPENVPN = "openvpn"
    WIREGUARD = "wireguard"
    IKEV2 = "ikev2"
    TOR = "tor"
    DOH = "doh"
    DOT = "dot"
    UNKNOWN_PROTOCOLS = "unknown_protocols"
    HELLO_REPLIES = "hello_replies"
    BIG_PACKETS = "big_packets"
    UNLISTED_NAMES = "unlisted_names"
    RESOLVER = "resolver"
    CANARIES = "canaries"
    HUB = "hub"
    DELAY = "delay"
    SLOW = "slow"
    SERVICE = "service"
    SINKHOLE = "sinkhole"
    PORTAL = "portal"
    GARDEN = "garden"
    TUNNEL = "tunnel"
    PROXY_RESOLVER = "proxy_resolver"
    CLOCK = "clock"
    PROBER = "prober"
    CARD = "card"
    STOP = "stop"
    REBOOT = "reboot"
    DARK = "dark"
    RECEIVER = "receiver"


class How(StrEnum):
    """How a service is lost, in the lab's words where the lab has one (tests/lab/lies).

    Attributes:
        DNS_FORGED, DNS_DENIED, DNS_SILENT: a false address, NXDOMAIN, no answer at all.
        ADDRESS_SILENT, ADDRESS_REFUSED: connects time out, or are reset.
        NAME_SILENT, NAME_RESET: by the name in the ClientHello: swallowed, or reset.
        GREETING_SILENT: a protocol's own greeting is swallowed (WhatsApp's Noise).
        THROTTLE: goodput falls by `factor` for this name. STALL: connections stop after `bytes`.
        STATUS: the authentic service answers `status`, in the words of `page` where a fingerprint has that id.
        PAGE: a block page in clear. CERTIFICATE: a certificate the catalogue does not expect.
        OUTAGE: addresses gone: names do not resolve, connects time out. ACCOUNTS: nothing a probe could see.
    """

    DNS_FORGED = "dns_forged"
    DNS_DENIED = "dns_denied"
    DNS_SILENT = "dns_silent"
    ADDRESS_SILENT = "address_silent"
    ADDRESS_REFUSED = "address_refused"
    NAME_SILENT = "name_silent"
    NAME_RESET = "name_reset"
    GREETING_SILENT = "greeting_silent"
    THROTTLE = "throttle"
    STALL = "stall"
    STATUS = "status"
    PAGE = "page"
    CERTIFICATE = "certificate"
    OUTAGE = "outage"
    ACCOUNTS = "accounts"


class Way(StrEnum):
    """What the way home crosses, tried in turn.

    Attributes:
        FOREIGN: the foreign path of the line's own network.
        UPLINK: the foreign path of another network of that country: a second line in the house.
        SOCKS: the own foreign path, to a proxy abroad: not the hub's address, but cut where everything is cut.
        SATELLITE: no path of the country at all.
    """

    FOREIGN = "foreign"
    UPLINK = "uplink"
    SOCKS = "socks"
    SATELLITE = "satellite"


class Known(StrEnum):
    """From which evidence: what the hub had at the time, or what came with a backlog."""

    LIVE = "live"
    LATER = "later"


class Spans(StrEnum):
    """Of a cause that repeats: which of its spans an expectation stands for."""

    FIRST = "first"
    EACH = "each"
    LATER = "later"


class At(StrEnum):
    """Which end of a cause an expectation belongs to."""

    ONSET = "onset"
    END = "end"


_WIRE = frozenset(
    {
        What.ALL, What.UDP, What.UDP_443, What.IP6, What.OPENVPN, What.WIREGUARD, What.IKEV2, What.TOR, What.DOH,
        What.DOT, What.UNKNOWN_PROTOCOLS, What.HELLO_REPLIES, What.BIG_PACKETS, What.UNLISTED_NAMES, What.RESOLVER,
        What.CANARIES, What.HUB, What.DELAY, What.SLOW, What.SERVICE,
    }
)  # fmt: skip
STANDS_ON: Mapping[Path, frozenset[What]] = {
    Path.FOREIGN: _WIRE,
    Path.DOMESTIC: frozenset({What.ALL, What.CANARIES, What.DELAY, What.SLOW, What.BIG_PACKETS}),
    Path.EVERYTHING: _WIRE - {What.SERVICE, What.HUB, What.CANARIES},
    Path.LAST_MILE: frozenset({What.ALL, What.DELAY, What.SLOW, What.BIG_PACKETS}),
    Path.FAR_END: frozenset({What.SERVICE, What.CANARIES}),
    Path.HOUSE: frozenset({What.SINKHOLE, What.PORTAL, What.GARDEN, What.TUNNEL, What.PROXY_RESOLVER}),
    Path.BOX: frozenset({What.CLOCK, What.PROBER, What.CARD, What.STOP, What.REBOOT}),
    Path.POWER: frozenset({What.DARK}),
    Path.HUB: frozenset({What.RECEIVER}),
}
NAMES_A_SERVICE = frozenset({What.SERVICE, What.SINKHOLE})
FAR_END_HOWS = frozenset({How.STATUS, How.PAGE, How.CERTIFICATE, How.OUTAGE, How.ACCOUNTS})
ON_THE_WAY_HOWS = frozenset(How) - FAR_END_HOWS | {How.PAGE, How.CERTIFICATE}
