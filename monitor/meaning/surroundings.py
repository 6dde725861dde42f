"""What is known of the line itself, whatever target is asked about: canaries, other names, what the house does."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.meaning import house
from monitor.meaning.canaries import Canaries
from monitor.meaning.evidence import Line
from probes.facts import Target, Walk
from probes.words import Finding, Scope, Step

_NAMES_REMEMBERED = 24
_FEWEST_NAMES = 3
_IPV6 = frozenset({Finding.IPV6_BROKEN})


@dataclass(slots=True)
class Surroundings:
    """Of one vantage.

    Attributes:
        clear: canary -> its last walk in clear text, made while nothing abroad proved itself.
        house: what the house does now, as far as it is believed.
    """

    canaries: Canaries
    clear: dict[str, Walk] = field(default_factory=dict)
    house: frozenset[Finding] = frozenset()
    _ipv6_broken: bool = False
    _lately: deque[frozenset[Finding]] = field(default_factory=lambda: deque(maxlen=house.STRAIGHT_TICKS))
    _names: deque[tuple[str, bool]] = field(default_factory=lambda: deque(maxlen=_NAMES_REMEMBERED))

    def inherit(self, before: Surroundings) -> None:
        """What a reload would forget."""
        self._names = before._names
        self.canaries.inherit(before.canaries)

    def note_name(self, walk: Walk) -> None:
        first = walk.steps[0]
        if first.step is Step.RESOLVE and not walk.endpoint.address:
            self._names.append((walk.target.partition("/")[0], first.failure is None))

    def look(self, abroad: Sequence[Walk], domestic: Sequence[Walk], watched: Sequence[Walk]) -> None:
        """Once a tick, with the last walk to each canary and to everything else: what does the house do?

        What would silence a whole line is believed only after several straight ticks.
        """
        if any(walk.authenticated for walk in abroad):
            self.clear.clear()
        does = house.does(house.Seen(abroad, domestic, tuple(self.clear.values())), watched)
        self._lately.append(does)
        lasting = frozenset.intersection(*self._lately) if len(self._lately) == house.STRAIGHT_TICKS else frozenset()
        self.house = (does - house.WHOLE_LINE) | (lasting & house.WHOLE_LINE)
        self._ipv6_broken = house.ipv6_is_broken(walk for walk in watched if walk.endpoint.v6)

    def line(self, target: Target, now_ms: int) -> Line:
        """What everything but this target's service says of the line now."""
        others = [resolved for service, resolved in self._names if service != target.service]
        return Line(
            foreign_seen=self.canaries.foreign_seen,
            canaries=len(self.canaries.usable(Scope.INTERNATIONAL, now_ms)),
            reach=self.canaries.ratio(Scope.INTERNATIONAL, now_ms),
            house=self.house | _IPV6 if self._ipv6_broken and target.endpoints[0].v6 else self.house,
            names_dead=len(others) >= _FEWEST_NAMES and not any(others),
        )
