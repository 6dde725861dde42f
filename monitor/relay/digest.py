"""The weekly word: what each box delivered, what stands, what was lost or late. That it comes shows that pages would.

It is posted to Alertmanager as an alert of its own, so that it goes by every way a page goes, and once.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from monitor.beside.rulefiles import RUNBOOK_URL, relinked
from monitor.decoding import from_json
from monitor.disk.desk import Desk
from monitor.home.querying import Far
from monitor.notify.settings import DAYS, Digest, Pages
from monitor.relay.alertmanager import Alertmanagers
from probes.ports import Clock

_SLOTS = 2016  # of five minutes in a week: how often memory.yml looks
_WELL = 0.95
_LATE_MS = 86_400_000
_STANDS_MS = 3_600_000
_MOST_ROWS = 40
_QUERIES = {
    "expected": "max by (vantage, country, network, role) (didban_vantage_expected == 1)",
    "paused": "max by (vantage) (didban_vantage_paused == 1)",
    "live": f"max by (vantage) (changes(didban:vantage_heartbeat:timestamp_5m[7d])) / {_SLOTS}",
    "ticks": "max by (vantage) (count_over_time(didban_heartbeat_timestamp_seconds[7d]))",
    "silent": "time() - max by (vantage) (last_over_time(didban_heartbeat_timestamp_seconds[7d])) > 900",
    "pending": "max by (vantage) (didban_ship_pending_samples) > 3000",
    "refused": "sum by (vantage) (increase(didban_ship_quarantined_total[7d])) > 0",
    "aside": "sum by (reason) (increase(didban_hub_quarantined_total[7d])) > 0",
    "standing": 'didban:service_verdict{verdict=~"blocked|throttled|cut_off|down"}'
    " unless on (country, network, service) didban:service_worked:timestamp",
    "alerts": "count by (alertname, severity)"
    ' (count_over_time(ALERTS{alertstate="firing",severity=~"page|ticket"}[7d]))',
}


class _Row(msgspec.Struct, frozen=True):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(msgspec.Struct, frozen=True):
    result: list[_Row]


class _Found(msgspec.Struct, frozen=True):
    data: _Data


@dataclass(frozen=True, slots=True)
class Week:
    """What the database answered, by question; `unanswered`: why, where it did not."""

    rows: Mapping[str, Sequence[_Row]] = field(default_factory=dict)
    unanswered: str = ""

    def by_vantage(self, name: str) -> dict[str, float]:
        return {each.metric.get("vantage", ""): float(each.value[1]) for each in self.rows.get(name, ())}


def due_ms(digest: Digest, now_ms: int) -> tuple[int, str]:
    """The moment of this week, by the clock of the zone, and the week's name (ISO 8601)."""
    zone = zoneinfo.ZoneInfo(digest.zone)
    here = datetime.datetime.fromtimestamp(now_ms / 1000, zone)
    day = here.date() + datetime.timedelta(days=DAYS.index(digest.day) - here.weekday())
    moment = datetime.datetime.combine(day, datetime.time.fromisoformat(digest.at), zone)
    year, week, _ = day.isocalendar()
    return int(moment.timestamp() * 1000), f"{year}-W{week:02}"


async def asked(database: Far | None) -> Week:
    if database is None:
        return Week(unanswered="hub.yml says nowhere where the database is asked (forward.query)")
    rows: dict[str, Sequence[_Row]] = {}
    for name, query in _QUERIES.items():
        said = await database.ask("/api/v1/query", {"query": query})
        if not isinstance(said, bytes):
            return Week(unanswered=f"the database did not answer: {said.why}")
        try:
            rows[name] = from_json(said, type=_Found).data.result
            for each in rows[name]:
                float(each.value[1])  # whoever tells the week counts on it
        except ValueError:  # no JSON of that shape, or no number
            return Week(unanswered="the database says nothing that Prometheus would")
    return Week(rows)


def told(week: Week, lost: int) -> tuple[str, str]:
    """The first line, and the rest. `lost`: messages of this relay that nobody got."""
    if week.unanswered:
        return (
            f"Didban, the week: nothing is known of it; {week.unanswered}",
            "That this message came says only that messages come.",
        )
    rows = [(each.metric, _row(week, each.metric)) for each in week.rows["expected"]]
    unwell = [text for metric, (text, well) in rows if not well]
    flaws = list(_flaws(week, lost))
    standing = sorted(_standing(week))
    well = not unwell and not flaws
    first = (
        f"All is well: {_boxes(len(rows))} delivered"
        if well
        else f"The week: {len(rows) - len(unwell)} of {len(rows)} boxes well"
    )
    first += f", {len(standing)} standing" if standing else ", nothing standing"
    parts = [
        *flaws,
        "Boxes (share of the week heard live; ticks with what came late):",
        *sorted(text for _, (text, _) in rows)[:_MOST_ROWS],
        "Standing (reached by no line for 14 days; pages nobody):" if standing else "Nothing stands.",
        *standing[:_MOST_ROWS],
        "Told: " + (", ".join(sorted(_alerts(week))) or "no page and no ticket"),
    ]
    return first, "\n".join(parts)


def _boxes(count: int) -> str:
    return f"{count} box{'es' if count != 1 else ''}"


def _row(week: Week, box: Mapping[str, str]) -> tuple[str, bool]:
    """A line on one box, and whether it is well. A pause is agreed, and so is well."""
    vantage = box.get("vantage", "")
    place = "/".join(each for each in (box.get("country", ""), box.get("network", "")) if each)
    if vantage in week.by_vantage("paused"):
        return f"- {vantage} {place}: paused", True
    live, ticks = week.by_vantage("live").get(vantage, 0.0), week.by_vantage("ticks").get(vantage, 0.0)
    late = " silent now" if vantage in week.by_vantage("silent") or not ticks else ""
    late += " late (has more to send)" if vantage in week.by_vantage("pending") else ""
    return f"- {vantage} {place}: {min(live, 1):.0%}, {ticks:.0f} ticks{late}", live >= _WELL and not late


def _flaws(week: Week, lost: int) -> Iterator[str]:
    for vantage, count in week.by_vantage("refused").items():
        yield f"Quarantined: {count:.0f} samples of {vantage} that the receiver will not take"
    for each in week.rows["aside"]:
        yield f"Quarantined at the hub: {float(each.value[1]):.0f} samples ({each.metric.get('reason', 'unknown')})"
    if lost:
        yield f"{lost} messages reached nobody: see the receipts"


def _standing(week: Week) -> Iterator[str]:
    for each in week.rows["standing"]:
        service, verdict, country, network = (
            each.metric.get(name, "") for name in ("service", "verdict", "country", "network")
        )
        yield f"- {service} {verdict} on {country}/{network}"


def _alerts(week: Week) -> Iterator[str]:
    for each in week.rows["alerts"]:
        yield f"{float(each.value[1]):.0f} {each.metric.get('alertname', '')} ({each.metric.get('severity', '')})"


class Weekly:
    """Says it once a week, also when the relay was away at that hour; a day later it is no news."""

    def __init__(
        self,
        digest: Digest,
        desk: Desk,
        alertmanagers: Alertmanagers,
        *,
        pages: Pages,
        database: Far | None,
        clock: Clock,
    ) -> None:
        self._digest, self._desk, self._alertmanagers = digest, desk, alertmanagers
        self._database, self._clock = database, clock
        self._runbook = relinked(f"{RUNBOOK_URL}/WeeklyDigest", pages)

    async def look(self) -> None:
        now_ms = self._clock.now_ms()
        at_ms, week = due_ms(self._digest, now_ms)
        if not at_ms <= now_ms < at_ms + _LATE_MS or await self._mark() == week:
            return
        sql = "SELECT count(*) FROM messages WHERE state IN ('refused', 'given_up') AND created_ms > ?"
        lost = await self._desk.do(lambda db: int(db.execute(sql, (now_ms - 7 * 86_400_000,)).fetchone()[0]))
        summary, description = told(await asked(self._database), lost)
        labels = {"alertname": "WeeklyDigest", "severity": "info", "product": "didban", "family": "own"}
        annotations = {"summary": summary, "description": description, "summary_fa": "گزارش هفتگی دیدبان"}
        annotations["runbook_url"] = self._runbook
        if await self._alertmanagers.post(labels, annotations, from_ms=at_ms, to_ms=now_ms + _STANDS_MS):
            row = ("digest", week)
            await self._desk.do(lambda db: db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", row).close())

    async def _mark(self) -> str:
        sql = "SELECT value FROM marks WHERE name = 'digest'"
        row = await self._desk.do(lambda db: db.execute(sql).fetchone())
        return row[0] if row else ""
