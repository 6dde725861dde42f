"""What is fixed about each protocol of the catalogue, one row a kind; the steps of it stand in `probes.walk.ROUTES`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from probes.words import Kind, Transport


@dataclass(frozen=True, slots=True)
class Option:
    """One key of `options:`.

    Args:
        form: a regular expression for the whole of it.
        what: the same in words, to follow "must be".
        needed: a target without it is a mistake.
        in_file: the value names a file, and `form` is for what stands in it: secrets are never written down here.
        beside: means nothing without that other option.
        without: may not stand beside any of these.
    """

    form: str
    what: str
    needed: bool = False
    in_file: bool = False
    beside: str = ""
    without: tuple[str, ...] = ()


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
    """

    port: int | None
    walk_bytes: int
    proves: bool = True
    over: tuple[Transport, ...] = (Transport.TCP,)
    familiar: bool = True
    alpn: tuple[str, ...] = ()
    anonymous: bool = False
    tier: int = 0
    options: Mapping[str, Option] = field(default_factory=dict)


_PATH = Option(r"/[!-~]*", "a text that begins with / and holds no space, and nothing beyond ASCII unescaped")
_ROOTS = Option("[a-z0-9-]+", "the name of a file of probes/roots")
_ISSUERS = Option("[^,]+(, *[^,]+)*", "organisations that sign for it, as controls saw them, with commas between")
_KEY = Option("[0-9a-f]{64}", "64 hexadecimal digits", needed=True)
_CHAIN = {"roots": _ROOTS, "issuers": _ISSUERS}
_BASE64_KEY = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="  # 32 bytes
_STATIC_KEY = (
    r"(?:[#;][^\n]*\n|\n)*-----BEGIN OpenVPN Static key V1-----\s+(?:[0-9a-fA-F]{32}\s+){16}"
    r"-----END OpenVPN Static key V1-----"
)
_CLIENT_KEY = (
    r"-----BEGIN OpenVPN tls-crypt-v2 client key-----\s+(?:[A-Za-z0-9+/]{64}\s+){8,31}"
    r"(?:(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\s+)?"
    r"-----END OpenVPN tls-crypt-v2 client key-----"
)
_OPENVPN: Mapping[str, Option] = {
    "tls_auth_file": Option(_STATIC_KEY, "a static key (openvpn --genkey secret FILE)", in_file=True),
    "key_direction": Option("[01]", "0 or 1, the other one than the server's", beside="tls_auth_file"),
    "auth": Option("SHA1|SHA224|SHA256|SHA384|SHA512", "the server's --auth, such as SHA256", beside="tls_auth_file"),
    "tls_crypt_file": Option(
        _STATIC_KEY, "a static key (openvpn --genkey secret FILE)", in_file=True, without=("tls_auth_file",)
    ),
    "tls_crypt_v2_file": Option(
        _CLIENT_KEY,
        "a client's key (openvpn --genkey tls-crypt-v2-client FILE)",
        in_file=True,
        without=("tls_auth_file", "tls_crypt_file"),
    ),
}
_WIREGUARD: Mapping[str, Option] = {
    "public_key": Option(_BASE64_KEY, "the responder's public key, in base64", needed=True),
    "private_key_file": Option(_BASE64_KEY, "a private key (wg genkey)", needed=True, in_file=True),
    "preshared_key_file": Option(_BASE64_KEY, "a preshared key (wg genpsk)", in_file=True),
}
_SHADOWSOCKS: Mapping[str, Option] = {
    "cipher": Option(
        "aes-128-gcm|aes-256-gcm|chacha20-ietf-poly1305",
        "one of aes-128-gcm, aes-256-gcm, chacha20-ietf-poly1305",
        needed=True,
    ),
    "key_file": Option("[!-~]{1,256}", "the server's password, in ASCII", needed=True, in_file=True),
    "through": Option(
        "[A-Za-z0-9.-]{1,253}", "the name of a host that the server is to ask by HTTP on port 80", needed=True
    ),
}
_FINGERPRINTS = Option(
    "[0-9a-f]{16}(,[0-9a-f]{16})*",
    "fingerprints of RSA keys, 16 hexadecimal digits each, with commas between",
    needed=True,
)

TRAITS: Mapping[Kind, Traits] = {
    Kind.DNS: Traits(53, 250, proves=False, over=(Transport.UDP,)),
    Kind.TCP: Traits(None, 600, proves=False),
    Kind.TLS: Traits(443, 6_300, options=_CHAIN),
    Kind.HTTP: Traits(80, 3_000, proves=False, options={"path": _PATH}),
    Kind.HTTPS: Traits(443, 9_000, alpn=("http/1.1",), options={"path": _PATH, **_CHAIN}),  # with a short page
    Kind.OPENVPN: Traits(  # by TCP; 350 by UDP, up to 400 more with a key
        1194, 700, over=(Transport.TCP, Transport.UDP), familiar=False, tier=2, options=_OPENVPN
    ),
    Kind.WHATSAPP: Traits(443, 1_100, familiar=False, options={"root_key": _KEY}),  # 600 of TCP, 47 out, some 350 back
    Kind.TELEGRAM: Traits(443, 1_100, familiar=False, options={"fingerprints": _FINGERPRINTS}),
    Kind.WIREGUARD: Traits(51820, 550, over=(Transport.UDP,), familiar=False, tier=2, options=_WIREGUARD),
    Kind.IKEV2: Traits(500, 820, proves=False, over=(Transport.UDP,), familiar=False, tier=2),
    Kind.STUN: Traits(3478, 400, proves=False, over=(Transport.UDP, Transport.TCP), familiar=False, tier=1),
    Kind.SHADOWSOCKS: Traits(None, 2_100, familiar=False, tier=2, options=_SHADOWSOCKS),
}
