"""The second step: a TCP connection, or a UDP socket that hears refusals."""

from __future__ import annotations

from msgspec.structs import replace

from probes.attempt import attempt
from probes.facts import Observation
from probes.kinds import body_bytes
from probes.place import Place, Tools
from probes.words import Step


async def connect(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: timeout, refused, reset, unreachable."""
    endpoint = place.endpoint
    place.traffic.wanted = body_bytes(place.target.kind, place.target.options)
    opened = tools.wire.connect(place.address, endpoint.port, endpoint.transport, place.traffic)
    stream, seen = await attempt(opened, Step.CONNECT, tools.clock, tools.timeout_s)
    return seen, replace(place, stream=stream)
