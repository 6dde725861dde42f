"""A body that comes slowly, stands still or breaks off leaves its own marks; and what is not asked for is not taken."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest

from probes.facts import Target, Walk
from probes.throttle import stalled
from probes.words import Failure, Kind, Step
from tests.probes import liars
from tests.probes.liars import Authority, Behaviour, target, tools, walked

KB = 1024


def to(port: int, **options: str) -> Target:
    return replace(target(Kind.TRANSFER, port), options={"path": "/64k", **options})


def serving(
    count: int,
    *,
    piece: int = 4 * KB,
    every_s: float = 0.0,
    stand_at: int | None = None,
    head: str = "",
    hang: bool = False,
) -> Behaviour:
    """A body of `count` bytes in pieces, one `every_s`; it stands still at `stand_at`."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write((head or f"HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n").encode())
        with contextlib.suppress(ConnectionError):
            for at in range(0, min(count, stand_at or count), piece):
                writer.write(bytes(min(piece, (stand_at or count) - at)))
                await writer.drain()
                if every_s:
                    await asyncio.sleep(every_s)
            if stand_at is not None and not hang:
                await reader.read()

    return behave


async def taken(authority: Authority, behaviour: Behaviour, timeout_s: float = 0.6, **options: str) -> Walk:
    async with liars.listening(behaviour, authority.server()) as port:
        return await walked(to(port, **options), tools(authority.ca_file, timeout_s=timeout_s))


async def test_a_body_that_comes_is_counted_and_timed(authority: Authority) -> None:
    walk = await taken(authority, serving(64 * KB))
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.HANDSHAKE, Step.TRANSFER]
    assert (walk.failure, walk.reached, walk.authenticated) == (None, True, True)
    assert walk.last.bytes_received == 64 * KB
    assert walk.last.slices_s is not None
    assert len(walk.last.slices_s) == 4
    assert list(walk.last.slices_s) == sorted(walk.last.slices_s)
    assert walk.last.body_sha256 is None


async def test_a_throttled_body_takes_the_time_it_is_given(authority: Authority) -> None:
    walk = await taken(authority, serving(64 * KB, piece=4 * KB, every_s=0.015), timeout_s=2)
    assert walk.failure is None
    assert walk.last.took_s > 0.2
    assert (walk.last.longest_wait_s or 1) < 0.15


async def test_a_body_that_stands_still_says_at_which_byte(authority: Authority) -> None:
    walk = await taken(authority, serving(64 * KB, stand_at=16 * KB))
    seen = walk.last
    assert (seen.step, seen.failure) == (Step.TRANSFER, Failure.TIMEOUT)
    assert (seen.bytes_received, seen.waited_at_byte) == (16 * KB, 16 * KB)
    assert (seen.longest_wait_s or 0) > 0.4
    assert len(seen.slices_s or ()) == 1


async def test_a_wait_in_the_midst_is_remembered_where_it_was(authority: Authority) -> None:
    walk = await taken(authority, serving(24 * KB, piece=12 * KB, every_s=0.12), bytes="24576")
    assert (walk.failure, walk.last.waited_at_byte) == (None, 12 * KB)
    assert (walk.last.longest_wait_s or 0) > 0.1


def holding_back(port: int, at: int, *, trickle: int = 0) -> Behaviour:
    """A line to that port on which, after `at` bytes of what comes back, only `trickle` more come now and then."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, before = await asyncio.open_connection("127.0.0.1", port)

        async def outward() -> None:
            while data := await reader.read(KB):
                before.write(data)

        async def inward() -> None:
            left = at
            while left and (data := await behind.read(min(left, KB))):
                writer.write(data)
                left -= len(data)
            while trickle and (data := await behind.read(trickle)):
                writer.write(data)
                await asyncio.sleep(0.02)

        try:
            await asyncio.gather(outward(), inward())
        finally:
            before.transport.abort()
            with contextlib.suppress(ConnectionError):
                await before.wait_closed()

    return behave


async def held_back(authority: Authority, at: int, **how: int) -> Walk:
    """From a server that writes records of 16 KB, as most do."""
    async with (
        liars.listening(serving(64 * KB, piece=64 * KB), authority.server()) as behind,
        liars.listening(holding_back(behind, at, **how)) as port,
    ):
        return await walked(to(port), tools(authority.ca_file, timeout_s=0.6))


async def test_a_line_that_stands_still_at_16_kb_is_quiet_to_the_end(authority: Authority) -> None:
    walk = await held_back(authority, 16 * KB)
    assert walk.failure is Failure.TIMEOUT
    assert (walk.last.quiet_s or 0) > 0.5
    assert 13 * KB < (walk.last.line_bytes or 0) <= 17 * KB, "the rest of 16 KB is the handshake's"
    assert stalled(walk)


async def test_a_trickle_is_no_stall_though_no_further_record_is_whole(authority: Authority) -> None:
    """Policed lines let a burst through, then little by little: between two records a body stands still as well."""
    walk = await held_back(authority, 20 * KB, trickle=200)
    assert (walk.failure, walk.last.bytes_received) == (Failure.TIMEOUT, 16 * KB)
    assert (walk.last.longest_wait_s or 0) > walk.last.took_s / 2, "of the body nothing came for most of the time"
    assert (walk.last.quiet_s or 1) < 0.2
    assert not stalled(walk)


async def test_a_body_that_breaks_off_is_a_close_after_so_many_bytes(authority: Authority) -> None:
    walk = await taken(authority, serving(64 * KB, stand_at=20 * KB, hang=True))
    assert (walk.failure, walk.last.bytes_received) == (Failure.EOF, 20 * KB)


async def test_a_body_without_a_length_ends_where_it_ends(authority: Authority) -> None:
    walk = await taken(authority, serving(30 * KB, head="HTTP/1.1 200 OK\r\n\r\n"))
    assert (walk.failure, walk.last.bytes_received) == (None, 30 * KB)


async def test_no_more_is_taken_than_was_asked_for(authority: Authority) -> None:
    walk = await taken(authority, serving(3_000 * KB), bytes="20000")
    assert (walk.failure, walk.last.bytes_received) == (None, 20_000)
    assert walk.bytes_received < 100_000, "what was in flight when we closed was paid for as well"


async def test_the_part_that_is_wanted_is_asked_for_by_its_range(authority: Authority) -> None:
    heard: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 20000\r\n\r\n" + bytes(20_000))

    walk = await taken(authority, behave, bytes="20000")
    assert (walk.failure, walk.last.status) == (None, 206)
    assert b"\r\nRange: bytes=0-19999\r\n" in heard[0]


@pytest.mark.parametrize("status", [301, 404, 416, 503])
async def test_what_is_no_success_is_no_transfer(authority: Authority, status: int) -> None:
    page = liars.says(b"HTTP/1.1 %d No\r\nContent-Length: 4\r\n\r\nbody" % status)
    walk = await taken(authority, page)
    assert (walk.failure, walk.last.status) == (Failure.HTTP_UNEXPECTED_STATUS, status)
    assert walk.last.bytes_received == 0


async def test_noise_in_the_place_of_a_page_is_no_http(authority: Authority) -> None:
    assert (await taken(authority, liars.says(b"\x00" * 400))).failure is Failure.HTTP_REQUEST_FAILED


async def test_chunks_wrapped_in_nothing_are_not_read_to_their_end(authority: Authority) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"1;" + b"x" * 15_000 + b"\r\na\r\n")
                await writer.drain()

    walk = await taken(authority, behave, bytes="20000")
    assert walk.bytes_received < 200_000


async def test_another_name_may_be_said_than_is_accepted(authority: Authority) -> None:
    """The server is still to be who we went to; who listens on the line reads the other name."""
    said: list[str | None] = []
    context = authority.server()
    context.sni_callback = lambda tls, name, _: said.append(name)
    async with liars.listening(serving(20 * KB), context) as port:
        walk = await walked(to(port, says="www.instagram.com", bytes="20000"), tools(authority.ca_file))
    assert (walk.failure, said) == (None, ["www.instagram.com"])


async def test_another_name_said_makes_no_stranger_welcome(authority: Authority) -> None:
    async with liars.listening(serving(20 * KB), authority.server("www.instagram.com")) as port:
        walk = await walked(to(port, says="www.instagram.com"), tools(authority.ca_file))
    assert walk.failure is Failure.SSL_INVALID_HOSTNAME
