"""Carries over from a damaged spool whatever can still be read. Judges nothing."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

from monitor.disk import rescue
from monitor.keeping import chain

# tables in which a damaged stretch can be stepped over
_BY_NUMBER = {
    "series": "id",
    "walks": "id",
    "ticks": "at_ms",
    "boots": "id",
    "waiting": "id",
    "stamped": "at_ms",
    "sealed": "id",
    "summaries": "hour_ms",
    "links": "number",
    "day_keys": "day",
}
_WHOLE = ("owed", "aside", "memory", "accounts", "stamps")


def carry_over(wreck: Path, db: sqlite3.Connection) -> Counter[str]:
    """Rows by table that came over. Ticks whose acknowledgement cannot be read are owed again: a resend is harmless."""
    came = rescue.carry_over(wreck, db, _BY_NUMBER, _WHOLE)
    db.execute("DELETE FROM owed WHERE at_ms NOT IN (SELECT at_ms FROM ticks)").close()
    chain.mend(db)
    return came
