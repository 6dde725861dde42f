"""The witness: completes TLS for any name, answers nobody too much, and signs what it saw without saying who asked."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import dns.message
import dns.rcode
import pytest
from msgspec import structs

from probes import hello, witness
from probes.doors.wire import Sockets
from probes.facts import Endpoint, Target, Walk
from probes.ports import Greeting, Stream, Traffic
from probes.words import Failure, Kind, Step, Transport
from tests.deploy.responders import NAME, Standing, standing
from tests.probes import liars
from tests.probes.liars import tools, walked

DEPLOY = Path(__file__).parents[2] / "deploy" / "responder"
UNIT = DEPLOY / "didban-responder.service"
_SESSION_ID = (
    5 + 4 + 2 + 32 + 1
)  # behind the record's header, the message's, the version, the random and its own length


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Standing]:
    async with standing(tmp_path) as responder:
        yield responder


async def test_whoever_starts_it_is_told_that_it_listens_and_where(there: Standing) -> None:
    assert there.said == ["listening on 127.0.0.1"]


async def dialled(there: Standing, protocol: str, transport: Transport = Transport.TCP) -> tuple[Sockets, Stream]:
    wire = Sockets(there.ca_file)
    return wire, await wire.connect("127.0.0.1", there.ports[protocol], transport, Traffic())


async def asked(stream: Stream, request: bytes) -> bytes:
    await stream.send(request)
    data = b""
    while more := await stream.receive(65536):
        data += more
    return data


async def secure(there: Standing, says: str = NAME) -> tuple[Stream, hello.Hello]:
    wire, stream = await dialled(there, "tls")
    said = hello.FirstWords(stream)
    greeted = await wire.handshake(said, Greeting(says, (NAME,), ("http/1.1",)))
    first = said.hello()
    assert first is not None
    return greeted.stream, first


async def told(there: Standing, walk: str) -> witness.Testimony:
    """What the witness hands out to whoever holds the token."""
    stream, _ = await secure(there)
    token = (there.folder / "token").read_text().strip()
    page = await asked(
        stream, f"GET /witness/{walk} HTTP/1.1\r\nHost: w\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    stream.close()
    return witness.testimony(page.partition(b"\r\n\r\n")[2].decode().splitlines(), walk, there.key)


async def settled(there: Standing, walk: str) -> witness.Testimony:
    """The same once the connection is over for the responder as well."""
    await there.responder.quiet.wait()
    return await told(there, walk)


# ---------------------------------------------------------------- TLS and pages


@pytest.mark.parametrize("says", [NAME, "www.instagram.com", "xn--mgba3a4f16a.example", "127.0.0.1"])
async def test_a_handshake_is_completed_for_any_name(there: Standing, says: str) -> None:
    stream, first = await secure(there, says)
    page = await asked(stream, b"GET /64k HTTP/1.1\r\nHost: x\r\n\r\n")
    stream.close()
    head, _, body = page.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) == 65536
    whats = [json.loads(line)["what"] for line in there.lines() if first.random_sha256 in line]
    assert whats[:5] == ["accepted", "hello_arrived", "server_hello_left", "handshake_done", "body_left"]
    assert (await settled(there, first.random_sha256)).word("ended", "by") == "peer"


async def test_the_log_says_neither_who_asked_nor_for_what(there: Standing) -> None:
    stream, _ = await secure(there, "www.instagram.com")
    await asked(stream, b"GET /bytes/5000 HTTP/1.1\r\nHost: www.instagram.com\r\nUser-Agent: me\r\n\r\n")
    stream.close()
    said = "".join(there.lines()).lower()
    assert not [word for word in ("127.0.0.1", "instagram", "bytes/", "user-agent") if word in said]


@pytest.mark.parametrize(
    ("request_", "status", "length"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 204, 0),
        (b"GET /bytes/1000000 HTTP/1.1\r\nHost: x\r\n\r\n", 200, 1_000_000),
        (b"GET /bytes/1000001 HTTP/1.1\r\nHost: x\r\n\r\n", 404, 0),
        (b"GET /64k HTTP/1.1\r\nHost: x\r\nRange: bytes=0-16383\r\n\r\n", 206, 16384),
        (b"GET /64k HTTP/1.1\r\nHost: x\r\nRange: bytes=70000-\r\n\r\n", 416, 0),
        (b"HEAD /64k HTTP/1.1\r\nHost: x\r\n\r\n", 200, 0),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405, 0),
        (b"GET /witness/" + b"0" * 64 + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer guess\r\n\r\n", 404, 0),
        (b"\x00\x01\x02 nonsense\r\n\r\n", 400, 0),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 431, 0),
    ],
)
@pytest.mark.parametrize("within", ["tls", "clear"])
async def test_each_page_has_its_answer(
    there: Standing, within: str, request_: bytes, status: int, length: int
) -> None:
    if within == "tls":
        stream, _ = await secure(there)
    else:
        _, stream = await dialled(there, "clear")
    page = await asked(stream, request_)
    stream.close()
    head, _, body = page.partition(b"\r\n\r\n")
    assert (int(head.split()[1]), len(body)) == (status, length)


async def test_a_megabyte_for_many_is_one_megabyte(there: Standing) -> None:
    """Thirty who ask and hardly read: what waits for them is in one place."""
    wire = Sockets()
    lines = [await wire.connect("127.0.0.1", there.ports["clear"], Transport.TCP, Traffic()) for _ in range(30)]
    tracemalloc.start()
    for line in lines:
        await line.send(b"GET /bytes/1000000 HTTP/1.1\r\nHost: x\r\n\r\n")
    heads = [await line.receive(12) for line in lines]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for line in lines:
        line.close()
    assert set(heads) == {b"HTTP/1.1 200"}
    assert most < 3_000_000


async def test_the_log_is_read_in_clear_by_nobody(there: Standing) -> None:
    token = (there.folder / "token").read_text().strip()
    _, stream = await dialled(there, "clear")
    page = await asked(
        stream, f"GET /witness/{'0' * 64} HTTP/1.1\r\nHost: w\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    stream.close()
    assert page.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize(
    "noise",
    [
        b"SSH-2.0-x\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
        bytes(600),
        b"\x16\x03\x01\x00\x04\x02\0\0\0",
    ],
)
async def test_what_is_no_tls_is_let_go_and_in_no_line(there: Standing, noise: bytes) -> None:
    before = len(there.lines())
    _, stream = await dialled(there, "tls")
    assert await asked(stream, noise) == b""
    stream.close()
    assert len(there.lines()) == before


# ---------------------------------------------------------------- both ends joined


def to(there: Standing, port: int = 0) -> Target:
    plain = liars.target(Kind.HTTPS, port or there.ports["tls"])
    return replace(plain, endpoints=(Endpoint(NAME, port or there.ports["tls"], Transport.TCP, "127.0.0.1"),))


async def behind(there: Standing, liar: liars.Behaviour, known: Path | None = None) -> tuple[Walk, witness.Testimony]:
    """A walk to the responder through somebody on the way, and what the responder says of it."""
    async with liars.listening(liar) as port:
        walk = await walked(to(there, port), tools(known or there.ca_file, timeout_s=0.4))
    greeting = next(seen for seen in walk.steps if seen.step is Step.HANDSHAKE)
    assert greeting.hello_sha256 is not None
    heard = any(greeting.hello_sha256 in line for line in there.lines())
    return walk, await (settled if heard else told)(there, greeting.hello_sha256)


def relay(there: Standing, *, back: int | None = None, then: str = "silence", spoil: bool = False) -> liars.Behaviour:
    """Hands everything on; of what comes back only the first `back` bytes (None: all), and then falls silent or resets."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        away, on = await asyncio.open_connection("127.0.0.1", there.ports["tls"])

        async def out() -> None:
            first = True
            while data := await reader.read(65536):
                on.write(_altered(data) if spoil and first else data)
                first = False
            on.write_eof()

        async def home() -> None:
            left = back
            while data := await away.read(65536):
                writer.write(data if left is None else data[:left])
                left = None if left is None else max(0, left - len(data))
                if left == 0:
                    break
            if left == 0 and then == "reset":
                liars_abort(writer)
                liars_abort(on)

        try:
            await asyncio.gather(out(), home())
        finally:
            on.close()

    return behave


def _altered(hello: bytes) -> bytes:
    """One bit of its session id: whoever echoes it is believed no more (RFC 8446 section 4.1.3)."""
    return hello[:_SESSION_ID] + bytes([hello[_SESSION_ID] ^ 1]) + hello[_SESSION_ID + 1 :]


def liars_abort(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_all_that_left_came(there: Standing) -> None:
    walk, said = await behind(there, relay(there))
    assert walk.reached
    assert witness.joined(walk, said) == "ClientHello arrived, ServerHello left and came, and so did what followed."


async def test_a_server_hello_that_is_swallowed_is_named(there: Standing) -> None:
    walk, said = await behind(there, relay(there, back=0))
    assert walk.failure is Failure.TIMEOUT
    sentence = witness.joined(walk, said)
    assert sentence.startswith("ClientHello arrived, ServerHello left, ServerHello never came")


async def test_a_client_hello_that_is_swallowed_is_named(there: Standing) -> None:
    walk, said = await behind(there, liars.silent)
    assert walk.failure is Failure.TIMEOUT
    assert witness.joined(walk, said, clock_wrong_ms=0) == "ClientHello left, and never arrived."


async def test_a_reset_the_responder_did_not_send_is_named(there: Standing) -> None:
    walk, said = await behind(there, relay(there, back=0, then="reset"))
    assert walk.failure is Failure.CONNECTION_RESET
    assert "a reset came that the responder did not send, and it was cut off as well" in witness.joined(walk, said)


async def test_a_client_hello_that_was_altered_is_named(there: Standing) -> None:
    walk, said = await behind(there, relay(there, spoil=True))
    assert walk.failure is not None
    assert witness.joined(walk, said).startswith("ClientHello arrived altered")


async def test_what_broke_after_the_handshake_is_named(there: Standing) -> None:
    walk = await walked(to(there), tools(there.ca_file))
    greeting = next(seen for seen in walk.steps if seen.step is Step.HANDSHAKE)
    assert greeting.hello_sha256 is not None
    said = await settled(there, greeting.hello_sha256)
    broken = structs.replace(walk, steps=(*walk.steps[:-1], structs.replace(walk.steps[-1], failure=Failure.TIMEOUT)))
    assert "the handshake was completed by both, then generic_timeout_error here" in witness.joined(broken, said)


# ---------------------------------------------------------------- datagrams


async def datagram(there: Standing, protocol: str, packet: bytes) -> bytes:
    _, stream = await dialled(there, protocol, Transport.UDP)
    try:
        await stream.send(packet)
        async with asyncio.timeout(0.3):
            return await stream.receive(4096)
    except TimeoutError:
        return b""
    finally:
        stream.close()


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "answers"),
    [
        (f"w.{NAME}", "A", dns.rcode.NOERROR, 1),
        (f"7f3a.w.{NAME}", "A", dns.rcode.NOERROR, 1),
        (f"W.{NAME}", "AAAA", dns.rcode.NOERROR, 0),
        ("www.instagram.com", "A", dns.rcode.NXDOMAIN, 0),
        (f"not{NAME}", "A", dns.rcode.NXDOMAIN, 0),
        (".", "ANY", dns.rcode.NXDOMAIN, 0),
    ],
)
async def test_dns_answers_for_its_own_zone_only(
    there: Standing, name: str, kind: str, rcode: dns.rcode.Rcode, answers: int
) -> None:
    query = dns.message.make_query(name, kind)
    wire = await datagram(there, "dns", query.to_wire())
    reply = dns.message.from_wire(wire)
    assert query.is_response(reply)
    assert (reply.rcode(), len(reply.answer)) == (rcode, answers)
    assert len(wire) <= len(query.to_wire()) + 16
    assert not any("instagram" in line for line in there.lines())


async def test_dns_by_tcp_is_the_same(there: Standing) -> None:
    query = dns.message.make_query(f"w.{NAME}", "A").to_wire()
    _, stream = await dialled(there, "dns")
    reply = await asked(stream, len(query).to_bytes(2, "big") + query)
    stream.close()
    assert dns.message.from_wire(reply[2:]).answer[0][0].to_text() == "127.0.0.1"


@pytest.mark.parametrize("transport", list(Transport))
async def test_openvpn_is_answered_as_our_own_probe_wants_it(there: Standing, transport: Transport) -> None:
    walk = await walked(liars.target(Kind.OPENVPN, there.ports["openvpn"], transport=transport), tools())
    assert (walk.failure, walk.authenticated) == (None, True)
    assert [json.loads(line)["what"] for line in there.lines()][1:3] == ["asked", "answered"]


async def test_a_flood_from_one_neighbourhood_is_turned_away(there: Standing) -> None:
    query = dns.message.make_query(f"w.{NAME}", "A").to_wire()
    _, stream = await dialled(there, "dns", Transport.UDP)
    for _ in range(200):
        await stream.send(query)
    heard = 0
    try:
        while True:
            async with asyncio.timeout(0.2):
                await stream.receive(4096)
            heard += 1
    except TimeoutError:
        stream.close()
    assert 1 <= heard <= 60


# ---------------------------------------------------------------- onto a machine


def systemd_analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/didban/.venv/bin/python", "/bin/true"))
    done = systemd_analyze("verify", "--recursive-errors=no", copy)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_the_unit_gives_away_as_little_as_it_can() -> None:
    done = systemd_analyze(
        "security", "--offline=true", "--threshold=16", UNIT
    )  # the others have 15: they bind no port below 1024
    assert done.returncode == 0, done.stdout[-400:]


def test_the_unit_starts_a_command_that_exists() -> None:
    line = next(line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart="))
    words = line.split()[1:]
    done = subprocess.run([sys.executable, *words[:3], "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert words[3].partition("=")[0] in done.stdout


def test_what_is_wrong_with_a_configuration_is_said_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "responder.yml"
    path.write_text("listen: []\ntls: {chain_file: a, key_file: b}\nlog: {key_file: c}\nport: 1\n")
    command = [sys.executable, "-m", "deploy.responder", "run", f"--config.file={path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [line.partition(": ")[0].rpartition(":")[2] for line in done.stderr.splitlines()] == ["1", "4"]


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.responder", "init", "--name", NAME, "--address", "203.0.113.7"]
    first = subprocess.run([*command, "--out", tmp_path], capture_output=True, text=True, check=False)
    kept = (tmp_path / "log.key").read_bytes()
    again = subprocess.run([*command, "--out", tmp_path], capture_output=True, text=True, check=False)
    assert (first.returncode, again.returncode) == (0, 2)
    assert (tmp_path / "log.key").read_bytes() == kept
    open_to_all = [path.name for path in tmp_path.iterdir() if path.stat().st_mode & 0o077]
    assert not {"key.pem", "log.key", "token", "wireguard.key"} & set(open_to_all)
