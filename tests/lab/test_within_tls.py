"""The protocols within TLS and QUIC against the servers people really run: unbound, nginx, caddy and tor, on loopback."""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from probes.doors.trusted import TrustedResolver, TrustedResolvers
from probes.facts import Target, Walk
from probes.ports import Traffic
from probes.words import Answer, Failure, Kind, Step, Transport
from tests.lab import enter, whatsapp_web
from tests.probes.liars import NAME, target, tools, walked

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

DOT, DOH, WEB, H3, ORPORT = 18853, 18443, 19443, 20443, 19001
_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder() -> Path:
    """Short enough for Unix sockets, and gone with the namespace."""
    path = Path("/run") / f"within-{secrets.token_hex(3)}"
    path.mkdir()
    return path


@pytest.fixture(scope="module")
def ca_file(folder: Path) -> Path:
    """The root; beside it a leaf for our name and for 127.0.0.1, as the servers want it."""
    ca = trustme.CA()
    leaf = ca.issue_cert(NAME, "127.0.0.1")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "chain.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    return folder / "ca.pem"


@contextlib.contextmanager
def running(folder: Path, command: list[str], there: Callable[[], bool]) -> Iterator[None]:
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("ab") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=_ROOT)
    try:
        until = time.monotonic() + 15
        while not there():
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        child.kill()  # tor would stay 30 s for its circuits
        child.wait()


def listens(*ports: int) -> bool:
    for port in ports:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)):
                return False
    return True


async def walk_to(ca_file: Path, kind: Kind, port: int, **options: str) -> Walk:
    udp = kind in (Kind.QUIC, Kind.DOQ)
    to: Target = target(kind, port, transport=Transport.UDP if udp else Transport.TCP)
    hands = replace(tools(ca_file, timeout_s=3), token=secrets.token_bytes)
    return await walked(replace(to, options=options), hands)


# ---------------------------------------------------------------- unbound: DoT, and DoH by HTTP/2 alone


@pytest.fixture(scope="module")
def unbound(folder: Path, ca_file: Path) -> Iterator[None]:
    (folder / "unbound.conf").write_text(f"""
server:
  interface: 127.0.0.1@{DOT}
  interface: 127.0.0.1@{DOH}
  tls-port: {DOT}
  https-port: {DOH}
  tls-service-key: "{folder}/key.pem"
  tls-service-pem: "{folder}/chain.pem"
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  module-config: "iterator"
  do-not-query-localhost: no
  local-zone: "." static
  local-data: "{NAME}. 60 A 192.0.2.7"
  local-data: "{NAME}. 60 AAAA 2001:db8::7"
""")
    with running(folder, ["unbound", "-d", "-c", str(folder / "unbound.conf")], lambda: listens(DOT, DOH)):
        yield


@pytest.mark.parametrize(("kind", "port"), [(Kind.DOT, DOT), (Kind.DOH, DOH)])
async def test_unbound_is_reached_and_a_name_it_does_not_know_is_no_proof(
    ca_file: Path, unbound: None, kind: Kind, port: int
) -> None:
    walk = await walk_to(ca_file, kind, port)
    assert (walk.failure, walk.reached) == (None, True)
    walk = await walk_to(ca_file, kind, port, ask="elsewhere.example")
    assert (walk.last.step, walk.failure) == (Step.KNOCK, Failure.KNOCK_UNEXPECTED_REPLY)


async def test_unbound_tells_a_trusted_resolver_addresses(ca_file: Path, unbound: None) -> None:
    doh = TrustedResolver.doh(f"https://127.0.0.1:{DOH}/dns-query")
    dot = TrustedResolver("127.0.0.1", NAME, DOT)
    hands = tools(ca_file, timeout_s=3)
    for resolver in (doh, dot):
        ask = TrustedResolvers([resolver], hands.wire, hands.web, patience_s=3)
        assert await ask.resolve(NAME, Traffic()) == ("192.0.2.7",)
        assert await ask.resolve(NAME, Traffic(), v6=True) == ("2001:db8::7",)


# ---------------------------------------------------------------- nginx: HTTP/2, and a WebSocket handed on


@pytest.fixture(scope="module")
def nginx(folder: Path, ca_file: Path) -> Iterator[None]:
    location = whatsapp_web.LOCATION.replace("SOCKET", f"{folder}/chat.sock")
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{WEB} ssl http2;
    ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem;
    {location}
    location / {{ return 405; }}
  }}
}}
""")
    chat = [sys.executable, "-m", "tests.lab.whatsapp_web", f"{folder}/root.key", f"{folder}/chat.sock", "127.0.0.1"]
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    with running(folder, chat, lambda: listens(443)), running(folder, command, lambda: listens(WEB)):
        yield


async def test_the_chat_is_reached_through_a_web_server_in_front(ca_file: Path, folder: Path, nginx: None) -> None:
    root = (folder / "root.key").read_text()
    walk = await walk_to(ca_file, Kind.WHATSAPP_WEB, WEB, root_key=root)
    assert (walk.failure, walk.reached) == (None, True)
    walk = await walk_to(ca_file, Kind.WHATSAPP_WEB, WEB, root_key=f"{int(root, 16) ^ 1:064x}")
    assert walk.failure is Failure.KNOCK_UNEXPECTED_REPLY
    walk = await walk_to(ca_file, Kind.WHATSAPP_WEB, WEB, root_key=root, path="/elsewhere")
    assert (walk.last.status, walk.last.answer, walk.reached) == (405, Answer.CLIENT_ERROR, False)
    assert (await walk_to(ca_file, Kind.WHATSAPP, 443, root_key=root)).reached, "the same key without a browser"


async def test_a_refusal_by_http2_is_noted(ca_file: Path, nginx: None) -> None:
    walk = await walk_to(ca_file, Kind.DOH, WEB)
    assert (walk.failure, walk.last.status) == (Failure.HTTP_UNEXPECTED_STATUS, 405)


# ---------------------------------------------------------------- caddy: QUIC by another hand (quic-go)


@pytest.fixture(scope="module")
def caddy(folder: Path, ca_file: Path) -> Iterator[None]:
    (folder / "Caddyfile").write_text(f"""
{{
  admin off
  auto_https off
  storage file_system {folder}/caddy
}}
https://{NAME}:{H3} {{
  bind 127.0.0.1
  tls {folder}/chain.pem {folder}/key.pem
  respond /robots.txt "nothing" 403
  respond "hello"
}}
""")
    with running(
        folder, ["caddy", "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"], lambda: listens(H3)
    ):
        yield


async def test_caddy_is_reached_by_quic(ca_file: Path, caddy: None) -> None:
    walk = await walk_to(ca_file, Kind.QUIC, H3)
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.HANDSHAKE, Step.FETCH]
    assert (walk.failure, walk.last.answer) == (None, Answer.OK)
    walk = await walk_to(ca_file, Kind.QUIC, H3, path="/robots.txt")
    assert (walk.last.answer, walk.reached) == (Answer.FORBIDDEN, True)
    assert walk.last.body_sha256 is not None


async def test_caddy_is_not_believed_without_its_authority(caddy: None) -> None:
    walk = await walked(target(Kind.QUIC, H3, transport=Transport.UDP), tools(timeout_s=3))
    assert (walk.last.step, walk.failure) == (Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY)


# ---------------------------------------------------------------- tor: a relay that nobody knows of


@pytest.fixture(scope="module")
def tor(folder: Path) -> Iterator[dict[str, Any]]:
    data = folder / "tor"
    (folder / "torrc").write_text(f"""
DataDirectory {data}
ORPort 127.0.0.1:{ORPORT}
Address 127.0.0.1
SocksPort 0
Nickname didbanlab
ContactInfo none
TestingTorNetwork 1
DirAuthority other orport=9 v3ident={1:040x} 127.0.0.1:9 {2:040x}
AssumeReachable 1
PublishServerDescriptor 0
ExitRelay 0
""")
    known = data / "fingerprint-ed25519"
    with running(folder, ["tor", "-f", str(folder / "torrc")], lambda: known.exists() and listens(ORPORT)):
        yield {
            "fingerprint": (data / "fingerprint").read_text().split()[1],
            "ed25519": known.read_text().split()[1],
        }


async def test_tor_is_known_by_its_identity_and_no_other(ca_file: Path, tor: dict[str, Any]) -> None:
    walk = await walk_to(ca_file, Kind.TOR, ORPORT, **tor)
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.HANDSHAKE, Step.KNOCK]
    assert (walk.failure, walk.reached) == (None, True)
    walk = await walk_to(ca_file, Kind.TOR, ORPORT, fingerprint=f"{7:040X}")
    assert (walk.failure, walk.reached) == (Failure.KNOCK_UNEXPECTED_REPLY, False)
