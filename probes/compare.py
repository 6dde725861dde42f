"""The walks that separate cause from coincidence: {this name, another} x {this address, another}, framed by canaries.

They conclude nothing (monitor/meaning/cause.py does). The other name is said first wherever both are said: what filters
by name may drop everything on that address for minutes afterwards (residual blocking, FIELD section 4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from probes.connect import connect
from probes.facts import Endpoint, Target, Walk
from probes.handshake import greet
from probes.place import Place, Tools
from probes.ports import Greeting, Traffic
from probes.walk import walk
from probes.words import Cell, Reason


@dataclass(frozen=True, slots=True)
class Ground:
    """What a comparison stands on; every endpoint has a literal address.

    Attributes:
        here: the name in question, at an address of it.
        others: further names of the same service: whoever holds a certificate for one of them is no stranger.
        there: somewhere that answers now, by its own name: the operator's own responder, else a canary.
        other: a name that passes elsewhere now, and is neither's own: that it passes there shows that a strange name
            is no offence to that server.
        before, after: canaries, neither of them `there` or `instead`; with `says` among their options, they are told
            that name, and answer by their own certificate.
        instead: taken where `there` does not answer to the other name: a responder may be down.
    """

    here: Endpoint
    there: Endpoint
    other: str
    before: Target
    after: Target
    others: tuple[str, ...] = ()
    instead: Endpoint | None = None


async def compare(target: Target, ground: Ground, tools: Tools, *, booked: bool) -> tuple[Walk, ...]:
    """One window, one walk after the other: what is said later must not have been heard before.

    Who answers must prove to be who stands there, or whom was asked for; either shows that the name came through.
    Where nothing answers before, nothing is asked: no pattern would show anything. `booked`: the address in question
    authenticated lately.
    """
    here, name = ground.here, ground.here.host
    before = await _canary(ground.before, Cell.BEFORE, tools)
    if not before.reached:
        return (before,)
    known = (ground.other, name, *ground.others)
    other_here = await _greeted(target, here, ground.other, known, Cell.OTHER_HERE, tools)
    name_here = await _greeted(target, here, name, (name,), Cell.NAME_HERE, tools)
    there = ground.there
    other_there = await _greeted(target, there, ground.other, (_own(there), ground.other), Cell.OTHER_THERE, tools)
    if not other_there.authenticated and ground.instead is not None:
        there = ground.instead
        other_there = await _greeted(target, there, ground.other, (_own(there), ground.other), Cell.OTHER_THERE, tools)
    name_there = await _greeted(target, there, name, (_own(there), name), Cell.NAME_THERE, tools)
    after = await _canary(ground.after, Cell.AFTER, tools)
    return (before, other_here, replace(name_here, booked=booked), other_there, name_there, after)


def _own(at: Endpoint) -> str:
    return at.host or at.address


async def _canary(canary: Target, cell: Cell, tools: Tools) -> Walk:
    done = await walk(canary, canary.endpoints[0], tools, reason=Reason.COMPARE, turn=0)
    return replace(done, cell=cell)


async def _greeted(target: Target, at: Endpoint, says: str, accepts: Iterable[str], cell: Cell, tools: Tools) -> Walk:
    """A connection and a TLS greeting by a name that need not be the endpoint's."""
    started_ms, boot_ms = tools.clock.now_ms(), tools.clock.boot_ms()
    place = Place(target, at, 0, Traffic(), address=at.address)
    steps = []
    try:
        seen, place = await connect(place, tools)
        steps.append(seen)
        if seen.failure is None:
            seen, place = await greet(place, tools, Greeting(says, tuple(dict.fromkeys(accepts))))
            steps.append(seen)
    finally:
        if place.stream is not None:
            place.stream.close()
    return Walk(
        target=target.name,
        endpoint=at,
        address=at.address,
        started_ms=started_ms,
        reason=Reason.COMPARE,
        steps=tuple(steps),
        bytes_sent=place.traffic.sent,
        bytes_received=place.traffic.received,
        cell=cell,
        boot_ms=boot_ms,
    )
