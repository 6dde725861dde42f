"""The step that speaks a protocol's first words and listens whether the real thing answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from probes import marks
from probes.attempt import attempt
from probes.deadline import Deadline
from probes.facts import Observation
from probes.failure import Refusal
from probes.knock.talk import Knock, Opener, Reply
from probes.page import noted
from probes.place import Place, Tools
from probes.ports import Page, Post, Stream
from probes.words import Answer, Failure, Step, Transport

_MOST_BYTES = 16 * 1024
_MOST_DATAGRAMS = 32

StepTaken = Callable[[Place, Tools], Awaitable[tuple[Observation, Place]]]


def knock(opener: Opener, step: Step = Step.KNOCK) -> StepTaken:
    """The step that holds the conversation `opener` begins.

    Failures: silence, refusal, reset, close, and `knock_unexpected_reply` when something else answered.

    Args:
        step: its word, where a protocol's first words only open the way and prove nobody (QUIC's version negotiation).
    """

    async def knocked(place: Place, tools: Tools) -> tuple[Observation, Place]:
        talk = _Remembered(opener(place.ask(tools)))
        spoken = _by_datagram(talk, place, tools) if place.stream is None else _by_stream(talk, place.stream)
        _, seen = await attempt(spoken, step, tools.clock, tools.timeout_s)
        said = None if place.secure else marks.of(place.target.kind, talk.openings)
        return replace(seen, said_sha256=said), place

    return knocked


def knock_by_post(opener: Opener, kind: str, path: str) -> StepTaken:
    """The same, the two sides of it being the bodies of a POST to `path` (or the option of that name) and its answer.

    Failures: as above, those of HTTP, and `http_unexpected_status_code` for every status but 200, which is noted.
    """

    async def knocked(place: Place, tools: Tools) -> tuple[Observation, Place]:
        assert place.stream is not None
        talk = opener(place.ask(tools))
        asked = tools.web.fetch(
            place.stream,
            place.authority,
            place.target.options.get("path", path),
            secure=place.secure,
            alpn=place.alpn,
            post=Post(kind, talk.opening()),
        )
        page, seen = await attempt(asked, Step.KNOCK, tools.clock, tools.timeout_s)
        if page is None:
            return seen, place
        if page.status != 200:
            return _refused(page, seen, place, tools), place
        proven = talk.read(page.body) is Reply.PROVEN
        failure = None if proven else Failure.KNOCK_UNEXPECTED_REPLY
        return replace(seen, status=200, answer=Answer.OK, failure=failure), place

    return knocked


def knock_by_websocket(opener: Opener, path: str, origin: str) -> StepTaken:
    """The same in binary messages of a WebSocket, opened at `path` (or the option of that name).

    Failures: as above; a page instead of the WebSocket is `http_unexpected_status_code`, and its status is noted.
    """

    async def knocked(place: Place, tools: Tools) -> tuple[Observation, Place]:
        talk = opener(place.ask(tools))
        spoken = _by_websocket(talk, place, tools, place.target.options.get("path", path), origin)
        page, seen = await attempt(spoken, Step.KNOCK, tools.clock, tools.timeout_s)
        return _refused(page, seen, place, tools) if page else seen, place

    return knocked


def _refused(page: Page, seen: Observation, place: Place, tools: Tools) -> Observation:
    seen = noted(page, seen, tools.fingerprints, host=place.name, secure=True)
    return replace(seen, failure=Failure.HTTP_UNEXPECTED_STATUS)


class _Remembered:
    """A conversation, and what was said first in it, each time: by it a witness at the far end knows the walk."""

    def __init__(self, talk: Knock) -> None:
        self._talk = talk
        self.openings: list[bytes] = []

    def opening(self) -> bytes:
        self.openings.append(self._talk.opening())
        return self.openings[-1]

    def read(self, data: bytes) -> Reply:
        return self._talk.read(data)


async def _by_datagram(talk: Knock, place: Place, tools: Tools) -> None:
    """Says it twice, as every client does: one lost datagram is no fact."""
    stream = await tools.wire.connect(place.address, place.endpoint.port, Transport.UDP, place.traffic)
    try:
        await stream.send(talk.opening())
        try:
            with Deadline(tools.timeout_s / 2):
                await _proof(talk, stream, tools.timeout_s / 4)
        except TimeoutError:
            await stream.send(talk.opening())
            await _proof(talk, stream, tools.timeout_s / 4)
    finally:
        stream.close()


async def _proof(talk: Knock, stream: Stream, patience_s: float) -> None:
    """Listens on for a while past what proves nothing: anybody may send a datagram, and the truth may be second."""
    other = False
    for _ in range(_MOST_DATAGRAMS):
        try:
            with Deadline(patience_s if other else None):
                data = await stream.receive(_MOST_BYTES)
        except TimeoutError:
            break
        if talk.read(data) is Reply.PROVEN:
            return
        other = True
    raise Refusal(Failure.KNOCK_UNEXPECTED_REPLY)


async def _by_stream(talk: Knock, stream: Stream) -> None:
    await stream.send(talk.opening())
    data = b""
    while (reply := talk.read(data)) is Reply.MORE:
        more = await stream.receive(_MOST_BYTES)
        if not more:
            raise EOFError
        data += more
    if reply is Reply.OTHER:
        raise Refusal(Failure.KNOCK_UNEXPECTED_REPLY)


async def _by_websocket(talk: Knock, place: Place, tools: Tools, path: str, origin: str) -> Page | None:
    """The page that refused, if one did."""
    assert place.stream is not None
    opened = await tools.web.upgrade(place.stream, place.authority, path, origin)
    if isinstance(opened, Page):
        return opened
    await _by_stream(talk, opened)
    return None
