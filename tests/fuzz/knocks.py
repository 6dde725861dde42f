"""The conversations of probes/knock and the responder's side of them: bytes a far end sends, in clear and by anybody."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Iterable
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from deploy.responder import datagrams, dns, hello, openvpn, pages, quic, whatsapp, wireguard
from probes.facts import Endpoint
from probes.knock import dns as knock_dns
from probes.knock import elligator, ikev2, stun, telegram, xeddsa
from probes.knock import quic as knock_quic
from probes.knock import shadowsocks as knock_shadowsocks
from probes.knock import whatsapp as knock_whatsapp
from probes.knock.talk import Ask, Knock
from probes.ports import Stream
from probes.words import Transport
from tests.fuzz.target import Target, in_pieces, of_stream
from tests.probes import test_obfs4, test_openvpn, test_tor, test_vmess, test_wireguard
from tests.probes.captured import AT_MS, exchange, text, token
from tests.probes.telegram_server import Server as Telegram
from tests.probes.whatsapp_server import Server as WhatsApp

_ROOT = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"root").digest())


def ask(seed: str, transport: Transport = Transport.TCP, port: int = 443, **options: str) -> Ask:
    secrets = {"key_file": "x", "id_file": "b831381d-6324-4d53-ad4f-8cda48b30811"}
    return Ask(Endpoint("www.example.org", port, transport), "192.0.2.1", options, token(seed), AT_MS, secrets)


def _reading(made: Callable[[], Knock]) -> Callable[[bytes], object]:
    """A new conversation for each example: some count, and some remember what they said."""

    def read(data: bytes) -> object:
        talk = made()
        talk.opening()
        return talk.read(data)

    return read


def _whatsapp() -> Knock:
    return knock_whatsapp.of(ask("whatsapp", root_key=WHATSAPP.root.public.hex()))


def _telegram() -> Knock:
    return telegram.of(ask("telegram", fingerprints="d09d1d85de64fd85"))


WHATSAPP = WhatsApp()

_FRAMED, _BARE = knock_dns.of_dot(ask("dns")), knock_dns.of_doh(ask("dns"))


def dns_answer(framed: bool = True) -> bytes:
    """As a resolver may send it: the question, an alias, an address behind it, by pointers."""
    query = _FRAMED if framed else _BARE
    opening = query.opening()[2 if framed else 0 :]
    question = opening[12 : opening.index(b"\0", 12) + 5]
    alias = b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3cdn\xc0\x10"
    address = b"\xc0" + bytes([12 + len(question) + 12]) + b"\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
    message = opening[:2] + b"\x81\x80\0\1\0\2\0\0\0\0" + question + alias + address
    return (len(message).to_bytes(2, "big") if framed else b"") + message


def _heard(*names: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [exchange(name)[1] for name in names]


class _Receiving:
    """As the responder reads: as much as comes."""

    def __init__(self, below: Stream) -> None:
        self.send = below.send
        self._below = below

    async def receive(self, most: int = 4096, /) -> bytes:
        return await self._below.receive(most)


async def _no_lines(walk: str) -> list[str]:
    return [walk]


_PAGES = pages.Pages("t", _no_lines)
_ZONE = dns.Zone("w.example.org", ipaddress.IPv4Address("203.0.113.7"))
_LISTENER = whatsapp.Listener(_ROOT)
_TUNNEL = wireguard.Listener(X25519PrivateKey.from_private_bytes(bytes(range(32))), [bytes(range(32))])


def _knock(name: str, made: Callable[[], Knock], seeds: Callable[[], Iterable[bytes]], *modules: str) -> Target:
    modules = tuple(f"probes/knock/{each}.py" for each in (modules or (name.partition("-")[0],)))
    return Target(f"knock-{name}", _reading(made), modules, seeds=seeds)


TARGETS = (
    _knock("dns", lambda: _FRAMED, lambda: [dns_answer()]),
    _knock("dns-bare", lambda: _BARE, lambda: [dns_answer(framed=False)]),
    _knock("ikev2", lambda: ikev2.of(ask("ikev20", Transport.UDP, 500)), _heard("ikev2 agrees", "ikev2 cookie")),
    _knock("obfs4", lambda: test_obfs4.recorded()[0], _heard("obfs4"), "obfs4", "elligator"),
    *(
        _knock(f"openvpn-{wrap.replace(', ', '-').replace(' ', '-')}", partial(test_openvpn.talking, wrap),
               _heard(f"openvpn {wrap}"), "openvpn", "static_key")
        for wrap in test_openvpn.WRAPS
    ),
    _knock("quic", lambda: knock_quic.of(ask("quic", Transport.UDP)),
           lambda: [b"\x80" + bytes(4) + b"\x14" + token("quic")(16) + bytes(4) + b"\x10" + bytes(16) + b"\0\0\0\1"]),
    _knock("shadowsocks", lambda: knock_shadowsocks.of(ask("s", cipher="aes-256-gcm", through="www.example.org")),
           _heard("shadowsocks aes-256-gcm")),
    _knock("stun", lambda: stun.of(ask("stun", Transport.UDP)), _heard("stun")),
    _knock("stun-tcp", lambda: stun.of(ask("stun tcp")), _heard("stun tcp")),
    _knock("telegram", _telegram, lambda: [Telegram().answer(_telegram().opening()), *_heard("telegram")()]),
    _knock("tor", test_tor.talk, lambda: [test_tor.RELAY.answer()]),
    _knock("vmess", test_vmess.talking, _heard("vmess")),
    _knock("whatsapp", _whatsapp, lambda: [WHATSAPP.answer(_whatsapp().opening())], "whatsapp", "noise", "xeddsa"),
    *(
        _knock(f"wireguard-{name.partition(' ')[2]}", partial(test_wireguard.talking, name),
               _heard(name), "wireguard")
        for name in test_wireguard.CAPTURED
    ),
    Target("elligator", lambda data: elligator.public_of(data[:32].ljust(32)), ("probes/knock/elligator.py",)),
    Target("xeddsa", lambda data: xeddsa.verified(data[:32], data[96:], data[32:96]), ("probes/knock/xeddsa.py",)),
    # ------------------------------------------------------------ the responder: whoever finds it may say anything
    Target("responder-dns", lambda data: _ZONE.answer(data), ("deploy/responder/dns.py",),
           seeds=lambda: [_BARE.opening()]),
    Target("responder-hello", hello.read, ("deploy/responder/hello.py",)),
    Target("responder-openvpn", openvpn.walk_of, ("deploy/responder/openvpn.py",),
           seeds=lambda: [exchange("openvpn nothing")[0]]),
    Target("responder-http", of_stream(lambda stream: _PAGES.serve(_Receiving(stream), secure=True)),
           ("deploy/responder/pages.py", "deploy/responder/talks.py", "deploy/responder/line.py"), seeds=lambda: in_pieces(
               b"GET /bytes/10 HTTP/1.1\r\nHost: w\r\nRange: bytes=0-5\r\n\r\n",
               b"GET /witness/" + b"00" * 32 + b" HTTP/1.1\r\nHost: w\r\nAuthorization: Bearer t\r\n\r\n")),
    Target("responder-quic", quic.read, ("deploy/responder/quic.py",), seeds=lambda: [bytes.fromhex("c300000001") + b"\x08" + bytes(1300)]),
    Target("responder-resetter", lambda data: datagrams.Resetter().answer(data), ("deploy/responder/datagrams.py",)),
    Target("responder-resolver", lambda data: datagrams.Resolver(_ZONE).answer(data), ("deploy/responder/datagrams.py",),
           seeds=lambda: [_BARE.opening()]),
    Target("responder-whatsapp", _LISTENER.answer, ("deploy/responder/whatsapp.py",), seeds=lambda: [_whatsapp().opening()]),
    Target("responder-wireguard", _TUNNEL.answer, ("deploy/responder/wireguard.py",),
           seeds=lambda: [exchange("wireguard plain")[0]]),
)  # fmt: skip

assert text("static")  # the keys of the captured conversations are there
