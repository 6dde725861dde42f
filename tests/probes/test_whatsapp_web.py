"""WhatsApp's chat as a browser reaches it: a WebSocket must open, and the server within must prove itself by its keys."""

from __future__ import annotations

import contextlib
import hashlib
from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.doors import websocket
from probes.facts import Walk
from probes.failure import Refusal
from probes.ports import Page
from probes.words import Answer, Failure, Kind, Step
from tests.probes import liars
from tests.probes.liars import Authority, Behaviour, listening, target, tools, walked
from tests.probes.whatsapp_server import Server
from tests.probes.whatsapp_web_server import WebServer, talks

SERVER = Server()


async def walk_to(authority: Authority, behaviour: Behaviour, root: bytes = SERVER.root.public, **more: str) -> Walk:
    async with listening(behaviour, authority.server()) as port:
        to = replace(target(Kind.WHATSAPP_WEB, port), options={"root_key": root.hex(), **more})
        return await walked(to, tools(authority.ca_file))


@pytest.mark.parametrize("piece", [0, 1, 100])
async def test_the_real_server_is_reached_however_its_words_are_cut(authority: Authority, piece: int) -> None:
    walk = await walk_to(authority, WebServer(SERVER, piece=piece, pings=True).serve)
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.HANDSHAKE, Step.KNOCK]
    assert walk.reached


async def test_an_impostor_with_a_good_certificate_is_not_reached(authority: Authority) -> None:
    walk = await walk_to(authority, WebServer(Server()).serve)
    assert (walk.last.step, walk.failure) == (Step.KNOCK, Failure.KNOCK_UNEXPECTED_REPLY)


async def test_whoever_has_no_certificate_for_the_name_is_not_spoken_to(authority: Authority) -> None:
    async with listening(WebServer(SERVER).serve, authority.server("elsewhere.example")) as port:
        to = replace(target(Kind.WHATSAPP_WEB, port), options={"root_key": SERVER.root.public.hex()})
        walk = await walked(to, tools(authority.ca_file))
    assert (walk.last.step, walk.failure) == (Step.HANDSHAKE, Failure.SSL_INVALID_HOSTNAME)


def page(status: int) -> Behaviour:
    return liars.says(f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nno".encode())


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, Answer.OK), (403, Answer.FORBIDDEN), (404, Answer.NOT_FOUND), (429, Answer.TOO_MANY), (451, Answer.LEGAL)],
)
async def test_a_page_instead_is_an_answer_and_its_status_is_noted(
    authority: Authority, status: int, answer: Answer
) -> None:
    walk = await walk_to(authority, page(status))
    assert (walk.last.step, walk.failure) == (Step.KNOCK, Failure.HTTP_UNEXPECTED_STATUS)
    assert (walk.last.status, walk.last.answer, walk.reached) == (status, answer, False)


async def test_another_path_is_asked_for_where_the_row_says_so(authority: Authority) -> None:
    walk = await walk_to(authority, WebServer(SERVER).serve, path="/elsewhere")
    assert (walk.last.status, walk.last.answer) == (403, Answer.FORBIDDEN)


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (liars.says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: bm90IG91cnM=\r\n\r\n"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000), Failure.HTTP_REQUEST_FAILED),
        (liars.says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), Failure.HTTP_REQUEST_FAILED),
        (liars.endless_headers, Failure.HTTP_REQUEST_FAILED),
        (talks, Failure.KNOCK_UNEXPECTED_REPLY),
        (liars.closes, Failure.EOF),
        (liars.resets, Failure.CONNECTION_RESET),
        (liars.silent, Failure.TIMEOUT),
    ],
    ids=["not to our key", "only informational", "ssh", "endless", "words", "close", "reset", "silence"],
)  # fmt: skip
async def test_what_is_no_websocket_of_theirs_is_a_failure(
    authority: Authority, behaviour: Behaviour, failure: Failure
) -> None:
    walk = await walk_to(authority, behaviour)
    assert (walk.last.step, walk.failure) == (Step.KNOCK, failure)
    assert walk.bytes_received < 400_000


class Played:
    """`Stream` that opens the WebSocket if it is to, plays back bytes, then closes."""

    def __init__(self, pieces: list[bytes], *, opens: bool = False) -> None:
        self._pieces, self._opens = list(pieces), opens

    async def send(self, data: bytes) -> None:
        if self._opens:
            key = data.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
            accept = b64encode(
                hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
            )  # RFC 6455 section 1.3
            head = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            self._pieces.insert(0, head + accept + b"\r\n\r\n")
            self._opens = False

    async def receive(self, most: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def close(self) -> None: ...


HEADS = [
    b"HTTP/1.1 101 X\r\n",
    b"HTTP/1.1 101 X\r\nConnection: \xff\r\n\r\n",
    b"HTTP/1.1 404 X\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
]


@given(st.lists(st.one_of(st.sampled_from(HEADS), st.binary(min_size=1, max_size=60)), max_size=6))
async def test_no_bytes_make_the_opening_raise_anything_but_a_failure(pieces: list[bytes]) -> None:
    with contextlib.suppress(OSError, EOFError, Refusal):
        assert isinstance(await websocket.upgrade(Played(pieces), "a.example", "/", []), Page)


FRAMES = [
    b"\x82\x05hello",
    b"\x81\x05hello",
    b"\x89\x02hi",
    b"\x88\x00",
    b"\x88\x02\x03\xe8",
    b"\x02\x01x",
    b"\x82\x7e",
]


@given(st.lists(st.one_of(st.sampled_from(FRAMES), st.binary(min_size=1, max_size=40)), max_size=8))
async def test_no_bytes_make_an_open_one_raise_anything_but_a_failure(pieces: list[bytes]) -> None:
    opened = await websocket.upgrade(Played(pieces, opens=True), "a.example", "/", [])
    assert isinstance(opened, websocket.WebSocket)
    with contextlib.suppress(OSError, EOFError, Refusal):
        while await opened.receive(3):
            pass


async def test_a_message_longer_than_was_asked_for_comes_in_parts() -> None:
    opened = await websocket.upgrade(Played(FRAMES[:1], opens=True), "a.example", "/", [])
    assert isinstance(opened, websocket.WebSocket)
    assert [await opened.receive(3), await opened.receive(3)] == [b"hel", b"lo"]


async def test_a_goodbye_is_the_end() -> None:
    opened = await websocket.upgrade(Played([b"\x88\x02\x03\xe8"], opens=True), "a.example", "/", [])
    assert isinstance(opened, websocket.WebSocket)
    assert await opened.receive(3) == b""


async def test_a_flood_is_not_read_to_its_end() -> None:
    opened = await websocket.upgrade(Played([b"\x89\x02hi" * 1000] * 200, opens=True), "a.example", "/", [])
    assert isinstance(opened, websocket.WebSocket)
    with pytest.raises(Refusal):
        await opened.receive(3)
