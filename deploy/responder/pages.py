"""What is served by HTTP: bytes that cannot be compressed, nothing at all, and the log to whoever holds the token."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import h11

SIZE_64K = 65_536
MOST_BYTES = 1_000_000
_HEAD_BYTES = 8 * 1024
_BYTES_PATH = re.compile(r"/bytes/([0-9]{1,7})")
_WITNESS_PATH = re.compile(r"/witness/([0-9a-f]{64})")
_RANGE = re.compile(r"bytes=([0-9]{1,7})-([0-9]{0,7})")

_PART_BYTES = 16 * 1024

CONTENT = memoryview(hashlib.shake_256(b"didban responder").digest(MOST_BYTES))  # the same for everybody, and for ever

Lines = Callable[[str], Awaitable[list[str]]]


class Stream(Protocol):
    async def send(self, data: bytes) -> None: ...

    async def receive(self, most: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is a view: however many ask for a megabyte at once, there is one of it."""

    status: int
    body: bytes | memoryview = b""
    headers: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    method: str
    authorization: str = ""
    range: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """`token`: what opens the log; without one it stays shut. `lines`: the signed lines of a walk, and the newest."""

    token: str
    lines: Lines

    async def serve(self, stream: Stream, *, secure: bool) -> int:
        """One request, one answer, in at most 8 KiB of head; how many bytes the body had."""
        talk = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)
        try:
            request = await _request(talk, stream)
            answer = await self.answer(request, secure=secure)
            for part in _written(talk, answer, request):
                await stream.send(part)
        except h11.RemoteProtocolError as error:
            await stream.send(
                b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % error.error_status_hint
            )
            return 0
        return len(answer.body)

    async def answer(self, request: Request, *, secure: bool) -> Answer:
        """A page, or lines of the log; nothing tells a wrong token from a missing page."""
        found = _WITNESS_PATH.fullmatch(request.path) if request.method == "GET" else None
        if found and secure and self._holds(request.authorization):
            body = "".join(line + "\n" for line in await self.lines(found[1]))
            return Answer(200, body.encode(), (("Content-Type", "application/jsonl"),))
        return self.page(request) or Answer(404)

    @staticmethod
    def page(request: Request) -> Answer | None:
        """What everybody may have: 204 at `/`, so many bytes, or that it is asked for in a way we do not know."""
        if request.method not in ("GET", "HEAD"):
            return Answer(405)
        if request.path == "/":
            return Answer(204)
        if request.path == "/64k":
            return _part(CONTENT[:SIZE_64K], request.range)
        if found := _BYTES_PATH.fullmatch(request.path):
            wanted = int(found[1])
            return _part(CONTENT[:wanted], request.range) if wanted <= MOST_BYTES else None
        return None

    def _holds(self, authorization: str) -> bool:
        given = authorization.removeprefix("Bearer ").encode()
        return bool(self.token) and hmac.compare_digest(given, self.token.encode())


def _part(content: memoryview, asked: str) -> Answer:
    """The whole of it, or the one range that was asked for (RFC 9110 section 14.2)."""
    found = _RANGE.fullmatch(asked)
    if not found:
        return Answer(200, content)
    first, last = int(found[1]), min(int(found[2] or MOST_BYTES), len(content) - 1)
    if first > last:
        return Answer(416, headers=(("Content-Range", f"bytes */{len(content)}"),))
    span = f"bytes {first}-{last}/{len(content)}"
    return Answer(206, content[first : last + 1], (("Content-Range", span),))


async def _request(talk: h11.Connection, stream: Stream) -> Request:
    while True:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            talk.receive_data(await stream.receive())
        elif isinstance(event, h11.Request):
            named = {key.decode("latin-1"): value.decode("latin-1") for key, value in event.headers}
            path, method = event.target.decode("latin-1"), event.method.decode("latin-1")
            return Request(path, method, named.get("authorization", ""), named.get("range", ""))
        else:
            raise EOFError


def _written(talk: h11.Connection, answer: Answer, request: Request) -> Iterator[bytes]:
    length = [] if answer.status == 204 else [("Content-Length", str(len(answer.body)))]
    headers = [*length, ("Connection", "close"), ("Cache-Control", "no-store"), *answer.headers]
    yield talk.send(h11.Response(status_code=answer.status, headers=headers)) or b""
    if request.method == "GET":
        for at in range(0, len(answer.body), _PART_BYTES):
            yield talk.send(h11.Data(data=bytes(answer.body[at : at + _PART_BYTES]))) or b""
    talk.send(h11.EndOfMessage())
