"""Where a walk stands: what it set out to reach, and what it holds in its hands so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from probes.facts import Certificate, Endpoint, Target
from probes.fingerprint import Fingerprints
from probes.ports import Clock, Names, Stream, Traffic, Web, Wire


@dataclass(frozen=True, slots=True)
class Tools:
    """What every walk of a vantage shares. `timeout_s` is for each step, `token` gives unpredictable bytes."""

    clock: Clock
    names: Names
    wire: Wire
    web: Web
    fingerprints: Fingerprints
    timeout_s: float
    token: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Place:
    """`turn` picks among several addresses of one name, so that a confirming walk takes another."""

    target: Target
    endpoint: Endpoint
    turn: int
    traffic: Traffic
    address: str = ""
    stream: Stream | None = None
    secure: bool = False
    certificate: Certificate | None = None
    alpn: str = ""
