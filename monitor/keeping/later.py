"""The part of a spool that keeps what has no time yet, until it is told. Ships nothing."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from monitor import metrics
from monitor.keeping import boots, waiting
from monitor.keeping.boots import Boot
from monitor.keeping.ticks import Kept, Names
from monitor.meaning.timeofday import Known

_OF_OUR_CLOCK = frozenset(family.name for family in metrics.OF_OUR_CLOCK)


class Read(Protocol):
    async def __call__(self, action: Callable[[sqlite3.Connection], Any], otherwise: Any, /) -> Any: ...


class Later:
    """Of one boot.

    Args:
        write, read: the spool's own ways to its thread.
    """

    def __init__(
        self,
        write: Callable[[Callable[[sqlite3.Connection], None]], Awaitable[None]],
        read: Read,
        names: Names,
        boot: Boot,
    ) -> None:
        self._write, self._read, self._names, self.boot = write, read, names, boot

    @property
    def known(self) -> Known | None:
        """What time it is in this boot, as far as it is on disk."""
        return self.boot.known

    async def heard(self, boot_ms: int, wall_ms: int | None) -> None:
        """This boot lives, so long after it began. `wall_ms`: our clock minus that, where it may be built on."""
        await self._write(lambda db: _done(self.boot.heard(db, boot_ms, wall_ms)))

    async def add(self, boot_ms: int, kept: Callable[[sqlite3.Connection], Kept]) -> None:
        """Keeps a tick that waits for its time."""
        await self._write(lambda db: waiting.keep(db, self.boot.heard(db, boot_ms), boot_ms, kept(db)))

    async def count(self) -> int:
        """How many ticks of this boot wait."""
        found: int = await self._read(lambda db: waiting.count(db, self.boot.id), 0)
        return found

    async def last(self) -> tuple[int, Kept] | None:
        """The newest that waits of this boot: when it was, in milliseconds since the boot."""
        found: tuple[int, Kept] | None = await self._read(lambda db: waiting.last(db, self.boot.id), None)
        return found

    async def learn(
        self, boot_ms: int, known: Known, *, since_ms: int, owed_to: Mapping[str, frozenset[str]]
    ) -> Counter[str]:
        """It is told what time it is: all of this boot that waits is stamped and owed, in one transaction.

        While the disk takes nothing this waits like every write, and nothing is owed yet.

        Args:
            since_ms: since when, in this boot, the time was not known: walks from then on are put right.
            owed_to: the destinations configured now, and the names each wants beside the home set.
        """
        owed = Counter[str]()

        def stamp(db: sqlite3.Connection) -> None:
            number = self.boot.learn(db, boot_ms, known)
            boots.restamp_walks(db, number, since_ms, known.ahead_ms)
            times, goes_home = self._names.numbers(_OF_OUR_CLOCK), self._names.goes_home
            done = waiting.stamp(db, number, known, of_our_clock=times, goes_home=goes_home, owed_to=owed_to)
            owed.clear()
            owed.update(done)

        await self._write(stamp)
        return owed


def _done(_: int) -> None:
    """A write has nothing to say."""
