"""What is known of the line itself, whatever target is asked about: canaries, other names, what the house does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.meaning import house
from monitor.meaning.canaries import Canaries
from monitor.meaning.line import WELL, Line
from monitor.meaning.timeofday import TimeOfDay
from probes.facts import Target, Walk
from probes.words import Finding, Scope, Step

_NAMES_REMEMBERED = 24
_FEWEST_NAMES = 3
_DEAD_PERIODS = 2.5
_FALLING_MS = 240_000  # canaries are asked in turn: for so long they may call a line well that is going under
_IPV6 = frozenset({Finding.IPV6_BROKEN})
_CLOCK = frozenset({Finding.CLOCK_WRONG})


@dataclass(slots=True)
class Named:
    """When a name last resolved, of whichever service but one; for all of them two moments are enough."""

    _asked: set[str] = field(default_factory=set)
    _last: tuple[str, int] = ("", 0)
    _before: int = 0  # the last one of a service that is not `_last`

    def note(self, service: str, at_ms: int) -> None:
        """`at_ms`: 0 where it did not resolve."""
        self._asked.add(service)
        if at_ms:
            if service != self._last[0]:
                self._before = self._last[1]
            self._last = (service, at_ms)

    def but(self, service: str) -> int | None:
        """0: never; None: nobody else's name is asked for."""
        if not self._asked - {service}:
            return None
        return self._before if service == self._last[0] else self._last[1]


@dataclass(slots=True)
class Surroundings:
    """Of one vantage.

    Attributes:
        period_ms: how often what is essential is walked, and canaries are.
        clear: canary -> its last walk in clear text, made while nothing abroad proved itself.
        time: what time it is, as hosts abroad say.
        house: what the house does now, as far as it is believed.
        spoilt: the part of it that spoils what is reached as well.
        known: what is wrong here and spoils nothing, as it is allowed for.
        unwell_ms: minutes before the line was last known to be well, until it was last known not to be.
    """

    canaries: Canaries
    period_ms: float = 60_000.0
    clear: dict[str, Walk] = field(default_factory=dict)
    time: TimeOfDay = field(default_factory=TimeOfDay)
    house: frozenset[Finding] = frozenset()
    spoilt: frozenset[Finding] = frozenset()
    known: frozenset[Finding] = frozenset()
    unwell_ms: tuple[int, int] | None = None
    _well_ms: int = 0
    _named: Named = field(default_factory=Named)
    _ipv6_broken: bool = False
    _lately: deque[frozenset[Finding]] = field(default_factory=lambda: deque(maxlen=house.STRAIGHT_TICKS))
    _names: deque[tuple[str, bool]] = field(default_factory=lambda: deque(maxlen=_NAMES_REMEMBERED))

    def inherit(self, before: Surroundings) -> None:
        """What a reload would forget."""
        self._names, self._named, self.time = before._names, before._named, before.time
        self.unwell_ms, self._well_ms = before.unwell_ms, before._well_ms
        self.canaries.inherit(before.canaries)

    def note_name(self, walk: Walk, now_ms: int) -> None:
        first = walk.steps[0]
        if first.step is Step.RESOLVE and not walk.endpoint.address:
            service, resolved = walk.target.partition("/")[0], first.failure is None
            self._names.append((service, resolved))
            self._named.note(service, now_ms if resolved else 0)

    def asked_aside(self, canary: Target, seen: Walk) -> None:
        """Takes in a walk to a canary that was none of its rounds: it was asked the time, or something in clear."""
        if any(step.step is Step.HANDSHAKE for step in seen.steps):
            self.time.note(canary, seen)
        else:
            self.clear[canary.name] = seen

    def looking(self, seen: Mapping[Scope, Sequence[Walk]], watched: Sequence[Walk], now_ms: int) -> Iterator[None]:
        """Once a tick, with the last walk to each canary and to everything else: what does the house do? In pieces.

        What would silence a whole line is believed only after several straight ticks; a clock, that several networks
        gave another time than ours, at once.
        """
        self._note_reach(now_ms)
        abroad = seen[Scope.INTERNATIONAL]
        if any(walk.authenticated for walk in abroad):
            self.clear.clear()
        clear = tuple(self.clear.values())
        does = house.does(house.Seen(abroad, seen[Scope.DOMESTIC], clear, seen[Scope.GATEWAY]), watched)
        yield
        self._lately.append(does)
        if Finding.CLOCK_WRONG in does and self.time.offset_s is None:
            self.time.doubt()  # certificates mind our date: from now on they are asked what it is, and not by it
        lasting = frozenset.intersection(*self._lately) if len(self._lately) == house.STRAIGHT_TICKS else frozenset()
        self.spoilt = lasting & house.WHOLE_LINE
        self.house = (does - house.WHOLE_LINE) | self.spoilt
        self.known = frozenset()
        if self.time.is_wrong:  # and we know by how much: ticks have their true times, certificates are read by them
            self.known, self.house, self.spoilt = _CLOCK, self.house - _CLOCK, self.spoilt - _CLOCK
        self._ipv6_broken = house.ipv6_is_broken(watched)

    def _note_reach(self, now_ms: int) -> None:
        """What is not known lies between: a box that was off has stale canaries, and its first walks fail unjudged."""
        reach = self.canaries.ratio(Scope.INTERNATIONAL, now_ms)
        if reach is not None and reach >= WELL:
            self._well_ms = now_ms
        elif reach is not None:
            self.unwell_ms = (self._well_ms - _FALLING_MS, now_ms)

    def line(self, target: Target, now_ms: int) -> Line:
        """What everything but this target's service says of the line now."""
        usable, reach = self.canaries.standing(Scope.INTERNATIONAL, now_ms)
        return Line(
            foreign_seen=self.canaries.foreign_seen,
            canaries=usable,
            reach=reach,
            house=self.house | _IPV6 if self._ipv6_broken and target.endpoints[0].v6 else self.house,
            spoilt=self.spoilt,
            known=self.known,
            unwell_ms=self.unwell_ms,
            names_dead=self._names_dead(target.service, now_ms),
            named_ms=self._named.but(target.service),
        )

    def _names_dead(self, but: str, now_ms: int) -> bool:
        """Names of other services were asked for, and none resolved, for longer than most of them may be blocked."""
        if now_ms - (self._named.but(but) or 0) <= _DEAD_PERIODS * self.period_ms:
            return False
        asked = 0
        for service, resolved in reversed(self._names):
            if service != but and resolved:
                return False
            asked += service != but
        return asked >= _FEWEST_NAMES
