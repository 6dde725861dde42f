"""What is due when: the one door to APScheduler. It gives the beat; a keyed hash (monitor/spread.py) moves each start.

Jobs are not run by APScheduler but handed on at once: walks belong to the daemon's own task group.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.errands import Errand
from monitor.spread import next_round, start_s
from probes.ports import Clock

_GRACE_PERIODS = 0.5
_ROUNDING_S = 0.002  # a datetime holds microseconds, our clock milliseconds: asked again, a start must not come again


@dataclass(frozen=True, slots=True)
class Due:
    """Round `number` of an errand, due at `due_s` (seconds since 1970)."""

    errand: Errand
    number: int
    due_s: float


class _Keyed(BaseTrigger):  # type: ignore[misc]
    def __init__(self, secret: bytes, errand: Errand) -> None:
        self._secret, self._errand = secret, errand

    def get_next_fire_time(
        self, previous_fire_time: datetime.datetime | None, now: datetime.datetime
    ) -> datetime.datetime:
        after = max(now, previous_fire_time) if previous_fire_time else now
        after_s = after.timestamp() + _ROUNDING_S
        _, start = next_round(self._secret, self._errand.name, after_s, self._errand.period_s)
        return datetime.datetime.fromtimestamp(start, datetime.UTC)


class Schedule:
    """Calls `on_due` for each round of each errand, and `on_missed` for each that came too late to be walked."""

    def __init__(
        self, secret: bytes, clock: Clock, on_due: Callable[[Due], None], on_missed: Callable[[Errand], None]
    ) -> None:
        self._secret, self._clock = secret, clock
        self._on_due, self._on_missed = on_due, on_missed
        self._errands: dict[str, Errand] = {}
        self._scheduler = AsyncIOScheduler(timezone=datetime.UTC, executors={"default": DebugExecutor()})
        self._scheduler.add_listener(self._missed, EVENT_JOB_MISSED)

    def start(self, errands: Iterable[Errand]) -> None:
        for errand in errands:
            self._errands[errand.name] = errand
            self._scheduler.add_job(
                self._due,
                _Keyed(self._secret, errand),
                args=[errand],
                id=errand.name,
                coalesce=True,
                misfire_grace_time=max(1, round(errand.period_s * _GRACE_PERIODS)),
            )
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _due(self, errand: Errand) -> None:
        now_s = self._clock.now_ms() / 1000 + _ROUNDING_S
        number, _ = next_round(self._secret, errand.name, now_s, errand.period_s)
        self._on_due(Due(errand, number - 1, start_s(self._secret, errand.name, number - 1, errand.period_s)))

    def _missed(self, event: JobExecutionEvent) -> None:
        self._on_missed(self._errands[event.job_id])
