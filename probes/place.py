"""Where a walk stands: what it set out to reach, and what it holds in its hands so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from probes.facts import Certificate, Endpoint, Target
from probes.fingerprint import Fingerprints
from probes.knock.talk import Ask
from probes.ports import Clock, Ear, Names, Quic, Stream, Traffic, Trusted, Web, Wire


@dataclass(frozen=True, slots=True)
class Tools:
    """What every walk of a vantage shares.

    Attributes:
        timeout_s: for each step.
        token: gives unpredictable bytes.
        book: the addresses at which a name (v6: over IPv6) authenticated itself lately, the best first.
        unexpected: whether controls, who looked, never saw that issuer sign for the name.
        isp: the operator's own resolvers, where people are given one in their house.
        trusted: resolvers whose answers are authenticated on the way; asked only where the others' are in doubt.
        late_s: how long after an answer a second one to the same query is waited for, where it may say more.
    """

    clock: Clock
    names: Names
    wire: Wire
    quic: Quic
    web: Web
    fingerprints: Fingerprints
    timeout_s: float
    token: Callable[[int], bytes]
    book: Callable[[str, bool], tuple[str, ...]] = lambda host, v6: ()
    unexpected: Callable[[str, str], bool] = lambda name, issuer: False
    late_s: float = 0.5
    isp: Names | None = None
    trusted: Trusted | None = None


class Place(Struct, frozen=True):
    """`turn` picks among several addresses of one name, so that a confirming walk takes another.

    `avoid`: addresses that are being left alone for a while; taken only where there is no other.
    """

    target: Target
    endpoint: Endpoint
    turn: int
    traffic: Traffic
    address: str = ""
    avoid: frozenset[str] = frozenset()
    stream: Stream | None = None
    secure: bool = False
    booked: bool = False
    ear: Ear | None = None
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
