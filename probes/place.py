"""Where a walk stands: what it set out to reach, and what it holds in its hands so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from probes.facts import Certificate, Endpoint, Target
from probes.fingerprint import Fingerprints
from probes.knock.talk import Ask
from probes.ports import Clock, Names, Quic, Stream, Traffic, Web, Wire


@dataclass(frozen=True, slots=True)
class Tools:
    """What every walk of a vantage shares. `timeout_s` is for each step, `token` gives unpredictable bytes."""

    clock: Clock
    names: Names
    wire: Wire
    quic: Quic
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

    @property
    def name(self) -> str:
        """Whom we mean to reach: a name, or a literal address where there is none."""
        return self.endpoint.host or self.address

    @property
    def authority(self) -> str:
        """The same as HTTP writes it (RFC 3986 section 3.2), with the port where it is not the usual one."""
        usual = self.endpoint.port == (443 if self.secure else 80)
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if usual else f"{name}:{self.endpoint.port}"

    def ask(self, tools: Tools) -> Ask:
        """What a conversation may know of it."""
        return Ask(
            endpoint=self.endpoint,
            address=self.address,
            options=self.target.options,
            secrets=self.target.secrets,
            token=tools.token,
            now_ms=tools.clock.now_ms(),
            certificate=self.certificate,
        )
