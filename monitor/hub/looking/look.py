"""Waits until a backlog has landed, lives through that time again, writes what the rules never saw, tells it once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from monitor.home import remotewrite
from monitor.home.querying import Far, Unanswered
from monitor.home.remotewrite import STALE, Labels, TimeSeries
from monitor.hub.batch import Batch
from monitor.hub.gateway import Gateway
from monitor.hub.looking import fetched, notice
from monitor.hub.looking.again import Again, Incident, read_names, remembered
from monitor.hub.looking.marks import Landed, Marks, Told
from monitor.hub.queue import Queue
from monitor.hub.settings import LoadedHub
from monitor.logs import Log
from monitor.metrics import INCIDENT
from probes.ports import Clock
from probes.words import Role

WRITER = "_late"  # in the queue, where boxes have their names: no box can have this one

_LATE_MS = 300_000  # what is older than the live edge by so much, the rules have gone past
_BEFORE_MS = 90 * 60_000  # lived through first, so that the rules know what worked
_AFTER_MS = 40 * 60_000  # and behind it, so that they can say over
_PIECE_MS = 3_600_000
_SMALLER_PIECE_MS = 300_000  # where more boxes are asked for than these
_MANY_BOXES = 100
_STEP_MS = 60_000  # of an incident's samples
_APART_MS = 600_000  # two accounts of one incident may differ by so much in its onset
_LASTS_MS = 300_000  # the notice stands in Alertmanager

_log = Log()


class Looking:
    """One child of the hub, and what couriers tell it.

    Attributes:
        at_work: false where it is switched off, or there is no database to ask.
    """

    def __init__(self, loaded: LoadedHub, gateway: Gateway, queue: Queue, clock: Clock, time_scale: float) -> None:
        config = loaded.config
        self._look, self._tellers, self._scale = config.look, config.tellers, time_scale
        self._pages = config.notify.pages
        self._gateway, self._queue, self._clock = gateway, queue, clock
        forward = config.forward
        self.at_work = config.look.enabled and forward.query is not None
        self._database = (
            Far.of(forward.query, forward.basic_auth, forward.tls, loaded.folder) if forward.query is not None else None
        )
        self._path = loaded.queue.with_name("look.json")
        self._marks = Marks(self._path)
        self._quiet_ms = int(config.look.quiet_s * 1000 / time_scale)
        self._longest_ms = int(config.look.longest_s * 1000 / time_scale)

    # ---------------------------------------------------------------- what lands

    async def landed(self, batches: Sequence[Batch]) -> None:
        """The database has them: those that came late are marked, before the queue forgets them."""
        if not self.at_work:
            return
        now_ms = self._clock.now_ms()
        edge_ms = now_ms - self._scaled(_LATE_MS)
        for batch in batches:
            box = self._gateway.registry.vantages.get(batch.vantage)
            if batch.oldest_ms >= edge_ms or box is None or box.role is not Role.INSIDE:
                continue
            await asyncio.to_thread(self._marks.landed, box.country, batch.oldest_ms, batch.newest_ms, now_ms)

    def _scaled(self, ms: int) -> int:
        return int(ms / self._scale)

    # ---------------------------------------------------------------- looking

    async def run(self, every_s: float) -> None:
        """For ever."""
        if not self._look.enabled:
            return
        if self._database is None:
            _log.warning("no_late_look", why="forward.query is not set: nobody can be asked what landed")
            return
        while True:
            await self.step(self._database)
            await asyncio.sleep(every_s)

    async def step(self, database: Far) -> None:
        """Whatever is due now, and notices that could not be handed over before."""
        now_ms = self._clock.now_ms()
        for country, landed in self._marks.pending.items():
            if now_ms - landed.last_ms >= self._quiet_ms or now_ms - landed.first_ms >= self._longest_ms:
                await self._look_at(country, landed, database)
        for each in self._marks.owed:
            if await notice.post(self._tellers, each, now_ms, self._scaled(_LASTS_MS)):
                await asyncio.to_thread(self._marks.delivered, each)

    async def _look_at(self, country: str, landed: Landed, database: Far) -> None:
        found = await self._incidents(country, landed, database)
        if isinstance(found, Unanswered):
            _log.warning("late_look_waits", country=country, why=found.why)
            return
        if found and not await self._queue.put(Batch.of(WRITER, self._clock.now_ms(), _series(found, self._scale))):
            _log.warning("late_look_waits", country=country, why="the queue has no room")
            return
        apart_ms = self._scaled(_APART_MS)
        news = [
            each
            for each in notice.parents_of(found)
            if not self._marks.was_told(each.key, each.onset_ms, each.ended_ms, apart_ms)
        ]
        told = [Told(each.key, each.onset_ms, each.ended_ms) for each in found]
        owed = notice.notice(country, news, landed, self._pages) if news else None
        await asyncio.to_thread(self._marks.looked, country, landed, told, owed)
        _log.info("late_look", country=country, incidents=len(found), told=len(news))

    async def _incidents(self, country: str, landed: Landed, database: Far) -> list[Incident] | Unanswered:
        """What the rules would have said of that time, and did not say."""
        since_ms = landed.since_ms - self._scaled(_BEFORE_MS)
        until_ms = min(landed.until_ms + self._scaled(_AFTER_MS), self._clock.now_ms())
        memory = await fetched.memory(database, await asyncio.to_thread(remembered, self._scale), country, since_ms)
        if isinstance(memory, Unanswered):
            return memory
        again = await asyncio.to_thread(Again, since_ms, times=self._scale, memory=memory)
        names, live = await asyncio.to_thread(read_names, self._scale), dict[Labels, list[int]]()
        piece_ms = self._scaled(_PIECE_MS if len(self._gateway.registry.vantages) <= _MANY_BOXES else _SMALLER_PIECE_MS)
        for from_ms in range(since_ms, until_ms, piece_ms):
            to_ms = min(from_ms + piece_ms, until_ms)
            samples = await fetched.samples(database, names, country, from_ms, to_ms)
            if isinstance(samples, Unanswered):
                return samples
            seen = await fetched.firing(database, country, from_ms, to_ms)
            if isinstance(seen, Unanswered):
                return seen
            for labels, times_ms in seen.items():
                live.setdefault(labels, []).extend(times_ms)
            await asyncio.to_thread(again.live, samples, to_ms)
        edges_ms = landed.since_ms, landed.until_ms
        return [
            each
            for each in again.incidents(country)
            if each.fired_ms <= edges_ms[1] + self._scaled(_LATE_MS)
            and each.ended_ms >= edges_ms[0]
            and not _was_seen(each, live, self._scaled(_APART_MS))
        ]


def _was_seen(incident: Incident, live: Mapping[Labels, Sequence[int]], apart_ms: int) -> bool:
    """Whether the same alert fired live in that time, whatever its severity was."""
    wanted = incident.as_alert().items()
    return any(
        wanted <= dict(labels).items()
        and any(incident.onset_ms - apart_ms <= at_ms <= incident.ended_ms + apart_ms for at_ms in times_ms)
        for labels, times_ms in live.items()
    )


def _series(incidents: Sequence[Incident], scale: float) -> list[TimeSeries]:
    """Each at whole minutes from onset to end, and a staleness marker behind it; the same bits whenever it is made.

    The marker stands a millisecond after the last of them, where no other account of the incident has a sample.
    """
    step_ms = max(1, int(_STEP_MS / scale))
    loose: dict[tuple[Labels, int], bytes] = {}
    for each in incidents:
        labels = remotewrite.labels(INCIDENT.name, dict(each.labels))
        first_ms = each.onset_ms // step_ms * step_ms
        times_ms = list(range(first_ms, max(each.ended_ms, first_ms + 1), step_ms))
        loose |= {(labels, at_ms): remotewrite.value(1.0) for at_ms in times_ms}
        if (labels, times_ms[-1] + 1) not in loose:
            loose[labels, times_ms[-1] + 1] = remotewrite.value(STALE)
    return remotewrite.gather((labels, at_ms, packed) for (labels, at_ms), packed in loose.items())
