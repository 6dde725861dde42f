"""A Shadowsocks server proves that it holds the key; an open port, an echo or another key does not pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.kinds import TRAITS
from probes.knock.shadowsocks import KEY_BYTES, Request, key_of
from probes.knock.talk import Reply
from probes.words import Failure, Kind, Step
from tests.probes import liars
from tests.probes.captured import exchange, flipped, token
from tests.probes.liars import listening, target, tools, walked
from tests.probes.shadowsocks_server import Server

PASSWORD = b"correct-horse"


def talking(cipher: str, password: bytes = PASSWORD) -> Request:
    size = KEY_BYTES[cipher]
    return Request(cipher, key_of(password, size), token("shadowsocks")(size), "127.0.0.1")


def test_the_key_of_a_password_is_openssls() -> None:
    """openssl enc -aes-256-cbc -md md5 -nosalt -P -k correct-horse"""
    assert key_of(PASSWORD, 32).hex().upper() == "2EB62D171BA8491DB496081A8B24738A6ADD520A3D05925B9C2454121AF99B35"


def test_every_cipher_a_target_may_name_is_spoken() -> None:
    assert TRAITS[Kind.SHADOWSOCKS].options["cipher"].form.split("|") == sorted(KEY_BYTES)


@pytest.mark.parametrize("cipher", KEY_BYTES)
def test_ss_server_is_spoken_to_and_understood_however_its_bytes_arrive(cipher: str) -> None:
    said, heard = exchange(f"shadowsocks {cipher}")
    talk = talking(cipher)
    assert talk.opening() == said
    needed = KEY_BYTES[cipher] + 18
    assert {talk.read(heard[:size]) for size in range(needed)} == {Reply.MORE}
    assert {talk.read(heard[:size]) for size in range(needed, len(heard) + 1)} == {Reply.PROVEN}


@pytest.mark.parametrize("cipher", KEY_BYTES)
def test_not_one_bit_of_what_proves_it_may_be_another(cipher: str) -> None:
    _, heard = exchange(f"shadowsocks {cipher}")
    talk = talking(cipher)
    assert {talk.read(flipped(heard, bit)) for bit in range(8 * (KEY_BYTES[cipher] + 18))} == {Reply.OTHER}


@pytest.mark.parametrize("cipher", KEY_BYTES)
def test_another_key_another_cipher_and_our_own_words_prove_nothing(cipher: str) -> None:
    _, heard = exchange(f"shadowsocks {cipher}")
    assert talking(cipher, b"battery-staple").read(heard) is Reply.OTHER
    for other in set(KEY_BYTES) - {cipher}:
        assert talking(other).read(heard) is Reply.OTHER
    assert talking(cipher).read(talking(cipher).opening()) is Reply.OTHER


@pytest.mark.parametrize("length", [0, 0x4000, 0xFFFF])
def test_a_length_that_no_server_says_proves_nothing(length: int) -> None:
    server = Server()
    assert talking(server.cipher).read(server.said(b"", length)) is Reply.OTHER


@pytest.mark.parametrize("cipher", KEY_BYTES)
def test_it_asks_for_the_head_of_one_page(cipher: str) -> None:
    server = Server(cipher)
    talk = replace(talking(cipher), through="www.example.org")
    assert talk.read(server.answer(talk.opening())) is Reply.PROVEN
    head = b"HEAD / HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n"
    assert server.asked == (b"www.example.org", 80, head)


@given(st.binary(max_size=200), st.sampled_from(sorted(KEY_BYTES)))
def test_no_bytes_make_it_raise_or_prove_anything(data: bytes, cipher: str) -> None:
    enough = KEY_BYTES[cipher] + 18
    assert talking(cipher).read(data) is (Reply.OTHER if len(data) >= enough else Reply.MORE)


@pytest.mark.parametrize(
    ("who", "failure"),
    [
        ("the server", None),
        ("a server with another key", Failure.EOF),
        ("a web server", Failure.EOF),
        ("a talkative one", Failure.KNOCK_UNEXPECTED_REPLY),
        ("an open port", Failure.TIMEOUT),
    ],
)
async def test_only_the_holder_of_the_key_is_reached(who: str, failure: Failure | None) -> None:
    stranger = Server(password=b"battery-staple")
    behaviour: dict[str, liars.Behaviour] = {
        "the server": Server().serve,
        "a server with another key": liars.closes,
        "a web server": liars.says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "a talkative one": liars.says(stranger.said(b"HTTP/1.1 200 OK\r\n\r\n"), then_silent=True),
        "an open port": liars.silent,
    }
    options = {"cipher": "aes-256-gcm", "through": "www.example.org"}
    async with listening(behaviour[who]) as port:
        to = replace(target(Kind.SHADOWSOCKS, port), options=options, secrets={"key_file": PASSWORD.decode()})
        walk = await walked(to, tools())
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.KNOCK]
    assert (walk.failure, walk.authenticated) == (failure, failure is None)
