"""A tick on its way onto the disk, the page and home, at the time it truly is; where nobody can say that, it waits.

What waits is never sent: it is stamped once the time of its boot is told, and owed from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from monitor import metrics
from monitor.logs import Log
from monitor.meaning.timeofday import TimeOfDay
from monitor.pace import Pace
from monitor.ship import Shipper
from monitor.spool import Spool
from monitor.telling.exposition import Exposition
from monitor.tick import Tick
from probes.ports import Clock

_SET_MS = 1_000  # a clock that moved so far against the time since the boot is noted anew

_log = Log()


class Stating:
    """Lives as long as the process: what time it is does not change with a configuration.

    Attributes:
        waits: ticks of this boot that have no time yet.
        ahead_ms: by how much the time of the last tick was ahead of our clock.
    """

    def __init__(
        self, spool: Spool, exposition: Exposition, identity: Mapping[str, str], clock: Clock, time: TimeOfDay
    ) -> None:
        self._spool, self._exposition, self._identity = spool, exposition, identity
        self._clock, self._time = clock, time
        self._last: Tick | None = None
        self._newest_ms = 0
        self._noted_wall_ms: int | None = None
        self.waits = 0
        self.ahead_ms = 0

    @property
    def last(self) -> Tick:
        """What was said last; before the first word, nothing."""
        return self._last if self._last is not None else Tick(0, {})

    async def begin(self, pace: Pace) -> None:
        """What an earlier process left behind: what it knew of the time, what waits for it, what is to be ended now."""
        boot, boot_ms = self._spool.later.boot, self._clock.boot_ms()
        last, waiting = await self._spool.last_tick(), await self._spool.later.last()
        last_ms = last[0] if last is not None else None
        lived_ms = last_ms - boot.known.ahead_ms if last_ms is not None and boot.known is not None else 0
        self._time.recall(boot.known, wall_ms=boot.wall_ms, last_ms=max(boot.last_ms, min(lived_ms, boot_ms)))
        self.waits = await self._spool.later.count()
        self._newest_ms = last_ms or 0
        believed_ms, now_ms = self._time.believed_ms(boot_ms), self._clock.now_ms()
        age_ms = (now_ms if believed_ms is None else believed_ms) - (last_ms or 0)
        if believed_ms is None and last_ms is not None and not 0 <= age_ms <= pace.keep_s * 500:
            self._time.doubt()  # off for half of all we keep, or before what we saw already
        if waiting is not None:
            age_ms, last = boot_ms - waiting[0], (waiting[1].at_ms, self._spool.series_of(waiting[1]))
        if last is not None and 0 <= age_ms <= pace.believed_s * 1000:
            found = (metrics.read(name, labels) for name, labels in last[1])
            self._last = Tick(last[0], {series: 0.0 for series in found if series is not None})

    async def settle(self, shippers: Sequence[Shipper], *, patience_ms: int) -> None:
        """Once a tick, before it is stated: what time is it? Once that is known, what waited for it is stamped.

        Args:
            patience_ms: for how long others who can tell are waited for; 0 where nobody can.
        """
        now_ms, boot_ms = self._clock.now_ms(), self._clock.boot_ms()
        learned = self._time.settle(now_ms, boot_ms, patience_ms=patience_ms)
        if self._time.known is not None and (learned or (self.waits and self._spool.trouble is None)):
            await self._stamp(shippers, boot_ms, learned=learned)
        wall_ms = self._time.wall_ms
        if wall_ms is not None and abs(wall_ms - (self._noted_wall_ms or 0)) > _SET_MS:
            self._noted_wall_ms = wall_ms
            await self._spool.later.heard(boot_ms, wall_ms)

    async def _stamp(self, shippers: Sequence[Shipper], boot_ms: int, *, learned: bool) -> None:
        known = self._time.known
        assert known is not None
        owed_to = {shipper.name: shipper.also for shipper in shippers}
        since_ms = self._time.since_ms if learned else boot_ms
        owed = await self._spool.later.learn(boot_ms, known, since_ms=since_ms, owed_to=owed_to)
        waited, self.waits = self.waits, await self._spool.later.count()
        for shipper in shippers:
            shipper.owes_more(owed[shipper.name])
        if waited:
            _log.info("ticks_stamped", ticks=waited - self.waits, networks=known.sources, error_ms=known.error_ms)

    async def state(self, tick: Tick, shippers: Sequence[Shipper]) -> None:
        """Fixed once, kept, shown, sent. `tick.at_ms` is by our clock, and read just now; it knows what has ended."""
        boot_ms = self._clock.boot_ms()
        true_ms = self._time.believed_ms(boot_ms)
        if true_ms is None:
            self.waits += 1
            await self._spool.add_waiting(tick, self._identity, boot_ms)
        else:
            self.ahead_ms = await self._free_ms(true_ms) - tick.at_ms
            tick = tick.moved(self.ahead_ms)
            owed_to = {shipper.name: shipper.count(tick) for shipper in shippers}
            for shipper in shippers:
                shipper.expect(tick.at_ms)
            await self._spool.add_tick(tick, self._identity, owed_to)
        self._last = tick
        self._exposition.publish(tick)
        for shipper in shippers if true_ms is not None else ():
            shipper.offer(tick)

    async def _free_ms(self, at_ms: int) -> int:
        """No two ticks share a moment: what lies there would be lost."""
        if at_ms <= self._newest_ms:
            at_ms = await self._spool.free_ms(at_ms)
        self._newest_ms = max(self._newest_ms, at_ms)
        return at_ms

    def notices(self) -> Iterator[str]:
        if self.waits:
            yield f"{self.waits} ticks wait until somebody says what time it is: they are kept, and not sent home."
