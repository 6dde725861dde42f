"""The step that takes in the first 64 KB of a body and writes down how they came: whole, slowly, or up to a byte."""

from __future__ import annotations

from msgspec.structs import replace

from probes.attempt import attempt
from probes.facts import Observation
from probes.kinds import body_bytes
from probes.place import Place, Tools
from probes.ports import Taken
from probes.words import Answer, Failure, Step

_SUCCESS = (200, 206)


async def transfer(place: Place, tools: Tools) -> tuple[Observation, Place]:
    """Failures: silence before the last byte, a reset or a close in the midst, `http_unexpected_status_code`.

    What came until then is part of the observation, whatever ended it.
    """
    assert place.stream is not None
    host = place.endpoint.host or place.address
    if place.endpoint.port != 443:
        host = f"{host}:{place.endpoint.port}"
    kind, options = place.target.kind, place.target.options
    taken, traffic = Taken(tools.clock), place.traffic
    before, began_s = traffic.received, tools.clock.elapsed_s()
    drawn = tools.web.take(place.stream, host, options["path"], most=body_bytes(kind, options), taken=taken)
    status, seen = await attempt(drawn, Step.TRANSFER, tools.clock, tools.timeout_s)
    taken.add(0)
    seen = replace(
        seen,
        bytes_received=taken.count,
        slices_s=tuple(round(at_s, 4) for at_s in taken.slices_s),
        longest_wait_s=taken.longest_wait_s,
        waited_at_byte=taken.waited_at_byte,
        line_bytes=traffic.received - before,
        quiet_s=round(tools.clock.elapsed_s() - max(began_s, traffic.heard_s), 4),
    )
    if status is None:
        return seen, place
    failure = None if status in _SUCCESS else Failure.HTTP_UNEXPECTED_STATUS
    return replace(seen, status=status, answer=Answer.of(status), failure=failure), place
