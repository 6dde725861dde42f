"""An obfs4 bridge proves that it holds its key; an open port, an echo or another key does not pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from probes import catalogue
from probes.facts import Endpoint
from probes.knock import obfs4
from probes.knock.elligator import pair_of, public_of
from probes.knock.obfs4 import LEAST_PADDING, MOST_BYTES, MOST_PADDING, Handshake, bridge_of
from probes.knock.talk import Ask, Reply
from probes.words import Failure, Kind, Step, Transport
from tests.probes import liars
from tests.probes.captured import exchange, flipped, text, token
from tests.probes.liars import listening, target, tools, walked
from tests.probes.obfs4_server import Server

HOUR = 500_000
HOUR_MS = 3_600_000


def asked(cert: str, seed: str = "obfs4", at_ms: int = HOUR * HOUR_MS) -> Handshake:
    ask = Ask(Endpoint("", 443, Transport.TCP), "192.0.2.1", {}, token(seed), at_ms, {"cert_file": cert})
    return obfs4.of(ask)


def recorded() -> tuple[Handshake, bytes, bytes]:
    """What was said to obfs4proxy, by whom, and what came back: the seed of its generator stands behind its answer."""
    talk = asked(text("obfs4 cert"), text("obfs4 seed") + " ", int(text("obfs4 hour")) * HOUR_MS)
    return talk, *exchange("obfs4")


def test_obfs4proxy_was_spoken_to_and_is_understood_however_its_bytes_arrive() -> None:
    talk, said, heard = recorded()
    assert talk.opening() == said
    needed = len(heard) - 45  # the frame with the seed
    assert {talk.read(heard[:size]) for size in range(needed)} == {Reply.MORE}
    assert {talk.read(heard[:size]) for size in range(needed, len(heard) + 1)} == {Reply.PROVEN}


def test_not_one_bit_of_what_proves_it_may_be_another() -> None:
    """In the key or the mark the mark is not found; anywhere else it is the MAC that says no."""
    talk, _, heard = recorded()
    needed = len(heard) - 45
    heard = heard[:needed]
    mark = range(8 * (needed - 32), 8 * (needed - 16))
    for bit in range(8 * needed):
        lost = bit < 256 or bit in mark
        assert talk.read(flipped(heard, bit)) is (Reply.MORE if lost else Reply.OTHER), bit


def test_a_clock_that_is_an_hour_off_is_forgiven_and_two_are_not() -> None:
    server = Server(HOUR)
    talk = asked(server.cert)
    for hours, reply in ((-2, Reply.OTHER), (-1, Reply.PROVEN), (0, Reply.PROVEN), (1, Reply.PROVEN), (2, Reply.OTHER)):
        assert talk.read(server.said(talk.pair.public, HOUR + hours)) is reply, hours
    for hours in (-2, -1, 0, 1, 2):
        heard = asked(server.cert, at_ms=(HOUR + hours) * HOUR_MS).opening()
        assert bool(server.answer(heard)) is (abs(hours) < 2), hours


@pytest.mark.parametrize("padding", [0, 1, MOST_BYTES - 96])
def test_the_servers_padding_may_be_as_long_as_there_is_room(padding: int) -> None:
    server = Server(HOUR, padding)
    talk = asked(server.cert)
    assert talk.read(server.answer(talk.opening()) + b"a frame") is Reply.PROVEN


def test_a_proof_that_ends_past_the_longest_handshake_is_none() -> None:
    server = Server(HOUR, MOST_BYTES - 95)
    talk = asked(server.cert)
    assert talk.read(server.answer(talk.opening())) is Reply.OTHER


def test_what_everybody_with_the_cert_can_make_proves_nothing() -> None:
    """Mark and MAC are right in all of these; AUTH is not."""
    server = Server(HOUR)
    talk = asked(server.cert)
    shown = pair_of(bytes(32)).representative
    assert talk.read(talk.opening()) is Reply.OTHER  # our own words
    assert talk.read(server.signed(shown + bytes(32), HOUR)) is Reply.OTHER
    assert (
        talk.read(server.said(asked(server.cert, "another").pair.public, HOUR)) is Reply.OTHER
    )  # said to somebody else
    impostor = Server(HOUR)
    named = replace(talk, bridge=bridge_of(server.cert))
    assert named.read(server.signed(impostor.said(talk.pair.public, HOUR)[:64], HOUR)) is Reply.OTHER


def test_another_key_and_another_node_are_not_this_bridge() -> None:
    server = Server(HOUR)
    talk = asked(server.cert)
    heard = server.answer(talk.opening())
    for other in (Server(HOUR), Server(HOUR, node_id=bytes(20), private=server.private)):
        assert other.answer(talk.opening()) == b""
        assert replace(talk, bridge=bridge_of(other.cert)).read(heard) is Reply.MORE


def test_a_key_of_low_order_proves_nothing() -> None:
    """With either of them zero what both share could be guessed: the point behind 32 zeros is such a one."""
    server = Server(HOUR)
    talk = asked(server.cert)
    assert public_of(bytes(32)) == bytes(32)
    assert talk.read(server.signed(bytes(64), HOUR)) is Reply.OTHER
    assert talk.read(server.signed(bytes(32), HOUR)) is Reply.MORE  # too short to hold an AUTH


@given(st.binary(max_size=400), st.integers(0, MOST_BYTES))
def test_no_bytes_make_it_raise_or_prove_anything_and_8192_are_enough(data: bytes, more: int) -> None:
    heard = data + bytes(more)
    assert asked(text("obfs4 cert")).read(heard) is (Reply.OTHER if len(heard) >= MOST_BYTES else Reply.MORE)


@given(st.binary(max_size=300), st.integers(-3, 3))
def test_nor_do_bytes_that_are_signed_with_what_the_cert_says(data: bytes, hours: int) -> None:
    server = Server(HOUR)
    heard = server.signed(data, HOUR + hours)
    assert asked(server.cert).read(heard) is (Reply.OTHER if len(data) >= 64 else Reply.MORE)


def test_the_padding_is_as_long_as_obfs4proxys_and_never_the_same() -> None:
    cert = text("obfs4 cert")
    sizes = {len(asked(cert, str(number)).padding) for number in range(64)}
    assert len(sizes) > 60
    assert LEAST_PADDING <= min(sizes) < 1000 < 7000 < max(sizes) <= MOST_PADDING
    edges = [bytes(8), (MOST_PADDING - LEAST_PADDING).to_bytes(8, "big")]
    for edge, size in zip(edges, (LEAST_PADDING, MOST_PADDING), strict=True):
        ask = Ask(Endpoint("", 1, Transport.TCP), "", {}, _edge(edge), 0, {"cert_file": cert})
        assert len(obfs4.of(ask).opening()) == 64 + size


def _edge(first: bytes) -> Callable[[int], bytes]:
    return lambda count: first.ljust(count, b"\0")


def test_the_cert_is_read_with_its_name_and_without() -> None:
    server = Server(HOUR)
    assert bridge_of(server.cert) == bridge_of("cert=" + server.cert)
    assert bridge_of(server.cert).public == server.public
    assert bridge_of(server.cert).node_id == server.node_id


def test_nothing_of_the_cert_is_in_what_its_holder_says_of_itself(tmp_path: Path) -> None:
    server = Server(HOUR, private=X25519PrivateKey.from_private_bytes(bytes(32)))
    row = "- {id: a, kind: obfs4, depth: protocol, hosts: [192.0.2.1], ports: [1], options: {cert_file: c}, source: x}"
    (tmp_path / "x.yml").write_text(f"service: x\ntitle: {{en: X}}\ncategory: vpn\ntargets:\n  {row}\n")
    (tmp_path / "c").write_text(f"cert={server.cert}\n")
    found, wrong = catalogue.load_file(tmp_path / "x.yml")
    assert found is not None, wrong
    (to,) = found.targets
    assert to.secrets == {"cert_file": f"cert={server.cert}"}
    (tmp_path / "c").write_text(server.cert[:-1])
    _, wrong = catalogue.load_file(tmp_path / "x.yml")
    told = repr((to, asked(server.cert), wrong))
    assert wrong
    assert not any(server.cert[at : at + 12] in told for at in range(len(server.cert) - 11))
    assert repr(server.node_id)[2:12] not in told
    assert repr(server.public)[2:12] not in told


async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(8192):
        writer.write(said)


@pytest.mark.parametrize(
    ("who", "failure"),
    [
        ("the bridge", None),
        ("a bridge with another key", Failure.TIMEOUT),
        ("an open port", Failure.TIMEOUT),
        ("one that closes", Failure.EOF),
        ("one that resets", Failure.CONNECTION_RESET),
        ("an echo", Failure.KNOCK_UNEXPECTED_REPLY),
        ("one that never ends", Failure.KNOCK_UNEXPECTED_REPLY),
        ("a web server", Failure.EOF),
    ],
)
async def test_only_the_holder_of_the_key_is_reached(who: str, failure: Failure | None) -> None:
    hands = tools()
    hour = hands.clock.now_ms() // HOUR_MS
    server = Server(hour)
    behaviour: dict[str, liars.Behaviour] = {
        "the bridge": server.serve,
        "a bridge with another key": Server(hour).serve,
        "an open port": liars.silent,
        "one that closes": liars.closes,
        "one that resets": liars.resets,
        "an echo": echoes,
        "one that never ends": liars.never_ends,
        "a web server": liars.says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    }
    async with listening(behaviour[who]) as port:
        walk = await walked(replace(target(Kind.OBFS4, port), secrets={"cert_file": server.cert}), hands)
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.KNOCK]
    assert (walk.failure, walk.authenticated) == (failure, failure is None)
    assert walk.last.said_sha256 is None  # no mark of what was said is kept
    assert server.cert[:12] not in repr(walk)
    assert walk.bytes_received <= 4 * MOST_BYTES


async def test_it_says_no_word_after_the_proof() -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    hands = tools()
    server = Server(hands.clock.now_ms() // HOUR_MS)

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = b""
        while more := await reader.read(8192):
            said += more
            writer.write(server.answer(said))
        heard.set_result(said)

    async with listening(listens) as port:
        walk = await walked(replace(target(Kind.OBFS4, port), secrets={"cert_file": server.cert}), hands)
        assert walk.authenticated
        assert server.answer(await heard)  # its first words, whole, and nothing behind them
