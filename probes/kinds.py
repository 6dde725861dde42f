"""What is fixed about each protocol of the catalogue, one row a kind; the steps of it stand in `probes.walk.ROUTES`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from probes.options import (
    CHAIN,
    ED25519,
    FINGERPRINT,
    FINGERPRINTS,
    KEY,
    LABEL,
    NAME,
    OBFS4,
    OPENVPN,
    PATH,
    ROOTS,
    SHADOWSOCKS,
    TRANSFER,
    VMESS,
    WIREGUARD,
    Option,
)
from probes.words import Kind, Transport


@dataclass(frozen=True, slots=True)
class Traits:
    """Of one kind.

    Args:
        port: where it is usually spoken; None if there is no such place.
        walk_bytes: on the line in one successful walk, both ways, headers included (tests/bench/walk_bytes.py).
        proves: the far end proves who it is, and `ok` demands the proof.
        over: the transports it is spoken over, the usual one first.
        familiar: to a filter that on TCP 53, 80 and 443 lets DNS, HTTP and TLS pass and nothing else (Iran, 2020).
        alpn: what is offered in its TLS handshake.
        anonymous: its certificate says nothing; the proof comes in the protocol within (Tor).
        tier: 1 is walked seldom, 2 only where it was chosen.
        body_bytes: of a body that is taken in on purpose, unless the option `bytes` says another number.
    """

    port: int | None
    walk_bytes: int
    proves: bool = True
    over: tuple[Transport, ...] = (Transport.TCP,)
    familiar: bool = True
    alpn: tuple[str, ...] = ()
    anonymous: bool = False
    tier: int = 0
    body_bytes: int = 0
    options: Mapping[str, Option] = field(default_factory=dict)


_UDP = (Transport.UDP,)

TRAITS: Mapping[Kind, Traits] = {
    Kind.DNS: Traits(53, 250, proves=False, over=(Transport.UDP,), options=LABEL),
    Kind.TCP: Traits(None, 600, proves=False),
    Kind.TLS: Traits(443, 6_300, options=CHAIN),
    Kind.HTTP: Traits(80, 3_000, proves=False, options={"path": PATH}),
    Kind.HTTPS: Traits(443, 9_000, alpn=("http/1.1",), options={"path": PATH, **CHAIN}),  # with a short page
    Kind.OPENVPN: Traits(  # by TCP; 350 by UDP, up to 400 more with a key
        1194, 700, over=(Transport.TCP, Transport.UDP), familiar=False, tier=2, options=OPENVPN
    ),
    Kind.WHATSAPP: Traits(443, 1_100, familiar=False, options={"root_key": KEY}),  # 600 of TCP, 47 out, some 350 back
    Kind.TELEGRAM: Traits(443, 1_100, familiar=False, options={"fingerprints": FINGERPRINTS}),
    Kind.WIREGUARD: Traits(51820, 550, over=(Transport.UDP,), familiar=False, tier=2, options=WIREGUARD),
    Kind.IKEV2: Traits(500, 820, proves=False, over=(Transport.UDP,), familiar=False, tier=2),
    Kind.STUN: Traits(3478, 400, proves=False, over=(Transport.UDP, Transport.TCP), familiar=False, tier=1),
    Kind.SHADOWSOCKS: Traits(None, 2_100, familiar=False, tier=2, options=SHADOWSOCKS),
    # whatsapp_web and tor: what the walk itself counted against nginx and tor on loopback, and as much more as kind tls
    # costs above its own count there (a longer chain, a name, bare acknowledgements).
    Kind.WHATSAPP_WEB: Traits(443, 7_400, alpn=("http/1.1",), options={"root_key": KEY, "path": PATH, "roots": ROOTS}),
    Kind.DOT: Traits(853, 7_200, tier=1, options={"ask": NAME, "roots": ROOTS}),
    Kind.DOH: Traits(443, 7_700, alpn=("h2", "http/1.1"), tier=1, options={"ask": NAME, "path": PATH, "roots": ROOTS}),
    Kind.DOQ: Traits(853, 9_300, over=_UDP, alpn=("doq",), tier=1, options={"ask": NAME, "roots": ROOTS}),
    Kind.QUIC: Traits(443, 12_200, over=_UDP, alpn=("h3",), tier=1, options={"path": PATH, "roots": ROOTS}),
    Kind.TOR: Traits(None, 5_000, anonymous=True, tier=2, options={"fingerprint": FINGERPRINT, "ed25519": ED25519}),
    Kind.TRANSFER: Traits(
        443,
        3_000,  # without the body (monitor/begin/cost.py), and with the short chain of a responder
        alpn=("http/1.1",),
        body_bytes=65_536,  # connections that stall after some 16 KB are seen by what is longer (Russia, 2025)
        options=TRANSFER,
    ),
    Kind.VMESS: Traits(None, 2_150, familiar=False, tier=2, options=VMESS),
    Kind.OBFS4: Traits(None, 9_400, familiar=False, tier=2, options=OBFS4),  # 9 000 by its own count (obfs4proxy)
}


def body_bytes(kind: Kind, options: Mapping[str, str]) -> int:
    """How much of a body a walk of that kind means to take in; 0 for kinds that look at the head alone."""
    return int(options.get("bytes", TRAITS[kind].body_bytes))
