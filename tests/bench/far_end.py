"""The far ends of the benches, in a process of their own on 127.0.0.1: DNS, HTTP, HTTPS, OpenVPN, and who is silent.

python -m tests.bench.far_end FOLDER     prints their ports, and lives until its standard input is closed
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import dns.message
import dns.rrset
import trustme
import uvloop
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from probes.words import Kind
from tests.probes import telegram_server, vmess_server
from tests.probes.captured import exchange
from tests.probes.liars import NAME, answering, listening, resolver, says, silent
from tests.probes.quic_server import doq, http3, quic_server
from tests.probes.resolvers import by_http2, message, over_tls
from tests.probes.shadowsocks_server import Server
from tests.probes.wireguard_server import Responder, public

_OURS, _THEIRS = (X25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
_ADDRESS = "157.240.1.1"  # what the name resolves to: the step that resolves walks to no loopback address
_OTHER_NAMES = 58  # a real edge certificate serves many; these bring the chain to 3.9 KB
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n" + b"".join(
    b"X-Policy-%d: %s\r\n" % (number, b"default-src 'self'; " * 6) for number in range(8)
)
THINKS_S, HELD = 0.1, "x-held-s"
PAGE = _HEAD + b"Content-Length: 1000\r\nConnection: close\r\n\r\n" + b"x" * 1000
_LONG_PAGE = _HEAD + b"Content-Length: 300000\r\nConnection: close\r\n\r\n" + b"x" * 300_000


_KEY = {"private_key_file": base64.b64encode(_OURS.private_bytes_raw()).decode()}
TARGETS: Mapping[Kind, tuple[Mapping[str, str], Mapping[str, str]]] = {  # options, and what stands in their files
    Kind.TELEGRAM: ({"fingerprints": f"{telegram_server.KEYS[2]:016x}"}, {}),
    Kind.WIREGUARD: ({"public_key": base64.b64encode(public(_THEIRS)).decode()}, _KEY),
    Kind.SHADOWSOCKS: ({"cipher": Server.cipher, "through": NAME}, {"key_file": Server.password.decode()}),
    Kind.VMESS: ({"through": NAME}, {"id_file": vmess_server.ID}),
}


@dataclass(frozen=True, slots=True)
class Ports:
    """Who listens where on 127.0.0.1.

    Attributes:
        silent: accepts a connection and says nothing; `mute` does so once TLS stands.
        long: HTTPS with a page of 300 KB.
        slow: HTTPS that thinks for `THINKS_S`, and says in `HELD` for how long it really did, in seconds.
        wireguard, ikev2, stun, telegram, shadowsocks: each speaks it; `TARGETS` has what their targets need.
        vmess: the same.
        ca_file: the root of everybody's chain.
    """

    dns: int
    openvpn: int
    silent: int
    mute: int
    http: int
    https: int
    long: int
    wireguard: int
    ikev2: int
    stun: int
    telegram: int
    shadowsocks: int
    dot: int
    doh: int
    doq: int
    quic: int
    vmess: int
    slow: int
    ca_file: str


@contextlib.contextmanager
def far_end() -> Iterator[Ports]:
    """Starts the process and ends it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.far_end", folder]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        try:
            yield Ports(**json.loads(child.stdout.readline()))
        finally:
            child.communicate()


def many_files() -> None:
    """As many open sockets as this user may have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def chain(ca_file: Path) -> trustme.LeafCert:
    """A leaf (ECDSA) and two intermediates (RSA), as large sites have; writes the root."""
    rsa = trustme.KeyType.RSA
    root = trustme.CA(organization_name="Bench Root", key_type=rsa)
    root.cert_pem.write_to_path(str(ca_file))
    issuer = root.create_child_ca(key_type=rsa).create_child_ca(key_type=rsa)
    leaf = issuer.issue_cert(NAME, *(f"*.edge-{number}.example.net" for number in range(_OTHER_NAMES)))
    sent = sum(len(ssl.PEM_cert_to_DER_cert(pem.bytes().decode())) for pem in leaf.cert_chain_pems)
    assert 3_500 < sent < 4_500, f"no longer a realistic chain: {sent} bytes"
    return leaf


def context(leaf: trustme.LeafCert, *alpn: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(made)
    if alpn:
        made.set_alpn_protocols(list(alpn))
    return made


def _answer(data: bytes) -> bytes:
    """An address, padded as resolvers pad (RFC 8467 section 4.1)."""
    query = dns.message.from_wire(data)
    reply = dns.message.make_response(query, pad=468)
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", _ADDRESS))
    return reply.to_wire()


def _page_by_quic(body: bytes) -> tuple[int, dict[str, str], bytes]:
    return 200, {f"x-policy-{number}": "default-src 'self'; " * 6 + "default" for number in range(8)}, b"x" * 1000


def _openvpn(data: bytes) -> list[bytes]:
    """A hard reset that acknowledges the client's (26 bytes, as openvpn 2.6 sends)."""
    return [b"\x40" + bytes(8) + b"\x01" + bytes(4) + data[1:9] + bytes(4)]


def _ikev2(data: bytes) -> list[bytes]:
    """As many bytes as strongSwan 5.9.8 sends when it agrees to group 19 (tests/probes/captured.json)."""
    _, heard = exchange("ikev2 agrees")
    return [data[:8] + heard[8:]]


def _stun(data: bytes) -> list[bytes]:
    """As coturn 4.6.1 answers: its address and its name beside ours, 80 bytes."""
    _, heard = exchange("stun")
    return [heard[:8] + data[8:20] + heard[20:]]


async def _shadowsocks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The head of a page comes back through it."""
    writer.write(Server().answer(await reader.read(4096), _HEAD + b"\r\n"))
    await reader.read()


async def _vmess(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As by Shadowsocks."""
    writer.write(vmess_server.Server().answer(await reader.read(4096), _HEAD + b"\r\n"))
    await reader.read()


async def _thinks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Its own loop is late, too: the time it truly took stands in the answer."""
    await reader.read(65536)
    asked_s = time.monotonic()
    await asyncio.sleep(THINKS_S)
    held = f"{HELD}: {time.monotonic() - asked_s:.6f}"
    writer.write(f"HTTP/1.1 200 OK\r\n{held}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


async def _serve(folder: Path) -> None:
    ca_file = folder / "ca.pem"
    leaf = chain(ca_file)
    tls = context(leaf)
    async with (
        answering(resolver(addresses=(_ADDRESS,))) as udp,
        answering(_openvpn) as openvpn,
        listening(silent) as quiet,
        listening(silent, tls) as mute,
        listening(says(PAGE)) as http,
        listening(says(PAGE), tls) as https,
        listening(says(_LONG_PAGE), tls) as long,
        answering(Responder(static=_THEIRS, peers={public(_OURS): b""}).answer) as wireguard,
        answering(_ikev2) as ikev2,
        answering(_stun) as stun,
        listening(telegram_server.Server(behind=bytes(104)).serve) as telegram,
        listening(_shadowsocks) as shadowsocks,
        listening(over_tls(_answer), tls) as dot,
        listening(by_http2(message(_answer)), context(leaf, "h2")) as doh,
        quic_server(None, doq(_answer), alpn="doq", leaf=leaf) as by_quic,
        quic_server(None, http3(_page_by_quic), leaf=leaf) as quic,
        listening(_vmess) as vmess,
        listening(_thinks, tls) as slow,
    ):
        more = wireguard, ikev2, stun, telegram, shadowsocks, dot, doh, by_quic, quic, vmess, slow
        there = Ports(udp, openvpn, quiet, mute, http, https, long, *more, str(ca_file))
        print(json.dumps(asdict(there)), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Path(sys.argv[1])))
