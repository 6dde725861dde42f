"""What people are owed: a message that Alertmanager was thanked for is on the disk until it is told, or given up aloud.

One message to one person for one step, however often and by however many Alertmanagers it is brought.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from monitor.relay import tables
from monitor.relay.alerts import NEWS, Alert, Payload, key_of, worst
from monitor.relay.texts import Text

_KEEP_MS = 400 * 86_400_000  # receipts, as long as the database keeps what they are of


class State(StrEnum):
    """Of a message. `elsewhere`: another relay told it; `refused`, `given_up`: nobody was told, and that was said."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    ELSEWHERE = "elsewhere"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person or a room, by one way."""

    way: str
    person: str


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    key: str
    incident: str
    recipient: Recipient
    severity: str
    text: Text
    linked: bool
    created_ms: int
    tries: int


Compose = Callable[[Sequence[Alert]], Text]

_COLUMNS = "id, key, incident, way, person, severity, title, body, linked, created_ms, tries"


class Outbox:
    """Of one relay. What a method wrote is through to the disk when it returns."""

    def __init__(self, path: Path, *, now_ms: Callable[[], int], repeat_ms: int) -> None:
        self.desk = tables.desk(path, now_ms)
        self._now_ms, self._repeat_ms = now_ms, repeat_ms
        self._listeners: list[asyncio.Event] = []

    async def open(self) -> None:
        """Raises OSError where the file cannot be used."""
        before_ms = self._now_ms() - _KEEP_MS

        def forget(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM messages WHERE created_ms < ? AND state <> 'waiting'", (before_ms,))
            db.execute("DELETE FROM told WHERE message NOT IN (SELECT id FROM messages)")
            db.execute("DELETE FROM links WHERE expires_ms < ?", (before_ms,))

        await self.desk.do(forget)

    async def close(self) -> None:
        await self.desk.close()

    def listen(self) -> asyncio.Event:
        """Set whenever something came."""
        self._listeners.append(asyncio.Event())
        return self._listeners[-1]

    # ---------------------------------------------------------------- coming

    async def take(self, payload: Payload, recipients: Sequence[Recipient], compose: Compose) -> int:
        """How many messages it made. Raises OSError, sqlite3.OperationalError: not taken, must come again."""
        now_ms = self._now_ms()
        firing = [alert for alert in payload.alerts if alert.status == "firing"]

        def keep(db: sqlite3.Connection) -> int:
            return sum(self._owe(db, payload.groupKey, firing, each, compose, now_ms) for each in recipients)

        made = await self.desk.do(keep)
        if made:
            for each in self._listeners:
                each.set()
        return made

    def _owe(
        self, db: sqlite3.Connection, group: str, firing: Sequence[Alert], to: Recipient, compose: Compose, now_ms: int
    ) -> int:
        """A message with what this person was not told yet; 0 where there is nothing."""
        tellings = {alert.telling(now_ms, self._repeat_ms): alert for alert in firing if not _is_by(alert, to)}
        new = {telling: each for telling, each in tellings.items() if not _spared(db, to, telling, each)}
        if not new:
            return 0
        alerts = list(new.values())
        incident = key_of("", group, list(new))
        key = key_of(f"{to.way} {to.person}", group, list(new))
        text, linked = compose(alerts), all(each.name not in NEWS and each.severity != "info" for each in alerts)
        sql = "INSERT OR IGNORE INTO incidents(id, summary, created_ms) VALUES (?, ?, ?)"
        db.execute(sql, (incident, text.title, now_ms))
        rows = [(incident, each.step, each.fingerprint, json.dumps(each.labels, sort_keys=True)) for each in alerts]
        db.executemany("INSERT OR IGNORE INTO alerts(incident, step, fingerprint, labels) VALUES (?, ?, ?, ?)", rows)
        sql = "INSERT OR IGNORE INTO messages(key, incident, way, person, severity, title, body, linked, created_ms,"
        sql += " due_ms, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')"
        row = (key, incident, to.way, to.person, worst(alerts), text.title, text.body, linked, now_ms, now_ms)
        cursor = db.execute(sql, row)
        told = [(to.way, to.person, telling, cursor.lastrowid) for telling in new]
        db.executemany("INSERT OR IGNORE INTO told VALUES (?, ?, ?, ?)", told)
        return cursor.rowcount

    # ---------------------------------------------------------------- going

    async def next_for(self, to: Recipient) -> tuple[Message | None, int]:
        """The message that is due, pages first; and when the next one is, in milliseconds since 1970 (0: none)."""
        now_ms = self._now_ms()

        def find(db: sqlite3.Connection) -> tuple[Message | None, int]:
            mine = (to.way, to.person)
            sql = f"SELECT {_COLUMNS} FROM messages WHERE state = 'waiting' AND way = ? AND person = ? AND due_ms <= ?"  # noqa: S608 - names of ours
            row = db.execute(f"{sql} ORDER BY severity <> 'page', id LIMIT 1", (*mine, now_ms)).fetchone()
            sql = "SELECT min(due_ms) FROM messages WHERE state = 'waiting' AND way = ? AND person = ?"
            (due_ms,) = db.execute(sql, mine).fetchone()
            return (_message(row) if row else None), due_ms or 0

        return await self.desk.do(find)

    async def settle(self, message: Message, state: State, *, receipt: str = "", why: str = "") -> None:
        row = (state.value, self._now_ms(), receipt, why, message.id)
        sql = "UPDATE messages SET state = ?, done_ms = ?, receipt = ?, why = ?, tries = tries + 1 WHERE id = ?"
        await self.desk.do(lambda db: db.execute(sql, row).close())

    async def put_off(self, message: Message, until_ms: int, why: str, *, tried: bool = True) -> None:
        row = (until_ms, why, int(tried), message.id)
        await self.desk.do(
            lambda db: db.execute(
                "UPDATE messages SET due_ms = ?, why = ?, tries = tries + ? WHERE id = ?", row
            ).close()
        )

    async def tellings(self, message: Message) -> list[str]:
        """Which steps a message tells."""
        sql = "SELECT telling FROM told WHERE message = ? ORDER BY telling"
        return await self.desk.do(lambda db: [row[0] for row in db.execute(sql, (message.id,))])

    async def known(self, to: Recipient, tellings: Sequence[str]) -> set[State]:
        """How it stands with these steps here; empty where one of them was never heard of."""

        def find(db: sqlite3.Connection) -> set[State]:
            sql = "SELECT state FROM told JOIN messages ON id = message"
            sql += " WHERE told.way = ? AND told.person = ? AND telling = ?"
            rows = [db.execute(sql, (to.way, to.person, each)).fetchone() for each in tellings]
            return {State(row[0]) for row in rows if row} if rows and all(rows) else set()

        return await self.desk.do(find)

    async def counts(self) -> dict[tuple[str, str], int]:
        """Messages by (way, state)."""
        sql = "SELECT way, state, count(*) FROM messages GROUP BY way, state"
        return await self.desk.do(lambda db: {(way, state): count for way, state, count in db.execute(sql)})


def _message(row: Sequence[object]) -> Message:
    number, key, incident, way, person, severity, title, body, linked, created_ms, tries = row
    return Message(
        int(str(number)),
        str(key),
        str(incident),
        Recipient(str(way), str(person)),
        str(severity),
        Text(str(title), str(body)),
        bool(linked),
        int(str(created_ms)),
        int(str(tries)),
    )


def _is_by(alert: Alert, to: Recipient) -> bool:
    """Who took it need not be told so."""
    return alert.name == "Taken" and alert.annotations.get("by", "") == to.person


def _spared(db: sqlite3.Connection, to: Recipient, telling: str, alert: Alert) -> bool:
    """Whether this person knows already, or it is a repeat of what somebody has."""
    sql = "SELECT 1 FROM told WHERE way = ? AND person = ? AND telling = ?"
    if db.execute(sql, (to.way, to.person, telling)).fetchone():
        return True
    sql = "SELECT 1 FROM alerts JOIN incidents ON incidents.id = incident WHERE step = ? AND taken_by IS NOT NULL"
    return not telling.endswith("/0") and db.execute(sql, (alert.step,)).fetchone() is not None
