"""What is due when: the one door to APScheduler. It gives the beat; a keyed hash (beat/spread.py) moves each start.

Jobs are not run by APScheduler but handed on at once: walks belong to the daemon's own task group.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.beat.errands import Errand
from monitor.beat.spread import next_round, start_s
from probes.ports import Clock

_ROUNDING_S = 0.002  # a datetime holds microseconds, our clock milliseconds: asked again, a start must not come again


@dataclass(frozen=True, slots=True)
class Due:
    """Round `number` of an errand, due at `due_s`: seconds since 1970, as our clock stood when we started."""

    errand: Errand
    number: int
    due_s: float
    late_s: float = 0.0


class _Steady(datetime.tzinfo):
    """What APScheduler asks for the time (`datetime.now(timezone)`): it is told ours, which nobody sets.

    Set forward, it would bunch an hour's rounds; set back, it would silence the box for as long. Whatever is converted
    to this zone becomes now. What is in it already stays: every start is in it, else the wait for it is always nothing.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s

    def fromutc(self, _: datetime.datetime) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self._now_s(), datetime.UTC)

    def utcoffset(self, _: datetime.datetime | None) -> datetime.timedelta:
        return datetime.timedelta(0)

    dst = utcoffset

    def tzname(self, _: datetime.datetime | None) -> str:
        return "steady"


class _Keyed(BaseTrigger):  # type: ignore[misc]
    __slots__ = ("_errand", "_secret", "_zone")

    def __init__(self, secret: bytes, errand: Errand, zone: datetime.tzinfo) -> None:
        self._secret, self._errand, self._zone = secret, errand, zone

    def get_next_fire_time(
        self, previous_fire_time: datetime.datetime | None, now: datetime.datetime
    ) -> datetime.datetime:
        after = max(now, previous_fire_time) if previous_fire_time else now
        after_s = after.timestamp() + _ROUNDING_S
        _, start = next_round(self._secret, self._errand.name, after_s, self._errand.period_s)
        return datetime.datetime.fromtimestamp(start, datetime.UTC).replace(tzinfo=self._zone)


class Schedule:
    """Calls `on_due` for each round of each errand, and `on_missed` with how many came and went unseen.

    Rounds pass unseen when the machine was busy or asleep. APScheduler would coalesce or skip them without a word; the
    numbers of the rounds tell. Our clock is read once, at the start: setting it neither bunches nor skips any.
    """

    def __init__(
        self, secret: bytes, clock: Clock, on_due: Callable[[Due], None], on_missed: Callable[[Errand, int], None]
    ) -> None:
        self._secret, self._clock = secret, clock
        self._on_due, self._on_missed = on_due, on_missed
        self._last: dict[str, int] = {}
        self._ahead_ms = clock.now_ms() - clock.boot_ms()
        self._zone = _Steady(self.now_s)
        self._scheduler = AsyncIOScheduler(timezone=self._zone, executors={"default": DebugExecutor()})

    def now_s(self) -> float:
        """Seconds since 1970, as our clock stood when we started, and on by the time since the boot, asleep or not."""
        return (self._clock.boot_ms() + self._ahead_ms) / 1000

    def start(self, errands: Iterable[Errand]) -> None:
        for errand in errands:
            keyed = _Keyed(self._secret, errand, self._zone)
            self._scheduler.add_job(self._due, keyed, args=[errand], id=errand.name, misfire_grace_time=None)
        self._scheduler.start()

    def stop(self) -> None:
        """No further round is started."""
        if self._scheduler.running and self._scheduler.get_jobs():
            self._scheduler.remove_all_jobs()
            self._scheduler.shutdown(wait=False)

    def _due(self, errand: Errand) -> None:
        now_s = self.now_s() + _ROUNDING_S
        following, _ = next_round(self._secret, errand.name, now_s, errand.period_s)
        number = following - 1
        unseen = number - self._last.get(errand.name, number - 1) - 1
        if unseen > 0:
            self._on_missed(errand, unseen)
        self._last[errand.name] = number
        due_s = start_s(self._secret, errand.name, number, errand.period_s)
        self._on_due(Due(errand, number, due_s, late_s=max(0.0, self.now_s() - due_s)))
