"""Walks the steps of a kind towards one endpoint, stops at the first failure, returns what was seen. Judges nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from probes.connect import connect
from probes.facts import Endpoint, Observation, Target, Walk
from probes.fetch import fetch
from probes.handshake import handshake
from probes.knock import openvpn, whatsapp
from probes.knocking import knock
from probes.place import Place, Tools
from probes.ports import Traffic
from probes.resolve import resolve
from probes.transfer import transfer
from probes.words import Finding, Kind, Reason, Step, Transport

StepTaken = Callable[[Place, Tools], Awaitable[tuple[Observation, Place]]]

ROUTES: Mapping[Kind, tuple[StepTaken, ...]] = {
    Kind.DNS: (resolve,),
    Kind.TCP: (resolve, connect),
    Kind.TLS: (resolve, connect, handshake),
    Kind.HTTP: (resolve, connect, fetch),
    Kind.HTTPS: (resolve, connect, handshake, fetch),
    Kind.OPENVPN: (resolve, connect, knock(openvpn.of)),
    Kind.TRANSFER: (resolve, connect, handshake, transfer),
    Kind.WHATSAPP: (resolve, connect, knock(whatsapp.of)),
}


async def walk(target: Target, endpoint: Endpoint, tools: Tools, *, reason: Reason, turn: int) -> Walk:
    """One walk, whatever happens on the way: every wait in it has a deadline of `tools.timeout_s`."""
    started_ms = tools.clock.now_ms()
    place = Place(target, endpoint, turn, Traffic(), address=endpoint.address)
    steps: list[Observation] = []
    try:
        for step in _route(target.kind, endpoint):
            seen, place = await step(place, tools)
            steps.append(seen)
            if seen.failure is not None:
                break
    finally:
        if place.stream is not None:
            place.stream.close()
    return Walk(
        target=target.name,
        endpoint=endpoint,
        address=place.address,
        started_ms=started_ms,
        reason=reason,
        steps=_settle(steps),
        bytes_sent=place.traffic.sent,
        bytes_received=place.traffic.received,
    )


def _route(kind: Kind, endpoint: Endpoint) -> tuple[StepTaken, ...]:
    """A literal address needs no resolving (only kind dns asks it something), and UDP knows no connecting."""
    left_out = set()
    if endpoint.address and kind is not Kind.DNS:
        left_out.add(resolve)
    if endpoint.transport is Transport.UDP:
        left_out.add(connect)
    return tuple(step for step in ROUTES[kind] if step not in left_out)


def _settle(steps: list[Observation]) -> tuple[Observation, ...]:
    """A known forgery that could not prove itself is a forgery; one that could was genuine after all."""
    first = steps[0]
    proven = any(seen.certificate or seen.step is Step.KNOCK for seen in steps if not seen.failure)
    if first.step is Step.RESOLVE and first.fingerprint and not first.findings and not proven:
        steps[0] = replace(first, findings=(Finding.FORGED_DNS_ANSWER,))
    return tuple(steps)
