"""What a walk of a simulated line shows: the steps of its kind, up to the first that something on the path stops.

Addresses are made up by a keyed hash, and nothing is sent to them. A success takes no time on the simulated clock; a
step that waits in vain takes its timeout.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from probes.connect import connect
from probes.facts import Certificate, Endpoint, Observation, Target
from probes.fetch import fetch
from probes.handshake import handshake, handshake_by_quic
from probes.ports import SLICE_BYTES
from probes.resolve import resolve
from probes.transfer import transfer
from probes.walk import ROUTES
from probes.words import Answer, Failure, Finding, Kind, Step, Transport

_RESOLVER_SHARE = 0.9  # two tries of 0.45 of the deadline each (monitor/tools.py)
_STALLS_AT = 16_384
_WORDS: Mapping[object, Step] = {
    resolve: Step.RESOLVE,
    connect: Step.CONNECT,
    handshake: Step.HANDSHAKE,
    handshake_by_quic: Step.HANDSHAKE,
    fetch: Step.FETCH,
    transfer: Step.TRANSFER,
}

# the steps of each kind by their words: what is none of the above knocks
STEPS: Mapping[Kind, tuple[Step, ...]] = {
    kind: tuple(_WORDS.get(step, Step.KNOCK) for step in steps) for kind, steps in ROUTES.items()
} | {Kind.QUIC: (Step.RESOLVE, Step.CONNECT, Step.HANDSHAKE, Step.FETCH)}  # its knock opens the way, and proves nobody
_CERTIFICATES_LAST_MS = 4_000_000_000_000
WALK_BYTES = 100  # of each direction: the cap of the day is no part of any world
_PICKS = (0, 1)  # made-up addresses of a name


@functools.cache
def route(kind: Kind, endpoint: Endpoint) -> tuple[Step, ...]:
    """A literal address needs no resolving (only kind dns asks it something), and UDP knows no connecting."""
    left_out = set()
    if endpoint.address and kind is not Kind.DNS:
        left_out.add(Step.RESOLVE)
    if endpoint.transport is Transport.UDP and kind is not Kind.QUIC:
        left_out.add(Step.CONNECT)
    return tuple(step for step in STEPS[kind] if step not in left_out)


@functools.cache
def addresses(host: str, v6: bool = False) -> tuple[str, ...]:
    """Where a name stands in every world: two public addresses that are nobody's here."""
    found = []
    for pick in _PICKS:
        a, b, c = hashlib.sha256(f"{host} {pick}".encode()).digest()[:3]
        found.append(f"2600:{a:x}{b:02x}:{c:x}::1" if v6 else f"20.{a}.{b}.{max(1, c)}")
    return tuple(found)


@functools.cache
def certificate(host: str, service: str) -> Certificate:
    """Of that host, by an authority that signs for its service."""
    digest = hashlib.sha256(f"certificate of {host}".encode()).hexdigest()
    return Certificate(f"Authority of {service}", digest, _CERTIFICATES_LAST_MS)


@dataclass(frozen=True, slots=True)
class Far:
    """How far away something is, by the round trip; and how fast it is fetched from."""

    rtt_s: float
    bytes_per_s: float = 500_000.0


def clean(target: Target, endpoint: Endpoint, far: Far) -> tuple[Observation, ...]:
    """Every step of a walk that nothing stops."""
    return tuple(passed(step, target, endpoint, far) for step in route(target.kind, endpoint))


_ROUND_TRIPS = {Step.RESOLVE: 0.25, Step.CONNECT: 1.0, Step.HANDSHAKE: 2.0, Step.KNOCK: 1.0, Step.FETCH: 1.5}


def passed(step: Step, target: Target, endpoint: Endpoint, far: Far) -> Observation:
    """A step that succeeds."""
    took_s = _ROUND_TRIPS.get(step, 1.0) * far.rtt_s
    match step:
        case Step.RESOLVE:
            known = None if endpoint.address else addresses(endpoint.host, endpoint.v6)
            return Observation(step, took_s, answers=known)
        case Step.HANDSHAKE:
            shown = certificate(endpoint.host or endpoint.address, target.service)
            return Observation(step, took_s, certificate=shown)
        case Step.FETCH:
            return Observation(step, took_s, status=200, answer=Answer.OK)
        case Step.TRANSFER:
            return transferred(int(target.options.get("bytes", 65_536)), far)
    return Observation(step, took_s)


def transferred(count: int, far: Far) -> Observation:
    """A body that came evenly."""
    slices = tuple(far.rtt_s + each * SLICE_BYTES / far.bytes_per_s for each in range(1, count // SLICE_BYTES + 1))
    took_s = far.rtt_s + count / far.bytes_per_s
    return Observation(
        Step.TRANSFER, took_s, status=200, bytes_received=count, slices_s=slices, longest_wait_s=far.rtt_s,
        waited_at_byte=0, line_bytes=int(count * 1.06), quiet_s=0.0,
    )  # fmt: skip


def stopped(
    step: Step, failure: Failure | None, findings: tuple[Finding, ...], timeout_s: float, far: Far
) -> Observation:
    """A step that ends in a failure, or in what a finding is made of."""
    took_s = timeout_s if failure is Failure.TIMEOUT else far.rtt_s
    if step is Step.RESOLVE and failure is Failure.TIMEOUT:
        took_s = timeout_s * _RESOLVER_SHARE
    if step is Step.TRANSFER:
        return Observation(
            step, took_s, failure, findings, bytes_received=_STALLS_AT, slices_s=(far.rtt_s,),
            longest_wait_s=took_s - far.rtt_s, waited_at_byte=_STALLS_AT, line_bytes=_STALLS_AT,
            quiet_s=took_s - far.rtt_s,
        )  # fmt: skip
    return Observation(step, took_s, failure, findings)
