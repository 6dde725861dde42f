"""Telegram's answer repeats our nonce and lists a key that is known; no other bytes pass."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from probes.knock.talk import Reply
from probes.knock.telegram import ReqPq, start_of
from probes.words import Failure, Kind, Step
from tests.probes import liars
from tests.probes.captured import exchange, flipped, token
from tests.probes.liars import listening, target, tools, walked
from tests.probes.telegram_server import KEYS, Server, stream

# core.telegram.org/mtproto/samples-auth_key, January 2024 (MarshalX/telegram-crawler@00171f4e): what a client sent, and
# as much of the answer as is printed; its length says 184, and the rest is not shown
NONCE = bytes.fromhex("15A084B3B9CA2A17F03925F44B78FE68")
SAID = bytes.fromhex("000000000000000064F70D00FCC0AB6514000000F18E7EBE15A084B3B9CA2A17F03925F44B78FE68")
HEARD = bytes.fromhex(
    "000000000000000001C46FBEFCC0AB65B80000006324160515A084B3B9CA2A17F03925F44B78FE68D6701FCD212CEB87C966E5318F5564A8"
    "081460E7D3FA72779100000015C4B51C03000000A5B7F709355FC30B216BE86C022BB4C385FD64DE851D9DD0"
).ljust(20 + 184, b"\x5a")
KNOWN = frozenset({0xD09D1D85DE64FD85})
AT_MS = 0x65ABC0FC * 1000

# tdlib/td@0dd19340 td/telegram/net/PublicRsaKeySharedMain.cpp: the key of production
PEM = b"""-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEA6LszBcC1LGzyr992NzE0ieY+BSaOW622Aa9Bd4ZHLl+TuFQ4lo4g
5nKaMBwK/BIb9xUfg0Q29/2mgIR6Zr9krM7HjuIcCzFvDtr+L0GQjae9H0pRB2OO
62cECs5HKhT5DZ98K33vmWiLowc621dQuwKWSQKjWf50XYFw42h21P2KXUGyp2y/
+aEyZ+uVgLLQbRA1dEjSDZ2iGRy12Mk5gpYc397aYp438fsJoHIgJ2lgMv5h7WY9
t6N/byY9Nw9p21Og3AoXSL2q/2IJ1WRUhebgAdGVMlV1fkuOQoEzR7EdpqtQD9Cs
5+bfo3Nhmcyvk5ftB0WkJ9z6bNZ7yxrP8wIDAQAB
-----END RSA PUBLIC KEY-----
"""


START = start_of(token("telegram")(64))


def hidden(plain: bytes) -> bytes:
    """As the server sends it to whoever said `START`."""
    return stream(START[::-1]).update(plain)


def framed(message: bytes) -> bytes:
    return hidden(len(message).to_bytes(4, "little") + message)


def talking(known: frozenset[int] = KNOWN) -> ReqPq:
    return ReqPq(NONCE, known, AT_MS, START)


# ---------------------------------------------------------------- published vectors


def test_the_fingerprint_is_the_one_of_the_published_key() -> None:
    """64 lower bits of SHA1 over n and e, each as TL's bytes (core.telegram.org/mtproto/auth_key)."""
    key = load_pem_public_key(PEM)
    assert isinstance(key, RSAPublicKey)
    numbers = key.public_numbers()
    n, e = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
    made = hashlib.sha1(b"\xfe\x00\x01\x00" + n + b"\x03" + e).digest()
    assert frozenset({int.from_bytes(made[-8:], "little")}) == KNOWN


def test_it_speaks_as_telegram_wrote_it_down() -> None:
    opening = talking().opening()
    assert opening[:56] == START[:56]
    shown = stream(opening[:64]).update(opening)
    assert (shown[56:60], shown[64:68]) == (b"\xee" * 4, b"\x28\0\0\0")
    assert (shown[68:76], shown[84:]) == (SAID[:8], SAID[16:])
    message_id = int.from_bytes(shown[76:84], "little")
    assert message_id >> 32 == int.from_bytes(SAID[8:16], "little") >> 32
    assert message_id % 4 == 0


def test_it_speaks_as_another_client_does() -> None:
    """Telethon's first words, said again from what they hide: only the message id says more than milliseconds."""
    said, _ = exchange("telegram")
    shown = stream(said[:64]).update(said)
    at_ms = int.from_bytes(shown[76:84], "little") * 1000 >> 32
    opening = ReqPq(shown[92:], frozenset(), at_ms, said[:56] + shown[56:64]).opening()
    assert (opening[:76], opening[80:]) == (said[:76], said[80:])


def test_telegrams_own_answer_is_understood_however_its_bytes_arrive() -> None:
    talk, answer = talking(), framed(HEARD)
    assert {talk.read(answer[:size]) for size in range(len(answer))} == {Reply.MORE}
    assert talk.read(answer) is Reply.PROVEN


# ---------------------------------------------------------------- the knock


def test_not_one_bit_may_be_another_of_what_shows_whom_it_is_for_and_from() -> None:
    """The key id, what it is, our nonce, the head of the list, the one key we know."""
    for start, end in ((0, 8), (20, 40), (68, 72), (92, 100)):
        for bit in range(8 * start, 8 * end):
            assert talking().read(framed(flipped(HEARD, bit))) is Reply.OTHER, bit


@pytest.mark.parametrize(
    "server",
    [
        Server(keys=(0xB25898DF208D2603,)),
        Server(keys=()),
        Server(nonce=bytes(16)),
        Server(pq=bytes(17)),
    ],
    ids=["another key", "no key", "somebody else's nonce", "a number too long"],
)
def test_an_answer_that_is_not_for_us_or_not_from_them_proves_nothing(server: Server) -> None:
    talk = talking()
    assert talk.read(server.answer(talk.opening())) is Reply.OTHER


def test_any_of_several_known_keys_will_do_and_a_long_list_too() -> None:
    talk = talking(frozenset({1, KEYS[0]}))
    assert talk.read(Server().answer(talk.opening())) is Reply.PROVEN
    assert talk.read(Server(keys=(7,) * 60 + KEYS).answer(talk.opening())) is Reply.PROVEN
    assert talk.read(Server(keys=(7,) * 600 + KEYS).answer(talk.opening())) is Reply.OTHER


@pytest.mark.parametrize("size", range(68, 100))
def test_a_list_that_breaks_off_is_none(size: int) -> None:
    cut = HEARD[:16] + (size - 20).to_bytes(4, "little") + HEARD[20:size]
    assert talking().read(framed(cut)) is Reply.OTHER


def test_a_body_shorter_than_it_says_is_none() -> None:
    assert talking().read(framed(HEARD[:-1])) is Reply.OTHER


@pytest.mark.parametrize(
    "taken", [b"\xef", b"\xee" * 4, b"\xdd" * 4, b"HEAD", b"POST", b"GET ", b"OPTI", b"\x16\x03\x01\x02"]
)
def test_it_never_begins_as_another_transport_does(taken: bytes) -> None:
    start = start_of(taken.ljust(64, b"\0"))
    assert not start.startswith(taken[:1])
    assert start[4:8] != bytes(4)
    assert start_of(start) == start, "what is free is left as it is"


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400", b"\x15\x03\x03\x00\x02\x02\x28", b"SSH-2.0-", hidden(b"\x04\0\0\0\x6c\xfe\xff\xff")],
    ids=["http", "tls", "ssh", "a refusal of MTProto's"],
)  # fmt: skip
def test_another_protocol_is_another_at_once(said: bytes) -> None:
    assert talking().read(said) is Reply.OTHER


@given(st.binary(max_size=1100), st.integers(0, 2))
def test_no_bytes_make_it_raise_or_prove_anything(data: bytes, shape: int) -> None:
    whole = [hidden(data), framed(data), framed(HEARD[:40] + data)][shape]
    assert talking(frozenset({0x1234567890ABCDEF})).read(whole) is not Reply.PROVEN


# ---------------------------------------------------------------- the walk


@pytest.mark.parametrize(
    ("who", "failure"),
    [
        ("Telegram", None),
        ("an impostor", Failure.KNOCK_UNEXPECTED_REPLY),
        ("a web server", Failure.KNOCK_UNEXPECTED_REPLY),
        ("an open port", Failure.TIMEOUT),
        ("one that closes", Failure.EOF),
    ],
)
async def test_only_the_real_server_is_reached(who: str, failure: Failure | None) -> None:
    behaviour = {
        "Telegram": Server(behind=bytes(100)).serve,
        "an impostor": Server(keys=(1, 2)).serve,
        "a web server": liars.says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "an open port": liars.silent,
        "one that closes": liars.closes,
    }[who]
    async with listening(behaviour) as port:
        to = replace(target(Kind.TELEGRAM, port), options={"fingerprints": f"{1 << 63:016x},{KEYS[2]:016x}"})
        walk = await walked(to, tools())
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.KNOCK]
    assert (walk.failure, walk.authenticated) == (failure, failure is None)
