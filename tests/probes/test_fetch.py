"""What a page says and what it does not: statuses, floods, block pages, refusals, on real sockets."""

from __future__ import annotations

import asyncio
import re
import resource
import socket
import struct
from dataclasses import replace

import pytest

from probes import known as shipped
from probes.facts import Walk
from probes.fingerprint import Fingerprints, Mark, Meaning, Where
from probes.words import Answer, Failure, Finding, Kind, Step
from tests.probes import liars
from tests.probes.liars import Authority, Behaviour, broke, listening, target, tools, walked


async def fetched(
    authority: Authority, answer: Behaviour, *, known: Fingerprints | None = None, secure: bool = True
) -> Walk:
    hands = replace(tools(authority.ca_file), fingerprints=known or Fingerprints())
    async with listening(answer, authority.server() if secure else None) as port:
        return await walked(target(Kind.HTTPS if secure else Kind.HTTP, port), hands)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, Answer.OK),
        (302, Answer.REDIRECT),
        (401, Answer.UNAUTHORIZED),
        (403, Answer.FORBIDDEN),
        (404, Answer.NOT_FOUND),
        (418, Answer.CLIENT_ERROR),
        (429, Answer.TOO_MANY),
        (451, Answer.LEGAL),
        (503, Answer.SERVER_ERROR),
    ],
)
async def test_any_status_over_a_valid_certificate_is_an_answer(
    authority: Authority, status: int, answer: Answer
) -> None:
    walk = await fetched(authority, liars.says(f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nhi".encode()))
    assert (walk.reached, walk.authenticated, walk.last.answer) == (True, True, answer)


@pytest.mark.parametrize(
    ("date", "date_ms"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun, 31 Feb 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 0000 08:49:37 GMT", None),
        ("yesterday", None),
    ],
)
async def test_the_time_an_answer_gives_is_kept_where_the_far_end_proved_itself(
    authority: Authority, date: str, date_ms: int | None
) -> None:
    answer = liars.says(f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())
    assert (await fetched(authority, answer)).last.date_ms == date_ms
    assert (await fetched(authority, answer, secure=False)).last.date_ms is None, "anybody may have said so"


async def test_where_the_head_is_enough_nothing_else_is_asked_for(authority: Authority) -> None:
    asked: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(65536))
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 60000\r\n\r\n")

    async with listening(behave, authority.server()) as port:
        walk = await walked(replace(target(Kind.HTTPS, port), options={"method": "HEAD"}), tools(authority.ca_file))
    assert asked[0].startswith(b"HEAD / HTTP/1.1\r\n")
    assert (walk.reached, walk.last.answer) == (True, Answer.NOT_FOUND)


async def test_a_status_that_was_not_expected_is_a_failure(authority: Authority) -> None:
    async with listening(liars.says(b"HTTP/1.1 200 OK\r\n\r\n"), authority.server()) as port:
        to = replace(target(Kind.HTTPS, port), expect=("204", "3xx"))
        walk = await walked(to, tools(authority.ca_file))
    assert broke(walk) == (Step.FETCH, Failure.HTTP_UNEXPECTED_STATUS)


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (liars.says(bytes(range(256))), Failure.HTTP_REQUEST_FAILED),
        (liars.says(b"HTTP/1.1 999 No\r\n\r\n"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(b"HTTP/1.1 100 Continue\r\n\r\n" * 20), Failure.HTTP_REQUEST_FAILED),
        (liars.endless_headers, Failure.HTTP_REQUEST_FAILED),
        (liars.closes, Failure.EOF),
        (liars.silent, Failure.TIMEOUT),
        (liars.says(b"HTTP/1.1 200 OK\r\nConte", then_silent=True), Failure.TIMEOUT),
    ],
    ids=["binary", "no such status", "no header", "only informational", "endless", "close", "silence", "stops"],
)
async def test_what_is_no_http_is_a_failure_and_bounded(
    authority: Authority, behaviour: Behaviour, failure: Failure
) -> None:
    assert broke(await fetched(authority, behaviour)) == (Step.FETCH, failure)


async def test_ten_gigabytes_cost_what_is_read_of_them(authority: Authority) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    walk = await fetched(authority, liars.never_ends)
    assert walk.reached
    assert walk.last.answer is Answer.FORBIDDEN
    assert walk.bytes_received < 200_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000


BLOCK = Mark("ir_iframe", Meaning.BLOCK_PAGE, Where.BODY, re.compile("10\\.10\\.34"))
LAW = Mark("http_451", Meaning.REFUSAL, Where.STATUS, re.compile("^451$"))
CHALLENGE = Mark("challenge", Meaning.CHALLENGE, Where.HEADER, re.compile("(?i)cf-mitigated: challenge"))
KNOWN = Fingerprints(marks=(BLOCK, LAW, CHALLENGE))
PAGE = b'HTTP/1.1 403 Forbidden\r\nContent-Length: 43\r\n\r\n<iframe src="http://10.10.34.36/?type=Inv">'


async def test_a_block_page_counts_in_clear_and_is_not_the_service(authority: Authority) -> None:
    walk = await fetched(authority, liars.says(PAGE), known=KNOWN, secure=False)
    assert walk.findings == (Finding.BLOCK_PAGE,)
    assert walk.last.fingerprint == "ir_iframe"
    assert not walk.reached


async def test_nobody_can_put_a_block_page_into_tls(authority: Authority) -> None:
    walk = await fetched(authority, liars.says(PAGE), known=KNOWN)
    assert walk.findings == ()
    assert walk.reached


async def test_a_refusal_counts_only_from_an_authenticated_far_end(authority: Authority) -> None:
    law = b"HTTP/1.1 451 Unavailable For Legal Reasons\r\nContent-Length: 0\r\n\r\n"
    assert (await fetched(authority, liars.says(law), known=KNOWN)).findings == (Finding.PROVIDER_REFUSAL,)
    assert (await fetched(authority, liars.says(law), known=KNOWN, secure=False)).findings == ()


async def test_a_no_that_anybody_may_get_is_noted_and_proves_nothing(authority: Authority) -> None:
    said = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 47\r\n\r\nYour client does not have permission to get URL"
    walk = await fetched(authority, liars.says(said), known=shipped.load())
    assert walk.last.fingerprint == "google_no_permission"
    assert walk.findings == ()
    assert walk.last.answer is Answer.FORBIDDEN


async def test_a_providers_words_in_clear_are_neither_a_refusal_nor_a_block_page(authority: Authority) -> None:
    words = b"<h1>Error 1009</h1> Access denied"
    said = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(words), words)
    eager = Fingerprints(marks=(Mark("eager", Meaning.BLOCK_PAGE, Where.BODY, re.compile("denied"), published="a"),))
    assert (await fetched(authority, liars.says(said), known=eager, secure=False)).findings == (Finding.BLOCK_PAGE,)
    walk = await fetched(authority, liars.says(said), known=shipped.load().more(eager), secure=False)
    assert walk.findings == ()
    assert walk.last.fingerprint == "cloudflare_1009"


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("end", ["reset", "silence", "drip", "close"])
async def test_a_page_that_breaks_off_has_been_seen_all_the_same(authority: Authority, end: str, secure: bool) -> None:
    """The head says what the far end thinks; a reset or a silence behind it takes nothing of that back."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 451 No\r\nContent-Length: 5000\r\n\r\n" + PAGE.partition(b"\r\n\r\n")[2])
        await writer.drain()
        if end == "reset":
            await asyncio.sleep(0.05)
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        while end == "drip":
            writer.write(b"x")
            await asyncio.sleep(0.05)
        if end == "silence":
            await reader.read()

    walk = await fetched(authority, behave, known=KNOWN, secure=secure)
    assert walk.failure is None
    assert walk.last.status == 451
    assert walk.findings == ((Finding.PROVIDER_REFUSAL,) if secure else (Finding.BLOCK_PAGE,))


async def test_chunks_wrapped_in_nothing_cost_what_is_read_of_them(authority: Authority) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1;" + b"x" * 15_000 + b"\r\na\r\n")
            await writer.drain()

    walk = await fetched(authority, behave)
    assert walk.last.status == 403
    assert walk.bytes_received < 500_000


async def test_our_own_address_on_a_page_is_in_no_digest(authority: Authority) -> None:
    def page(address: str) -> Behaviour:
        body = f"<p>Blocked. Your IP: {address}</p>".encode()
        return liars.says(b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    addresses = ("203.0.113.77", "198.51.100.4", "2001:db8::77", "203-0-113-77", "MjAzLjAuMTEzLjc3")
    digests = {(await fetched(authority, page(address))).last.body_sha256 for address in addresses}
    assert len(digests) == 1
    assert None not in digests


async def test_a_challenge_is_an_answer(authority: Authority) -> None:
    page = b"HTTP/1.1 403 Forbidden\r\ncf-mitigated: challenge\r\nContent-Length: 0\r\n\r\n"
    walk = await fetched(authority, liars.says(page), known=KNOWN)
    assert (walk.reached, walk.last.answer) == (True, Answer.CHALLENGE)
