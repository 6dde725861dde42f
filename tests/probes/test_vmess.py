"""A VMess server proves that it knows the user's id, now; an open port, an echo, another id or another hour does not."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.facts import Endpoint, Target
from probes.kinds import TRAITS
from probes.knock import vmess
from probes.knock.talk import Ask, Reply
from probes.words import Failure, Kind, Step, Transport
from tests.probes import liars
from tests.probes.captured import exchange, flipped, text, token
from tests.probes.liars import listening, target, tools, walked
from tests.probes.vmess_server import ID, Heard, Server, derived, said

OTHER_ID = "b831381d-6324-4d53-ad4f-8cda48b30812"
AT_MS = int(text("vmess at_ms"))
NEEDED = 2 + 16 + 4 + 16
HEAD = b"HEAD / HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n"


def talking(user: str = ID, through: str = "www.example.org", at_ms: int = AT_MS, dice: str = "vmess") -> vmess.Request:
    options, secrets = {"through": through}, {"id_file": user}
    return vmess.of(Ask(Endpoint("", 443, Transport.TCP), "", options, token(dice), at_ms, secrets))


def met(off_s: int = 0, user: str = ID) -> Server:
    """A server whose clock is that much later than ours."""
    return Server(user, now_s=lambda: AT_MS // 1000 + off_s)


def understood(talk: vmess.Request) -> Heard:
    heard = met().heard(talk.opening())
    assert heard is not None
    return heard


def test_the_key_derivation_is_v2fly_s() -> None:
    """TestKDFValue of v2ray-core, proxy/vmess/aead/kdf_test.go."""
    path = [b"Demo Path for KDF Value Test" + more for more in (b"", b"2", b"3")]
    value = "53e9d7e1bd7bd25022b71ead07d8a596efc8a845c7888652fd684b4903dc8892"
    assert vmess.kdf(b"Demo Key for KDF Value Test", *path).hex() == value
    assert derived(b"Demo Key for KDF Value Test", *path).hex() == value


def test_v2ray_is_spoken_to_and_understood_however_its_bytes_arrive() -> None:
    """v2ray 4.34.0 of Debian 12, alterId 0, without a setting more."""
    said, heard = exchange("vmess")
    talk = talking(through="127.0.0.1")
    assert talk.opening() == said
    assert {talk.read(heard[:size]) for size in range(NEEDED)} == {Reply.MORE}
    assert {talk.read(heard[:size]) for size in range(NEEDED, len(heard) + 1)} == {Reply.PROVEN}


def test_not_one_bit_of_what_proves_it_may_be_another() -> None:
    _, heard = exchange("vmess")
    assert {talking().read(flipped(heard, bit)) for bit in range(8 * NEEDED)} == {Reply.OTHER}


def test_an_answer_to_another_walk_and_our_own_words_prove_nothing() -> None:
    """What was recorded passes never again: the keys of an answer are those of its question."""
    _, heard = exchange("vmess")
    assert talking(dice="another walk").read(heard) is Reply.OTHER
    assert talking().read(talking().opening()) is Reply.OTHER


def test_it_asks_for_the_head_of_one_page() -> None:
    server, talk = met(), talking()
    assert talk.read(server.answer(talk.opening())) is Reply.PROVEN
    assert server.asked == (b"www.example.org", 80, HEAD)


def test_another_id_is_a_stranger() -> None:
    assert met().answer(talking(OTHER_ID).opening()) == b""
    assert met(user=OTHER_ID).answer(talking(OTHER_ID).opening()) != b""


@pytest.mark.parametrize(("off_s", "heard"), [(-121, False), (-120, True), (0, True), (120, True), (121, False)])
def test_it_says_the_time_it_was_handed(off_s: int, heard: bool) -> None:
    assert (met(off_s).answer(talking().opening()) != b"") is heard


def test_an_opening_is_answered_once() -> None:
    server = met()
    assert server.answer(talking().opening()) != b""
    assert server.answer(talking().opening()) == b""
    assert server.answer(talking(dice="another walk").opening()) != b""


@pytest.mark.parametrize("wrong", [1, 0x80, 0xFF])
def test_another_byte_than_ours_proves_nothing(wrong: int) -> None:
    talk = talking()
    heard = understood(talk)
    assert talk.read(said(heard, header=bytes([heard.v, 0, 0, 0]))) is Reply.PROVEN
    assert talk.read(said(heard, header=bytes([heard.v ^ wrong, 0, 0, 0]))) is Reply.OTHER


@pytest.mark.parametrize("length", [0, 3, 4 + 256, 0xFFFF])
def test_a_length_that_no_server_says_proves_nothing(length: int) -> None:
    """Nor is it waited for."""
    assert talking().read(said(understood(talking()), length=length)[:18]) is Reply.OTHER


@given(st.binary(max_size=300))
def test_the_longest_answer_a_server_may_give_is_heard_out(rest: bytes) -> None:
    """It may carry a command (a port to use from now on), which is not obeyed."""
    talk = talking()
    heard = understood(talk)
    reply = talk.read(said(heard, header=bytes([heard.v]) + rest))
    assert reply is (Reply.PROVEN if 3 <= len(rest) <= 3 + 256 - 1 else Reply.OTHER)


@given(st.binary(max_size=600))
def test_no_bytes_make_it_raise_or_prove_anything(data: bytes) -> None:
    assert talking().read(data) is (Reply.OTHER if len(data) >= 18 else Reply.MORE)


@given(st.binary(max_size=600))
def test_nor_do_they_after_a_length_that_opens(data: bytes) -> None:
    """Whoever cuts in behind it: as many bytes as it says are read, and they do not open."""
    start = said(understood(talking()))[:18]
    assert talking().read(start + data) is (Reply.OTHER if len(data) >= 20 else Reply.MORE)


@pytest.mark.parametrize("written", [ID, ID.upper()])
def test_an_id_is_read_as_people_write_it(written: str) -> None:
    assert re.fullmatch(TRAITS[Kind.VMESS].options["id_file"].form, written)
    assert vmess.user_of(written) == vmess.user_of(ID)


@pytest.mark.parametrize(
    "written", ["", "a word", ID[:-1], ID + "0", ID.replace("-", ""), "{" + ID + "}", f"{ID}\n{ID}"]
)
def test_what_is_no_id_is_refused_where_the_file_is_read(written: str) -> None:
    assert not re.fullmatch(TRAITS[Kind.VMESS].options["id_file"].form, written)


@dataclass(frozen=True)
class Wrong:
    """A clock that is wrong by so much."""

    off_s: int

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.off_s * 1000

    def elapsed_s(self) -> float:
        return time.monotonic()

    def boot_ms(self) -> int:
        return int(time.monotonic() * 1000)


def to(port: int, user: str = ID) -> Target:
    return replace(target(Kind.VMESS, port), options={"through": "www.example.org"}, secrets={"id_file": user})


@pytest.mark.parametrize(
    ("who", "failure"),
    [
        ("the server", None),
        ("a server of another id", Failure.TIMEOUT),
        ("one that closes", Failure.EOF),
        ("a web server", Failure.KNOCK_UNEXPECTED_REPLY),
        ("an echo", Failure.KNOCK_UNEXPECTED_REPLY),
        ("an open port", Failure.TIMEOUT),
    ],
)
async def test_only_who_knows_the_id_is_reached(who: str, failure: Failure | None) -> None:
    behaviour: dict[str, liars.Behaviour] = {
        "the server": Server().serve,
        "a server of another id": Server(OTHER_ID).serve,
        "one that closes": liars.closes,
        "a web server": liars.says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "an echo": echo,
        "an open port": liars.silent,
    }
    async with listening(behaviour[who]) as port:
        walk = await walked(to(port), tools())
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.KNOCK]
    assert (walk.failure, walk.authenticated) == (failure, failure is None)
    assert ID not in repr((walk, to(port), talking()))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read(4096))
    await reader.read()


@pytest.mark.parametrize("off_s", [-130, 130])
async def test_a_wrong_clock_looks_like_an_open_port(off_s: int) -> None:
    async with listening(Server().serve) as port:
        walk = await walked(to(port), replace(tools(), clock=Wrong(off_s)))
    assert walk.failure is Failure.TIMEOUT
