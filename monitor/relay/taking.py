"""What follows when somebody has it: the repeats are silenced while the alert lasts, the others are told who.

A silence is short and renewed: a relay that dies leaves none that could mute the next shutdown, and one whose alert is
over is lifted after a quarter of an hour.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.beside.rulefiles import RUNBOOK_URL, relinked
from monitor.disk.desk import Desk
from monitor.logs import Log
from monitor.notify.settings import Pages
from monitor.relay.alertmanager import Alertmanagers, rfc3339
from probes.ports import Clock

_SILENT_S = 3600.0
_OVER_AFTER_S = 900.0
_LONGEST_S = 7 * 86_400.0
_ANNOUNCED_S = 300.0
_PLACE = ("country", "network", "service", "vantage")

_log = Log()


@dataclass(frozen=True, slots=True)
class Held:
    """An incident that somebody has."""

    id: str
    summary: str
    by: str
    taken_ms: int
    announced: bool


@dataclass(frozen=True, slots=True)
class Covered:
    """One alert of it. `seen_ms`: when it last fired."""

    step: str
    fingerprint: str
    labels: Mapping[str, str]
    silence: str
    until_ms: int
    seen_ms: int


class Taking:
    def __init__(
        self, desk: Desk, alertmanagers: Alertmanagers, *, pages: Pages, clock: Clock, time_scale: float
    ) -> None:
        self._desk, self._alertmanagers, self._clock, self._scale = desk, alertmanagers, clock, time_scale
        self._runbook = relinked(f"{RUNBOOK_URL}/Taken", pages)

    async def look(self) -> None:
        """Everything that is taken and not over, once."""
        held = await self._desk.do(_held)
        if not held:
            return
        standing = await self._alertmanagers.standing()
        if standing is None:
            return
        for each in held:
            await self._announce(each)
            await self._look_at(each, standing)

    async def _look_at(self, held: Held, standing: set[str]) -> None:
        over = [
            await self._cover(held, each, standing) for each in await self._desk.do(lambda db: _covered(db, held.id))
        ]
        if all(over):
            await self._desk.do(lambda db: db.execute("UPDATE incidents SET over = 1 WHERE id = ?", (held.id,)).close())
            _log.info("taken_is_over", incident=held.id[:12])

    async def _cover(self, held: Held, alert: Covered, standing: set[str]) -> bool:
        """Silences its repeats while it fires. Whether it is over."""
        now_ms = self._clock.now_ms()
        fires = alert.fingerprint in standing
        seen_ms = now_ms if fires else alert.seen_ms or held.taken_ms
        if now_ms - held.taken_ms > self._ms(_LONGEST_S) or now_ms - seen_ms > self._ms(_OVER_AFTER_S):
            silent = bool(alert.silence) and alert.until_ms > now_ms
            return not silent or await self._alertmanagers.lift(alert.silence)
        silence, until_ms = alert.silence, alert.until_ms
        if fires and until_ms - now_ms < self._ms(_SILENT_S) / 2:
            until_ms = now_ms + self._ms(_SILENT_S)
            comment = f"{held.by} has it since {rfc3339(held.taken_ms)}; repeats are silent while it lasts"
            silence = await self._alertmanagers.silence(
                alert.labels, comment, by=held.by, from_ms=now_ms, to_ms=until_ms, known=alert.silence
            )
            if not silence:
                return False
        row = (silence, until_ms, seen_ms, held.id, alert.step)
        sql = "UPDATE alerts SET silence = ?, silent_until_ms = ?, seen_ms = ? WHERE incident = ? AND step = ?"
        await self._desk.do(lambda db: db.execute(sql, row).close())
        return False

    async def _announce(self, held: Held) -> None:
        """By every way there is: an alert of its own, so that e-mail and Telegram hear of it too, and once."""
        if held.announced:
            return
        covered = await self._desk.do(lambda db: _covered(db, held.id))
        place = covered[0].labels if covered else {}
        labels = {"alertname": "Taken", "severity": "info", "product": "didban", "incident": held.id[:12]}
        labels |= {key: place[key] for key in ("family", *_PLACE) if key in place}
        annotations = {"summary": f"{held.by} has it: {held.summary}", "by": held.by}
        annotations["summary_fa"] = f"\u2068{held.by}\u2069 به عهده گرفت"
        annotations["runbook_url"] = self._runbook
        annotations["description"] = f"Since {rfc3339(held.taken_ms)}. Repeats are silent while it lasts; news is not."
        to_ms = self._clock.now_ms() + self._ms(_ANNOUNCED_S)
        if await self._alertmanagers.post(labels, annotations, from_ms=held.taken_ms, to_ms=to_ms):
            sql = "UPDATE incidents SET announced = 1 WHERE id = ?"
            await self._desk.do(lambda db: db.execute(sql, (held.id,)).close())

    def _ms(self, length_s: float) -> int:
        return int(length_s * 1000 / self._scale)


def _held(db: sqlite3.Connection) -> list[Held]:
    sql = "SELECT id, summary, taken_by, taken_ms, announced FROM incidents WHERE taken_by IS NOT NULL AND over = 0"
    return [Held(row[0], row[1], row[2], row[3], bool(row[4])) for row in db.execute(sql)]


def _covered(db: sqlite3.Connection, incident: str) -> list[Covered]:
    sql = "SELECT step, fingerprint, labels, silence, silent_until_ms, seen_ms FROM alerts WHERE incident = ?"
    return [Covered(row[0], row[1], json.loads(row[2]), *row[3:]) for row in db.execute(sql, (incident,))]
