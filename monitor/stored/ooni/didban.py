"""Rounds of ours in OONI's form (`didban export --format ooni`), read back: one look at a target, without its line."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.stored.ooni.keys import Measurement, OwnWalk
from monitor.stored.ooni.walks import Journey
from monitor.stored.ooni.words import failure_of
from monitor.stored.verdict import Evidence
from probes.facts import Endpoint, Observation, Walk
from probes.words import IMPOSTOR, INTERFERENCE, LOCAL, Failure, Finding, Transport

NAME = "didban_walk"
_LONGEST_S = 86_400.0


def read(measurement: Measurement, own: Iterable[OwnWalk]) -> tuple[Evidence, list[Walk]]:
    """One walk that came through reached it: how many endpoints the target needs is not in the file."""
    journey = Journey.of(measurement)
    about = [each for each in own if each.steps and each.cell is None]  # a comparison is of other names too
    walks = [_walk(journey, each) for each in about]
    through = [each for each, walk in zip(about, walks, strict=True) if _came_through(walk)]
    found = {finding for walk in walks for finding in walk.findings}
    failures = [seen.failure for walk in walks for seen in walk.broken]
    return (
        Evidence(
            walked=bool(walks),
            reached=bool(through),
            proven=any(step.authenticated for each in through for step in each.steps),
            in_clear=True,
            refusal=Finding.PROVIDER_REFUSAL in found,
            local=not LOCAL.isdisjoint(found),
            forged=not INTERFERENCE.isdisjoint(found),
            named=any(failure is not Failure.UNKNOWN for failure in failures),
        ),
        walks,
    )


def _came_through(walk: Walk) -> bool:
    return walk.failure is None and IMPOSTOR.isdisjoint(walk.findings)


def _walk(journey: Journey, own: OwnWalk) -> Walk:
    host, _, rest = own.endpoint.rpartition(":")
    port, _, transport = rest.partition("/")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else 0
    over = Transport.UDP if transport == "udp" else Transport.TCP
    steps = [
        Observation(
            each.step, min(max(0.0, each.took_s), _LONGEST_S), failure_of(each.failure), each.findings, each.fingerprint
        )
        for each in own.steps
    ]
    return journey.walk(Endpoint(host, number, over), own.address, steps)
