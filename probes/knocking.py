"""The step that speaks a protocol's first words and listens whether the real thing answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from probes.attempt import attempt
from probes.facts import Observation
from probes.failure import Refusal
from probes.knock.talk import Ask, Knock, Opener, Reply
from probes.place import Place, Tools
from probes.ports import Stream
from probes.words import Failure, Step, Transport

_MOST_BYTES = 16 * 1024
_MOST_DATAGRAMS = 32


def knock(opener: Opener) -> Callable[[Place, Tools], Awaitable[tuple[Observation, Place]]]:
    """The step that holds the conversation `opener` begins.

    Failures: silence, refusal, reset, close, and `knock_unexpected_reply` when something else answered.
    """

    async def knocked(place: Place, tools: Tools) -> tuple[Observation, Place]:
        talk = opener(_ask(place, tools))
        spoken = _by_datagram(talk, place, tools) if place.stream is None else _by_stream(talk, place.stream)
        _, seen = await attempt(spoken, Step.KNOCK, tools.clock, tools.timeout_s)
        return seen, place

    return knocked


def _ask(place: Place, tools: Tools) -> Ask:
    return Ask(
        endpoint=place.endpoint,
        address=place.address,
        options=place.target.options,
        secrets=place.target.secrets,
        token=tools.token,
        now_ms=tools.clock.now_ms(),
        certificate=place.certificate,
    )


async def _by_datagram(talk: Knock, place: Place, tools: Tools) -> None:
    """Says it twice, as every client does: one lost datagram is no fact."""
    stream = await tools.wire.connect(place.address, place.endpoint.port, Transport.UDP, place.traffic)
    try:
        await stream.send(talk.opening())
        try:
            async with asyncio.timeout(tools.timeout_s / 2):
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
            async with asyncio.timeout(patience_s if other else None):
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
