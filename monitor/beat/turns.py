"""Which endpoints of a target come next: a regular round in turn, a confirming one on other addresses. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from probes.facts import Endpoint, Round, Target
from probes.kinds import TRAITS
from probes.words import Step, Transport

# ports on which a protocol filter takes offence at what is neither DNS, HTTP nor TLS (Iran, 2020)
_WATCHED_PORTS = {53, 80, 443}


@dataclass(frozen=True, slots=True)
class Next:
    """An endpoint to walk to, and which of its addresses: the one at `turn` modulo their number."""

    endpoint: Endpoint
    turn: int


@dataclass(slots=True)
class Turns:
    """The turn of one target.

    Attributes:
        answers: the addresses each endpoint's name last resolved to.
        tried: addresses that failed since the target was last reached.
        resting: address -> when it may be spoken to again, in monotonic seconds.
    """

    target: Target
    count: int = 0
    answers: dict[Endpoint, tuple[str, ...]] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    resting: dict[str, float] = field(default_factory=dict)

    def regular(self, now_s: float, spared: frozenset[str] = frozenset()) -> list[Next]:
        """The next `sample` endpoints in turn; one whose address rests is passed over this time.

        `spared`: literal addresses that are left alone while there are others; of a name's, the walk chooses.
        """
        endpoints = [each for each in self.target.endpoints if each.address not in spared] or self.target.endpoints
        sample = self.target.sample
        first = self.count * sample
        self.count += 1
        chosen = [endpoints[(first + step) % len(endpoints)] for step in range(sample)]
        turn = first // len(endpoints)
        return [Next(each, turn) for each in dict.fromkeys(chosen) if not self._rests(each, turn, now_s)]

    def others(self, now_s: float, spared: frozenset[str] = frozenset()) -> list[Next]:
        """Up to `sample` endpoints at addresses that have not failed yet; none where there is none.

        A name that did not resolve may be asked again: that touches no address.
        """
        free = (each for each in self._untried(now_s) if each.endpoint.address not in spared)
        return list(free)[: self.target.sample]

    def _untried(self, now_s: float) -> Iterator[Next]:
        endpoints = self.target.endpoints
        start = self.count * self.target.sample
        for step in range(len(endpoints)):
            endpoint = endpoints[(start + step) % len(endpoints)]
            known = (endpoint.address,) if endpoint.address else self.answers.get(endpoint, ())
            if not known:
                yield Next(endpoint, self.count)
            for turn, address in enumerate(known):
                if address not in self.tried and not self._rests(endpoint, turn, now_s):
                    yield Next(endpoint, turn)
                    break

    def note(self, done: Round, now_s: float, rest_s: float) -> None:
        """Learns from a finished round: addresses, which of them failed, and which are to rest."""
        if any(walk.reached for walk in done.walks):
            self.tried.clear()
        for walk in done.walks:
            first = walk.steps[0]
            if first.step is Step.RESOLVE:
                self.answers[walk.endpoint] = first.answers or () if first.failure is None else ()
            if not walk.reached and walk.address:
                self.tried.add(walk.address)
            if self._spoke_otherwise(walk.endpoint) and walk.address:
                self.resting[walk.address] = now_s + rest_s

    def _spoke_otherwise(self, endpoint: Endpoint) -> bool:
        watched = endpoint.transport is Transport.TCP and endpoint.port in _WATCHED_PORTS
        return watched and not TRAITS[self.target.kind].familiar

    def _rests(self, endpoint: Endpoint, turn: int, now_s: float) -> bool:
        known = (endpoint.address,) if endpoint.address else self.answers.get(endpoint, ())
        return bool(known) and self.resting.get(known[turn % len(known)], 0.0) > now_s
