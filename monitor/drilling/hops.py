"""Where an exercise has got to: each hop asked again and again, until it has it or the time is over. Tells nobody."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import msgspec

from monitor.decoding import Undecodable, from_json
from monitor.explaining import receipts
from monitor.explaining.receipts import Receipt
from monitor.home import vectors
from monitor.home.querying import Far, Unanswered
from probes.ports import Clock

_EVERY_S = 0.5
_PATIENCE_S = 5.0
_NEAR_S = 5  # each tick says when it began by what others say of our clock: some milliseconds apart, tick by tick
ALERT = "DidbanDrill"


@dataclass(frozen=True, slots=True)
class Begun:
    """What the daemon answered."""

    vantage: str
    began_ms: int
    ships: bool


@dataclass(frozen=True, slots=True)
class Where:
    """Whom to ask, as far as that is known: all but the daemon may be out of sight from a box. `book`: of the relay."""

    daemon: Far
    database: Far | None
    alertmanager: Far | None
    book: Far | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One hop. `after_s`: seconds from the beginning until it had it; None: it never did, and `why`."""

    hop: str
    after_s: float | None
    why: str = ""


class NotBegun(Exception):
    """The daemon would not; the message says why."""


async def begin(daemon: Far) -> Begun:
    said = await daemon.ask("/-/drill", {}, _PATIENCE_S, post=True)
    if isinstance(said, Unanswered):
        already = " (another one is under way)" if said.why.endswith("409") else ""
        raise NotBegun(f"{said.why}{already}")
    try:
        found = from_json(said)
        return Begun(str(found["vantage"]), int(found["began_ms"]), bool(found["taken_ms"]))
    except (LookupError, TypeError, ValueError):
        raise NotBegun("it says nothing that `didban run` would") from None


async def end(daemon: Far) -> None:
    """Its next tick says it no longer."""
    await daemon.ask("/-/drill/end", {}, _PATIENCE_S, post=True)


Asked = Callable[[], Awaitable[float | None]]  # when it had it, in milliseconds since 1970; None: not yet


class Follow:
    """One exercise on its way.

    Attributes:
        trouble: why the last question was not answered, or who was not told; empty where nothing is wrong.
        told: what the relay's book has of it, once it was asked: who, by which way, and when.
    """

    def __init__(self, begun: Begun, where: Where, clock: Clock, before: dict[str, float]) -> None:
        self._begun, self._where, self._clock, self._before = begun, where, clock, before
        self.trouble = ""
        self.told: tuple[Receipt, ...] = ()

    def hops(self) -> Iterator[tuple[str, Asked | None]]:
        """In their order; None: not to be seen from here, or not on this way.

        That Alertmanager handed something over, its counters say; what, and to whom, they do not. The relay keeps a
        book of every message.
        """
        database, alertmanager = self._where.database, self._where.alertmanager
        yield "stated in a tick, and kept on disk", self._stated
        yield "taken by the hub", self._taken if self._begun.ships else None
        yield "to be asked of the database", self._queryable if database else None
        yield "seen by the rule", self._fired if database else None
        yield "with Alertmanager", self._has if alertmanager else None
        yield "handed over, by Alertmanager's count", self._handed if alertmanager else None
        if self._where.book is not None:
            yield "with the relay", self._taken_on
            yield "taken by the way to the first person", self._told_first
            yield "taken by the way to each of them", self._told_all

    async def until(self, asked: Asked, deadline_s: float) -> float | None:
        """Seconds after the beginning; None when the time is over first."""
        while True:
            found_ms = await asked()
            if found_ms is not None:
                return max(0.0, (found_ms - self._begun.began_ms) / 1000)
            if self._clock.elapsed_s() >= deadline_s:
                return None
            await asyncio.sleep(_EVERY_S)

    # ---------------------------------------------------------------- each hop

    async def _daemon(self) -> dict[str, object]:
        said = await self._where.daemon.ask("/-/drill", {}, _PATIENCE_S)
        found = {} if isinstance(said, Unanswered) else told(said)
        return found if found.get("began_ms") == self._begun.began_ms else {}

    async def _stated(self) -> float | None:
        return _number((await self._daemon()).get("stated_ms"))

    async def _taken(self) -> float | None:
        """Of several receivers the first."""
        taken = (await self._daemon()).get("taken_ms")
        times = [_number(each) for each in taken.values()] if isinstance(taken, dict) else []
        return min((each for each in times if each is not None), default=None)

    async def _queryable(self) -> float | None:
        ahead_ms = _number((await self._daemon()).get("ahead_ms")) or 0
        began_s = (self._begun.began_ms + ahead_ms) / 1000
        name = f'didban_drill_timestamp_seconds{{vantage="{self._begun.vantage}"}}'
        return await self._there(f"abs({name} - {began_s!r}) < {_NEAR_S}")

    async def _fired(self) -> float | None:
        return await self._there(f'ALERTS{{alertname="{ALERT}",alertstate="firing",vantage="{self._begun.vantage}"}}')

    async def _there(self, query: str) -> float | None:
        assert self._where.database is not None
        found = await vectors.at(self._where.database, query, self._clock.now_ms())
        self.trouble = f"{self._where.database.url}: {found.why}" if isinstance(found, Unanswered) else ""
        return float(self._clock.now_ms()) if found and not self.trouble else None

    async def _has(self) -> float | None:
        assert self._where.alertmanager is not None
        wanted = {"filter": f'alertname="{ALERT}"'}
        said = await self._where.alertmanager.ask("/api/v2/alerts", wanted, _PATIENCE_S)
        self.trouble = f"{self._where.alertmanager.url}: {said.why}" if isinstance(said, Unanswered) else ""
        if isinstance(said, Unanswered):
            return None
        starts = starts_ms(said, self._begun.vantage)
        return float(self._clock.now_ms()) if any(at_ms >= self._begun.began_ms - 1 for at_ms in starts) else None

    async def _handed(self) -> float | None:
        now = await notifications(self._where.alertmanager) if self._where.alertmanager else {}
        gone = [kind for kind, count in now.items() if count > self._before.get(kind, 0.0)]
        return float(self._clock.now_ms()) if gone else None

    async def _written(self) -> tuple[Receipt, ...]:
        assert self._where.book is not None
        wanted = {"alertname": ALERT, "vantage": self._begun.vantage}
        found = await receipts.receipts(self._where.book, wanted, self._begun.began_ms, 2**62)
        self.trouble = f"{self._where.book.url}: {found.why}" if isinstance(found, Unanswered) else ""
        self.told = () if isinstance(found, Unanswered) else found
        return self.told

    async def _taken_on(self) -> float | None:
        return min((float(each.asked_ms) for each in await self._written()), default=None)

    async def _told_first(self) -> float | None:
        return min(
            (float(each.done_ms) for each in await self._written() if each.done_ms and each.is_told), default=None
        )

    async def _told_all(self) -> float | None:
        found = await self._written()
        missing = [f"{each.person} by {each.way}: {each.state}" for each in found if not each.is_told]
        self.trouble = self.trouble or ", ".join(missing)
        return max((float(each.done_ms or 0) for each in found), default=None) if not self.trouble else None


def told(said: bytes) -> dict[str, object]:
    """What a daemon says of an exercise; nothing where it is no object of JSON."""
    try:
        return from_json(said, dict[str, object])
    except Undecodable:
        return {}


class _Standing(msgspec.Struct):
    labels: dict[str, str]
    startsAt: datetime.datetime


def starts_ms(said: bytes, vantage: str) -> list[float]:
    """When each alert that Alertmanager has of a vantage began; none where that is not what it says."""
    try:
        found = from_json(said, list[_Standing])
    except Undecodable:
        return []
    mine = (each.startsAt for each in found if each.labels.get("vantage") == vantage)
    return [at.timestamp() * 1000 for at in mine if at.tzinfo is not None]


def _number(given: object) -> float | None:
    return float(given) if isinstance(given, int | float) and given else None


async def notifications(alertmanager: Far) -> dict[str, float]:
    """How many requests went well, by kind of receiver: its own /metrics, where each is counted once it is answered."""
    said = await alertmanager.ask("/metrics", {}, _PATIENCE_S)
    text = "" if isinstance(said, Unanswered) else said.decode(errors="replace")
    sent, failed = (
        counts(text, name) for name in ("notification_requests_total", "notification_requests_failed_total")
    )
    return {kind: count - failed.get(kind, 0.0) for kind, count in sent.items()}


def counts(text: str, name: str) -> dict[str, float]:
    """Of Alertmanager's own /metrics, by kind of receiver."""
    found: dict[str, float] = {}
    for labels, value in re.findall(rf"^alertmanager_{name}\{{(.*)\}} (\S+)$", text, re.MULTILINE):
        kind = re.search(r'integration="([^"]*)"', labels)
        if kind is not None:
            with contextlib.suppress(ValueError):  # no number: whatever said it is no Alertmanager
                found[kind[1]] = found.get(kind[1], 0.0) + float(value)
    return found
