"""What a person at the hub sees beside the fleet: what fires and who was told of it, exercises, notes. Only reads."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence

from monitor.disk.desk import Desk
from monitor.home import vectors
from monitor.home.querying import Far, Unanswered
from monitor.home.vectors import Found
from monitor.hub import fleet, notes
from monitor.hub.gateway import Gateway
from monitor.hub.queue import Queue
from monitor.hub.settings import LoadedHub
from monitor.metrics import Series
from monitor.relay import receipts
from monitor.telling.status import Json, instant
from probes.ports import Clock

_FRESH_S = 10.0  # however many look, the database is asked once in so long
_PATIENCE_S = 3.0  # a page does not wait longer for a database
_MOST_NOTES = 20
_EARLIER_MS = 300_000  # a message of a step may be a little older than what the database says of it
_FIRING = 'ALERTS{product="didban",alertstate="firing",alertname!="Watchdog"}'
_SINCE = 'ALERTS_FOR_STATE{product="didban",alertname!="Watchdog"}'
_DRILLED = "max by (vantage) (last_over_time(didban_drill_timestamp_seconds[30d]))"
_STEP = ("network", "vantage", "extent")

Own = Callable[[], AsyncIterator[tuple[Series, float]]]


class Overview:
    """Args:
    own: what the hub says of itself.
    book: of whom the relay told what; None without a relay.
    """

    def __init__(
        self, loaded: LoadedHub, gateway: Gateway, queue: Queue, *, own: Own, clock: Clock, book: Desk | None
    ) -> None:
        self._loaded, self._gateway, self._queue, self._own = loaded, gateway, queue, own
        self._clock, self._book = clock, book
        forward = loaded.config.forward
        self._database = (
            Far.of(forward.query, forward.basic_auth, forward.tls, loaded.folder) if forward.query else None
        )
        self._one_at_a_time = asyncio.Lock()
        self._beside: Json = {}
        self._asked_s: float | None = None

    async def status(self) -> Json:
        """As `GET /api/v1/status` has it, and beside it what else is known."""
        now_ms = self._clock.now_ms()
        own = {series: number async for series, number in self._own()}
        name = self._loaded.config.name or self._loaded.config.listen
        said = fleet.status(self._gateway, self._queue, own, name, now_ms)
        beside = await self._known(now_ms)
        delivered, drilled = beside.get("delivered"), beside.get("drilled", {})
        for each in said["vantages"]:
            if delivered is not None:
                each["delivered"] = delivered.get(each["vantage"], {"last": None, "ticks_1h": 0, "ticks_1d": 0})
            each["drilled"] = drilled.get(each["vantage"])
        more = {key: beside[key] for key in ("asked", "incidents") if key in beside}
        return said | more | {"notes": await asyncio.to_thread(self._notes)}

    def _notes(self) -> list[Json]:
        """The newest first."""
        found = notes.read(self._loaded.folder / self._loaded.config.notes)[-_MOST_NOTES:]
        return [{"at": instant(each.at_ms), "incident": each.incident, "text": each.text} for each in reversed(found)]

    # ---------------------------------------------------------------- what the database and the relay know

    async def _known(self, now_ms: int) -> Json:
        if self._database is None:
            return {"asked": "forward.query is not set in hub.yml: what the database has was not asked"}
        async with self._one_at_a_time:
            now_s = self._clock.elapsed_s()
            if self._asked_s is None or now_s - self._asked_s >= _FRESH_S:
                try:
                    async with asyncio.timeout(_PATIENCE_S):
                        self._beside = await self._ask(self._database, now_ms)
                except TimeoutError:
                    self._beside = {"asked": f"the database did not answer within {_PATIENCE_S:.0f} seconds"}
                self._asked_s = self._clock.elapsed_s()
            return self._beside

    async def _ask(self, database: Far, now_ms: int) -> Json:
        delivered, rows = await asyncio.gather(
            fleet.delivered(database, now_ms),
            asyncio.gather(*(vectors.at(database, query, now_ms) for query in (_DRILLED, _FIRING, _SINCE))),
        )
        if isinstance(delivered, Unanswered):
            return {"asked": f"the database was asked, and {delivered.why}"}
        found: list[list[Found]] = []
        for each in rows:
            if isinstance(each, Unanswered):
                return {"asked": f"the database was asked, and {each.why}"}
            found.append(each)
        drilled, firing, since = found
        fired = incidents(firing, since)
        if self._book is not None:
            for incident in fired:
                incident["told"] = await told(self._book, incident, now_ms)
        when = {each.labels.get("vantage", ""): instant(int(each.value * 1000)) for each in drilled}
        return {"delivered": delivered, "drilled": when, "incidents": fired}


async def told(book: Desk, incident: Json, now_ms: int) -> Json | None:
    """By the relay's book: how many messages, the first delivered, who has it. None where it cannot be read."""
    labels = {key: incident[key] for key in ("country", "service") if incident.get(key)}
    named = {each["alert"] for each in incident["steps"]}
    since_ms = min((each["since_ms"] for each in incident["steps"] if each["since_ms"]), default=now_ms)
    window = {"since_ms": since_ms - _EARLIER_MS, "until_ms": now_ms + _EARLIER_MS}
    try:
        held = await receipts.held(book, **window, labels=labels)
    except (OSError, sqlite3.OperationalError):
        return None
    found = [each for each in held if named & {of.get("alertname") for of in each.alerts}]
    delivered = [each.done_ms for each in found if each.state == "delivered" and each.done_ms is not None]
    taken = next((each.taken_by for each in found if each.taken_by), None)
    first = instant(min(delivered)) if delivered else None
    return {"messages": len(found), "delivered": len(delivered), "first": first, "taken_by": taken}


def incidents(firing: Sequence[Found], since: Sequence[Found]) -> list[Json]:
    """What fires, together what belongs together: steps in the order they came; the newest incident first.

    `since`: by Prometheus's own account (`ALERTS_FOR_STATE`), when each began to hold.
    """
    began = {_same(each): int(each.value * 1000) for each in since}
    steps: defaultdict[tuple[str, str, str], list[Json]] = defaultdict(list)
    for each in firing:
        labels, at_ms = each.labels, began.get(_same(each), 0)
        place = (labels.get("country", ""), labels.get("family", ""), labels.get("service", ""))
        step = {"alert": labels.get("alertname", ""), "severity": labels.get("severity", "info")}
        steps[place].append(
            step | {"since": instant(at_ms), "since_ms": at_ms} | {key: labels.get(key, "") for key in _STEP}
        )
    found: list[Json] = []
    for (country, family, service), rows in steps.items():
        ordered = sorted(rows, key=lambda row: (row["since_ms"], row["alert"], row["network"], row["vantage"]))
        found.append({"country": country, "family": family, "service": service, "steps": ordered})
    return sorted(found, key=lambda each: -max(row["since_ms"] for row in each["steps"]))


def _same(found: Found) -> frozenset[tuple[str, str]]:
    """What ALERTS and ALERTS_FOR_STATE of one alert have in common."""
    return frozenset((key, text) for key, text in found.labels.items() if key not in ("__name__", "alertstate"))
