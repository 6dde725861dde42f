"""WireGuard's responder proves itself by its key; whoever only answers, or answers with another key, does not pass."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from probes.facts import Target
from probes.knock.talk import Reply
from probes.knock.wireguard import Handshake, Keys, hchacha20
from probes.words import Failure, Kind, Step, Transport
from tests.probes.captured import AT_MS, exchange, flipped, token
from tests.probes.liars import answering, target, tools, walked
from tests.probes.wireguard_server import Responder, hashed, keyed, public

OWN = X25519PrivateKey.from_private_bytes(hashlib.sha256(b"own").digest())
THEIRS = X25519PrivateKey.from_private_bytes(hashlib.sha256(b"theirs").digest())
BOTH = hashlib.sha256(b"both").digest()
LOW_ORDER = bytes(32)

CAPTURED = {
    "wireguard plain": (bytes(32), 0),
    "wireguard preshared": (BOTH, 0),
    "wireguard cookie": (bytes(32), 5_000),
}


def talking(name: str) -> Handshake:
    """The conversation that was captured, before its first word."""
    preshared, later_ms = CAPTURED[name]
    return Handshake(Keys(OWN, public(THEIRS), preshared), token("wireguard"), AT_MS + later_ms)


def fresh(preshared: bytes = bytes(32)) -> tuple[Handshake, Responder]:
    responder = Responder(preshared=preshared, peers={public(OWN): b""})
    return Handshake(Keys(OWN, public(responder.static), preshared), token("fresh"), AT_MS), responder


# ---------------------------------------------------------------- vectors


def test_hchacha20_is_the_one_of_the_draft() -> None:
    """draft-irtf-cfrg-xchacha-03 section 2.2.1."""
    made = hchacha20(bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927"))
    assert made.hex() == "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"


@pytest.mark.parametrize("name", CAPTURED)
def test_wireguard_go_is_spoken_to_and_understood(name: str) -> None:
    said, heard = exchange(name)
    talk = talking(name)
    assert talk.opening() == said
    assert talk.read(heard) is Reply.PROVEN


@pytest.mark.parametrize("name", CAPTURED)
def test_not_one_bit_of_the_answer_may_be_another(name: str) -> None:
    _, heard = exchange(name)
    talk = talking(name)
    talk.opening()
    assert {talk.read(flipped(heard, bit)) for bit in range(8 * len(heard))} == {Reply.OTHER}
    assert {talk.read(heard[:size]) for size in range(len(heard))} == {Reply.OTHER}
    assert talk.read(heard + b"\0") is Reply.OTHER


# ---------------------------------------------------------------- the knock


@pytest.mark.parametrize("preshared", [bytes(32), BOTH], ids=["two keys", "and a third"])
def test_the_answer_to_either_opening_counts(preshared: bytes) -> None:
    for count in (1, 2):
        talk, responder = fresh(preshared)
        answers = [responder.answer(talk.opening()) for _ in range(2)]
        assert [len(each) for found in answers for each in found] == [92, 92]
        assert talk.read(answers[count - 1][0]) is Reply.PROVEN


def test_a_time_once_said_is_not_said_again() -> None:
    talk, responder = fresh()
    first, second = talk.opening(), talk.opening()
    assert first != second
    assert responder.answer(second)
    assert not responder.answer(first), "an earlier time is a replay"


@pytest.mark.parametrize("at_ms", [0, AT_MS, AT_MS + 999])
def test_the_time_grows_over_the_edge_of_a_second(at_ms: int) -> None:
    responder = Responder(peers={public(OWN): b""})
    keys = Keys(OWN, public(responder.static))
    for later_ms in range(3):
        assert responder.answer(Handshake(keys, token(f"{later_ms}"), at_ms + later_ms).opening())


def test_before_the_first_word_nothing_is_an_answer() -> None:
    assert talking("wireguard plain").read(exchange("wireguard plain")[1]) is Reply.OTHER


def test_another_preshared_key_is_another_responder() -> None:
    talk, responder = fresh(BOTH)
    responder.preshared = bytes(32)
    (answer,) = responder.answer(talk.opening())
    assert talk.read(answer) is Reply.OTHER


def test_a_cookie_of_another_responder_proves_nothing() -> None:
    talk, responder = fresh()
    opening = talk.opening()
    assert talk.read(Responder()._cookie(opening)) is Reply.OTHER
    assert talk.read(responder._cookie(opening)) is Reply.PROVEN


def test_a_key_of_low_order_proves_nothing() -> None:
    """Its secrets are all zero: anybody can make such an answer."""
    talk, _ = fresh()
    body = b"\x02\0\0\0" + bytes(4) + talk.opening()[4:8] + LOW_ORDER + bytes(16)
    assert talk.read(body + keyed(hashed(b"mac1----", public(OWN)), body) + bytes(16)) is Reply.OTHER
    talk = Handshake(Keys(OWN, LOW_ORDER), token("low"), AT_MS)
    assert len(talk.opening()) == 148, "a mistake in a configuration is walked, and never proven"
    body = b"\x02\0\0\0" + bytes(4) + talk.opening()[4:8] + public(THEIRS) + bytes(16)
    assert talk.read(body + keyed(hashed(b"mac1----", public(OWN)), body) + bytes(16)) is Reply.OTHER


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x02\0\0\0", b"\x03\0\0\0"]), st.sampled_from([None, 92, 64]))
def test_no_bytes_make_it_raise_or_prove_anything(data: bytes, start: bytes, size: int | None) -> None:
    talk = talking("wireguard plain")
    talk.opening()
    whole = start + data
    assert talk.read(whole if size is None else whole[:size].ljust(size, b"\0")) is Reply.OTHER


# ---------------------------------------------------------------- the walk


def mine(port: int, responder: Responder) -> Target:
    return replace(
        target(Kind.WIREGUARD, port, transport=Transport.UDP),
        options={"public_key": base64.b64encode(public(responder.static)).decode()},
        secrets={
            "private_key_file": base64.b64encode(OWN.private_bytes_raw()).decode(),
            "preshared_key_file": base64.b64encode(responder.preshared).decode(),
        },
    )


def _deaf_once(responder: Responder) -> Callable[[bytes], list[bytes]]:
    heard: list[bytes] = []

    def answer(data: bytes) -> list[bytes]:
        heard.append(data)
        return responder.answer(data) if len(heard) > 1 else []

    return answer


@pytest.mark.parametrize(
    ("who", "failure"),
    [
        ("the responder", None),
        ("the responder, the second time", None),
        ("the responder, under load", None),
        ("an impostor", Failure.KNOCK_UNEXPECTED_REPLY),
        ("an echo", Failure.KNOCK_UNEXPECTED_REPLY),
        ("a responder that does not know us", Failure.TIMEOUT),
    ],
)
async def test_only_the_real_responder_is_reached(who: str, failure: Failure | None) -> None:
    real = Responder(peers={public(OWN): b""}, preshared=BOTH, under_load=who.endswith("load"))
    impostor = Responder(static=real.static, peers=real.peers)  # who has all but the preshared key
    reply = {
        "the responder, the second time": _deaf_once(real),
        "an impostor": impostor.answer,
        "an echo": lambda data: [data],
        "a responder that does not know us": Responder(static=real.static).answer,
    }.get(who, real.answer)
    async with answering(reply) as port:
        walk = await walked(mine(port, real), tools())
    assert [seen.step for seen in walk.steps] == [Step.KNOCK]
    assert (walk.failure, walk.authenticated) == (failure, failure is None)


async def test_a_walk_without_a_preshared_key_is_one_with_zeros() -> None:
    real = Responder(peers={public(OWN): b""})
    async with answering(real.answer) as port:
        to = mine(port, real)
        walk = await walked(replace(to, secrets={"private_key_file": to.secrets["private_key_file"]}), tools())
    assert walk.reached
