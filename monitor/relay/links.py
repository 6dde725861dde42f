"""The one-time link "I have it": random, known here by its hash alone, good for some days, and for one incident."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from monitor.disk.desk import Desk
from monitor.relay.outbox import Message

_GOOD_MS = 3 * 86_400_000
_MOST = 64  # characters of a token somebody shows


class Opened(Enum):
    """What a link opens."""

    OPEN = auto()  # nobody has it yet
    TAKEN = auto()  # by this very link, now
    HELD = auto()  # somebody has it
    UNKNOWN = auto()  # no such link, or not any more


@dataclass(frozen=True, slots=True)
class Sight:
    """What the page says: never more than the first line of the message, and who has it."""

    opened: Opened
    summary: str = ""
    by: str = ""
    at_ms: int = 0


class Links:
    def __init__(self, desk: Desk, *, now_ms: Callable[[], int], url: str | None) -> None:
        self._desk, self._now_ms, self._url = desk, now_ms, (url or "").rstrip("/")

    async def make(self, message: Message) -> str:
        """A new one at every try, so that no token is ever kept; empty where no phone could open it."""
        if not self._url:
            return ""
        token = secrets.token_urlsafe(24)
        row = (_hash(token), message.incident, message.recipient.person, self._now_ms() + _GOOD_MS)
        sql = "INSERT INTO links(hash, incident, person, expires_ms) VALUES (?, ?, ?, ?)"
        await self._desk.do(lambda db: db.execute(sql, row).close())
        return f"{self._url}/have/{token}"

    async def look(self, token: str) -> Sight:
        """Changes nothing: link previews and scanners look as well."""
        return await self._desk.do(lambda db: self._sight(db, token)[0])

    async def use(self, token: str) -> Sight:
        """Takes the incident for the person of the link, unless somebody has it."""

        def take(db: sqlite3.Connection) -> Sight:
            sight, incident, person = self._sight(db, token)
            if sight.opened is not Opened.OPEN:
                return sight
            now_ms = self._now_ms()
            sql = "UPDATE incidents SET taken_by = ?, taken_ms = ? WHERE id = ?"
            db.execute(sql, (person, now_ms, incident))
            db.execute("UPDATE links SET used_ms = ? WHERE hash = ?", (now_ms, _hash(token)))
            return Sight(Opened.TAKEN, sight.summary, person, now_ms)

        return await self._desk.do(take)

    def _sight(self, db: sqlite3.Connection, token: str) -> tuple[Sight, str, str]:
        sql = "SELECT incident, person, summary, taken_by, taken_ms FROM links JOIN incidents ON id = incident"
        sql += " WHERE hash = ? AND expires_ms > ?"
        row = db.execute(sql, (_hash(token[:_MOST]), self._now_ms())).fetchone()
        if row is None:
            return Sight(Opened.UNKNOWN), "", ""
        incident, person, summary, by, at_ms = row
        if by is not None:
            return Sight(Opened.HELD, summary, by, at_ms), incident, person
        return Sight(Opened.OPEN, summary), incident, person


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
