"""What is fixed about each protocol of the catalogue, one row a kind; the steps of it stand in `probes.walk.ROUTES`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from probes.words import Kind, Transport


@dataclass(frozen=True, slots=True)
class Option:
    """One key of `options:`.

    Args:
        form: a regular expression for the whole of it.
        what: the same in words, to follow "must be".
        needed: a target without it is a mistake.
        in_file: the value names a file, and `form` is for what stands in it: secrets are never written down here.
    """

    form: str
    what: str
    needed: bool = False
    in_file: bool = False


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


_PATH = Option(r"/[!-~]*", "a text that begins with / and holds no space, and nothing beyond ASCII unescaped")
_ROOTS = Option("[a-z0-9-]+", "the name of a file of probes/roots")
_HOST = r"([a-z0-9_-]+\.)+[a-z0-9-]+"
_NAME = Option(_HOST, "a host name in small letters, to be said in the place of the host's own")
_OBJECT = Option(_HOST + r"/[!-~]*", "HOST/PATH: where the other half of each pair is fetched")
_SIZE = Option("[1-9][0-9]{4}|[1-9][0-9]{5}", "a number of bytes from 10000 to 999999")
_KEY = Option("[0-9a-f]{64}", "64 hexadecimal digits", needed=True)

TRAITS: Mapping[Kind, Traits] = {
    Kind.DNS: Traits(53, 250, proves=False, over=(Transport.UDP,)),
    Kind.TCP: Traits(None, 600, proves=False),
    Kind.TLS: Traits(443, 6_300, options={"roots": _ROOTS}),
    Kind.HTTP: Traits(80, 3_000, proves=False, options={"path": _PATH}),
    Kind.HTTPS: Traits(443, 9_000, alpn=("http/1.1",), options={"path": _PATH, "roots": _ROOTS}),  # with a short page
    Kind.OPENVPN: Traits(1194, 500, over=(Transport.TCP, Transport.UDP), familiar=False, tier=2),
    Kind.TRANSFER: Traits(
        443,
        3_000,  # without the body (monitor/cost.py), and with the short chain of a responder
        alpn=("http/1.1",),
        body_bytes=65_536,  # connections that stall after some 16 KB are seen by what is longer (Russia, 2025)
        options={
            "path": replace(_PATH, needed=True),
            "bytes": _SIZE,
            "says": _NAME,
            "neutral": _OBJECT,
            "roots": _ROOTS,
        },
    ),
    Kind.WHATSAPP: Traits(443, 1_100, familiar=False, options={"root_key": _KEY}),  # 600 of TCP, 47 out, some 350 back
}


def body_bytes(kind: Kind, options: Mapping[str, str]) -> int:
    """How much of a body a walk of that kind means to take in; 0 for kinds that look at the head alone."""
    return int(options.get("bytes", TRAITS[kind].body_bytes))
