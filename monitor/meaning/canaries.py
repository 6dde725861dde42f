"""Keeps count of the hosts nobody has a reason to block: which answer, which are set aside, what share is alive.

A canary that never answered here, that has been dead for a day while the others live, or that is suddenly answered by
somebody nearer says nothing of the line; it is set aside and reported, never silently dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from monitor.judge import FEWEST_CANARIES
from probes.facts import Round, Target, Vantage
from probes.words import Scope, Step

_FEWEST = {Scope.INTERNATIONAL: FEWEST_CANARIES, Scope.DOMESTIC: 2, Scope.GATEWAY: 1}
_OTHERS_ALIVE = 0.8  # "while eight of ten answered"
_NEARER = 0.5  # of its own smallest round trip in seven days
_NEAR_FLOOR_S = 0.005  # below this a round trip says nothing about distance
_TURN_ROUNDS_WITHOUT_FOREIGN = 2
_DAYS = 7
_EARLIER_DAYS = 2  # the first may have been a few walks on a bad evening, or one before the clock was set right
_STALE_TURNS = 3


class Aside(StrEnum):
    """Why a canary is set aside (label `reason`)."""

    NEAR = "near"
    STANDING = "standing"
    UNSEEN = "unseen"
    OWN_NETWORK = "own_network"


@dataclass(slots=True)
class Canary:
    """`smallest_rtt_s` by day number; days in which somebody nearer answered are not in it."""

    target: Target
    alive: bool | None = None
    walked_ms: int = 0
    ever_alive: bool = False
    dead_since_ms: int | None = None
    near: bool = False
    smallest_rtt_s: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Answered:
    """What was said of one scope at one moment: it holds until a canary is walked."""

    at_ms: int
    aside: Mapping[str, Aside]
    usable: tuple[Canary, ...]
    ratio: float | None


class Canaries:
    """All canaries of one vantage.

    Args:
        standing_s, day_s: as in `monitor.pace.Pace`.
        turn_s: target name -> how often it is walked; one not walked for three turns says nothing any more.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        vantage: Vantage,
        *,
        standing_s: float,
        day_s: float,
        turn_s: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._all = {target.name: Canary(target) for target in targets}
        self._vantage = vantage
        self._turn_s = turn_s
        self._standing_ms = standing_s * 1000
        self._day_ms = day_s * 1000
        self._rounds_without_foreign = 0
        self._by_scope = {scope: [c for c in self._all.values() if c.target.scope is scope] for scope in Scope}
        self._answered: dict[Scope, _Answered] = {}  # a tick asks the same of every target

    # ---------------------------------------------------------------- what happened

    def add(self, done: Round) -> bool:
        """Takes in a round of one canary; True if all should be walked at once.

        That is when one that was alive has fallen silent (is it the canary, or the line?), and when the first of them
        answers again in the dark.
        """
        canary = self._all[done.target]
        self._answered.clear()
        was_alive, canary.alive = canary.alive, any(walk.reached for walk in done.walks)
        canary.walked_ms = done.started_ms
        light = canary.alive and not self.foreign_seen and canary.target.scope is Scope.INTERNATIONAL
        if canary.alive:
            canary.ever_alive, canary.dead_since_ms = True, None
            self._note_rtt(canary, done)
        elif canary.dead_since_ms is None:
            canary.dead_since_ms = done.started_ms
        return light or (was_alive is True and not canary.alive)

    def turn_ended(self, *, foreign_reached: bool) -> None:
        """One round of international canaries is over."""
        self._rounds_without_foreign = 0 if foreign_reached else self._rounds_without_foreign + 1

    def foreign_was_reached(self) -> bool:
        """Another target abroad proved itself: the line carries, whatever canaries do; True if all should be walked.

        That is when it is the first to answer in the dark: what they were like in it is no longer so.
        """
        light, self._rounds_without_foreign = not self.foreign_seen, 0
        return light

    def _note_rtt(self, canary: Canary, done: Round) -> None:
        connects = [seen.took_s for walk in done.walks for seen in walk.steps if seen.step is Step.CONNECT]
        if not connects:
            return
        rtt_s, today = min(connects), int(done.started_ms // self._day_ms)
        known = canary.smallest_rtt_s
        for day in [day for day in known if day > today or (day <= today - _DAYS and not canary.near)]:
            del known[day]
        usual_s = min(known.values(), default=0.0)
        canary.near = self._has_history(canary, today) and usual_s >= _NEAR_FLOOR_S and rtt_s < _NEARER * usual_s
        if not canary.near:
            known[today] = min(rtt_s, known.get(today, rtt_s))
        else:
            self._forget_a_slower_line(canary.target.scope, today)

    def _has_history(self, canary: Canary, today: int) -> bool:
        return sum(day < today for day in canary.smallest_rtt_s) >= _EARLIER_DAYS

    def _forget_a_slower_line(self, scope: Scope | None, today: int) -> None:
        """Most of them nearer at once: nobody moves a dozen hosts. Our own line is another, and they begin anew."""
        known = [each for each in self._all.values() if each.target.scope is scope and self._has_history(each, today)]
        nearer = [each for each in known if each.near and each.alive]
        if len(nearer) >= FEWEST_CANARIES and len(nearer) > len(known) / 2:
            for each in known:
                each.near = False
                each.smallest_rtt_s.clear()

    # ---------------------------------------------------------------- what it means

    @property
    def foreign_seen(self) -> bool:
        """Something abroad that authenticates itself was reached in the last two rounds."""
        return self._rounds_without_foreign < _TURN_ROUNDS_WITHOUT_FOREIGN

    def of(self, scope: Scope) -> list[Canary]:
        return self._by_scope[scope]

    def usable(self, scope: Scope, now_ms: int) -> list[Canary]:
        return list(self._asked(scope, now_ms).usable)

    def standing(self, scope: Scope, now_ms: int) -> tuple[int, float | None]:
        """How many are usable, and the ratio: every target that is judged asks for both."""
        known = self._asked(scope, now_ms)
        return len(known.usable), known.ratio

    def ratio(self, scope: Scope, now_ms: int) -> float | None:
        """Share of the usable canaries that answered when last walked; None when too few are usable."""
        return self._asked(scope, now_ms).ratio

    def set_aside(self, scope: Scope, now_ms: int) -> Mapping[str, Aside]:
        """Target name -> why it says nothing of the line now."""
        return self._asked(scope, now_ms).aside

    def _asked(self, scope: Scope, now_ms: int) -> _Answered:
        known = self._answered.get(scope)
        if known is None or known.at_ms != now_ms:
            aside = self._set_aside(scope, now_ms)
            usable = tuple(canary for canary in self._by_scope[scope] if canary.target.name not in aside)
            walked = [c for c in usable if c.alive is not None and self._is_fresh(c, now_ms)]
            few = len(walked) < _FEWEST[scope]
            ratio = None if few else sum(canary.alive is True for canary in walked) / len(walked)
            self._answered[scope] = known = _Answered(now_ms, aside, usable, ratio)
        return known

    def _is_fresh(self, canary: Canary, now_ms: int) -> bool:
        turn_s = self._turn_s.get(canary.target.name)
        return turn_s is None or now_ms - canary.walked_ms <= _STALE_TURNS * turn_s * 1000

    def _set_aside(self, scope: Scope, now_ms: int) -> Mapping[str, Aside]:
        here = self._by_scope[scope]
        walked = [canary for canary in here if canary.alive is not None]
        answering = sum(canary.alive is True for canary in walked)
        seen = sum(canary.ever_alive for canary in here)
        abroad_of_us = [c for c in here if c.target.at and c.target.at.network != self._vantage.network]
        others_alive = len(walked) > 1 and answering / (len(walked) - 1) >= _OTHERS_ALIVE
        reasons: dict[str, Aside] = {}
        for canary in here:
            dead_ms = now_ms - canary.dead_since_ms if canary.dead_since_ms is not None else 0
            at = canary.target.at
            if scope is Scope.DOMESTIC and at and at.network == self._vantage.network and len(abroad_of_us) >= 2:
                reasons[canary.target.name] = Aside.OWN_NETWORK
            elif canary.near:
                reasons[canary.target.name] = Aside.NEAR
            elif canary.alive is False and dead_ms >= self._standing_ms and others_alive:
                reasons[canary.target.name] = Aside.STANDING
            elif canary.alive is False and not canary.ever_alive and seen >= max(FEWEST_CANARIES, len(here) / 2):
                reasons[canary.target.name] = Aside.UNSEEN
        return reasons

    def inherit(self, before: Canaries) -> None:
        """What a reload would forget: everything of those that are still there, and whether the line is dark."""
        for name, canary in before._all.items():
            if name in self._all and self._all[name].target == canary.target:
                self._all[name] = canary
        self._by_scope = {scope: [c for c in self._all.values() if c.target.scope is scope] for scope in Scope}
        self._answered.clear()
        self._rounds_without_foreign = before._rounds_without_foreign

    # ---------------------------------------------------------------- over a restart

    def memory(self) -> dict[str, dict[str, object]]:
        """What a restart would forget."""
        return {
            name: {
                "ever_alive": canary.ever_alive,
                "dead_since_ms": canary.dead_since_ms,
                "smallest_rtt_s": {str(day): rtt for day, rtt in canary.smallest_rtt_s.items()},
            }
            for name, canary in self._all.items()
        }

    def recall(self, memory: Mapping[str, Mapping[str, object]]) -> None:
        for name, kept in memory.items():
            if (canary := self._all.get(name)) is None:
                continue
            canary.ever_alive = kept.get("ever_alive") is True
            dead_since = kept.get("dead_since_ms")
            canary.dead_since_ms = dead_since if isinstance(dead_since, int) else None
            rtts = kept.get("smallest_rtt_s")
            if isinstance(rtts, Mapping):
                canary.smallest_rtt_s = {int(day): float(rtt) for day, rtt in rtts.items()}
        self._answered.clear()


def in_scope(target: Target, vantage: Vantage) -> bool:
    """Domestic canaries are walked in their own country only, international ones everywhere but there."""
    if target.scope is None or target.at is None:
        return True
    return (target.at.country == vantage.country) is (target.scope is Scope.DOMESTIC)


def domestic(target: Target, vantage: Vantage) -> bool:
    """Whether what lies abroad says nothing of it: it stands in our own country."""
    return target.scope is Scope.GATEWAY or (target.at is not None and target.at.country == vantage.country)
