"""The third step: TLS, the chain verified for the name that was asked for."""

from __future__ import annotations

from dataclasses import replace

from probes.attempt import attempt
from probes.facts import Observation
from probes.place import Place, Tools
from probes.words import Kind, Step


async def handshake(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: the `ssl_*` words, silence, reset, a close in mid-handshake (`eof_error`)."""
    assert place.stream is not None
    name = place.endpoint.host or place.address
    greeted = tools.wire.handshake(place.stream, name, http=place.target.kind is Kind.HTTPS)
    value, seen = await attempt(greeted, Step.HANDSHAKE, tools.clock, tools.timeout_s)
    if value is None:
        return seen, place
    stream, certificate = value
    return replace(seen, certificate=certificate), replace(place, stream=stream, secure=True)
