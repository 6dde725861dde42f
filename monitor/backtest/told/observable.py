"""Whether our lines stand where an expectation could be met at all: what nobody can see is not missed. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from monitor.backtest.lived.cast import causes_of
from monitor.backtest.lived.line import Line as Path_
from monitor.backtest.lived.line import home_is_open
from monitor.backtest.lived.touching import Place, stretches
from monitor.backtest.lived.weather import absences
from monitor.backtest.worlds.expected import Expect
from monitor.backtest.worlds.world import Cause, Line, World

_SETTLED_MS = 60_000  # after the ramp
_WITHIN_MS = 600_000  # a box that is gone for a part of these minutes is no witness of how it began


class Coverage:
    """Of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        since_ms = world.boxes_start_ms
        self._gone = {each.id: absences(world, each.id, each.network, since_ms) for each in world.lines}
        causes = causes_of(world, world.from_ms)
        self._paths = {each.id: Path_(world, _place(each), causes, (), ()) for each in world.lines}
        self._operators = {each.network: each.operator for country in world.countries for each in country.networks}

        @functools.cache
        def abroad(network: str) -> Path_:
            country = next(c.country for c in world.countries for each in c.networks if each.network == network)
            return Path_(world, Place(country, network, world.network(network).access), causes, (), ())

        self._abroad = abroad

    def lacking(self, expect: Expect) -> str | None:
        """What of its needs is not met; None: it can be seen."""
        needs, cause = expect.needs, self._world.cause(expect.cause)
        at_ms = self._during(expect, cause)
        there = self._in_country(expect, (each for each in self._touched(cause) if self._is_there(each, expect)))
        touched = [each for each in there if expect.labels.get("network") in (None, each.network)]
        lines = _independent(touched)
        ways = _independent(each for each in touched if self._gets_out(each, at_ms))
        operators = self._running(there)
        operators_out = self._running(each for each in there if self._gets_out(each, at_ms))
        silent = len(operators - operators_out)
        others = _independent(each for each in self._world.lines if self._beside(each, expect, cause))
        counts = {
            "lines": (lines, needs.lines, needs.lines_at_most),
            "ways out": (ways, needs.ways_out, needs.ways_out_at_most),
            "operators": (len(operators), needs.operators, None),
            "operators with a way out": (len(operators_out), needs.operators_out, None),
            "operators without a way out": (silent, needs.operators_silent, needs.operators_silent_at_most),
            "other lines": (others, needs.others, None),
        }
        for name, (have, least, most) in counts.items():
            if have < least or (most is not None and have > most):
                return f"{name}: {have}"
        return "landmarks" if needs.landmarks and not self._landmarks(expect) else None

    def _touched(self, cause: Cause) -> list[Line]:
        return [each for each in self._world.lines if any(stretches(self._world, _place(each), [cause]))]

    def _in_country(self, expect: Expect, lines: Iterable[Line]) -> list[Line]:
        return [each for each in lines if expect.labels.get("country") in (None, each.country)]

    def _during(self, expect: Expect, cause: Cause) -> int:
        """When the cause stands in full."""
        spans = [each for each in cause.spans if expect.onset_ms in (each.from_ms, each.until_ms)] or cause.spans[:1]
        return min(spans[0].from_ms + int(cause.ramp_s * 1000) + _SETTLED_MS, spans[0].until_ms - 1)

    def _is_there(self, line: Line, expect: Expect) -> bool:
        """Whether the noise drawn for it left it on its shelf; what a cause does to a box is what is asked about."""
        from_ms, until_ms = expect.onset_ms, expect.onset_ms + _WITHIN_MS
        return not any(each.from_ms < until_ms and each.until_ms > from_ms for each in self._gone[line.id])

    def _gets_out(self, line: Line, at_ms: int) -> bool:
        return home_is_open(line.home, self._paths[line.id], self._abroad, at_ms)

    def _running(self, lines: Iterable[Line]) -> set[str]:
        return {self._operators.get(each.network, each.network) for each in lines}

    def _beside(self, line: Line, expect: Expect, cause: Cause) -> bool:
        country = expect.labels.get("country", line.country)
        return line.country == country and not any(stretches(self._world, _place(line), [cause]))

    def _landmarks(self, expect: Expect) -> bool:
        network = expect.labels.get("network")
        return any(each.falls and network in (None, each.network) for each in self._world.landmarks)


def _place(line: Line) -> Place:
    return Place(line.country, line.network, line.access, line.region, line=line.id)


def _independent(lines: Iterable[Line]) -> int:
    return len({each.cohort or each.id for each in lines})
