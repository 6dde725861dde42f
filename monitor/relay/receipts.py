"""Who was told what, when, and by which way: read from the outbox by whoever explains. Only reads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from monitor.disk.desk import Desk
from monitor.relay.alerts import matches

_MOST = 1_000
_SQL = """
SELECT messages.id, created_ms, way, person, severity, title, state, done_ms, tries, receipt, why, messages.incident,
  (SELECT taken_by FROM incidents WHERE incidents.id = messages.incident),
  (SELECT taken_ms FROM incidents WHERE incidents.id = messages.incident),
  (SELECT json_group_array(json(labels)) FROM alerts WHERE alerts.incident = messages.incident)
FROM messages WHERE created_ms >= ? AND created_ms < ? ORDER BY messages.id DESC LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One message to one person.

    Attributes:
        asked_ms: when Alertmanager handed it over.
        state: waiting, delivered, elsewhere, refused, given_up.
        done_ms: when that became so; None while it waits.
        receipt: the far end's own name for what it took. That somebody read it nobody says but `taken_by`.
        alerts: the labels of what it told of.
    """

    asked_ms: int
    way: str
    person: str
    severity: str
    title: str
    state: str
    done_ms: int | None
    tries: int
    receipt: str
    why: str
    incident: str
    taken_by: str | None
    taken_ms: int | None
    alerts: tuple[Mapping[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"alerts": [dict(each) for each in self.alerts]}


def of(
    path: Path, *, since_ms: int = 0, until_ms: int = 2**62, labels: Mapping[str, str] | None = None
) -> list[Receipt]:
    """The newest first, of those that told of an alert with such labels. `path`: the outbox; none there, none told.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    if not path.exists():
        return []
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return _read(db, since_ms, until_ms, labels or {})
    finally:
        db.close()


async def held(desk: Desk, *, since_ms: int, until_ms: int, labels: Mapping[str, str]) -> list[Receipt]:
    """The same, by the relay itself."""
    return await desk.do(lambda db: _read(db, since_ms, until_ms, labels))


def _read(db: sqlite3.Connection, since_ms: int, until_ms: int, labels: Mapping[str, str]) -> list[Receipt]:
    return list(_fitting(db.execute(_SQL, (since_ms, until_ms, _MOST)), labels))


def _fitting(rows: Iterable[tuple[Any, ...]], wanted: Mapping[str, str]) -> Iterable[Receipt]:
    for _, *row, alerts in rows:
        told = tuple(json.loads(alerts))
        if any(matches(each, wanted) for each in told):
            yield Receipt(*(*row, told))
