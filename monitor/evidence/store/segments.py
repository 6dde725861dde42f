"""A closed hour as a file for a store: its walks as in a sealed export, compressed; the same bytes every time."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.evidence.opened import line
from monitor.evidence.proof.commitments import Link, commitment, hour_name, salt
from monitor.keeping import chain
from monitor.stored.committed import Record

_NOWHERE = "none"  # in the place of a network nobody stated


@dataclass(frozen=True, slots=True)
class Segment:
    """`name`: `IR/AS197207/v7f3a/2026-11-21T05.jsonl.gz`; a later link of the same hour has its number in it."""

    link: int
    name: str
    content: bytes


def after(db: sqlite3.Connection, number: int, identity: Mapping[str, str]) -> Segment | None:
    """Of the next link behind that one; None where there is none. Runs on the spool's own thread."""
    found = db.execute("SELECT min(number) FROM links WHERE number > ? AND ids != ''", (number,)).fetchone()[0]
    if found is None:
        return None
    link = chain.link_at(db, found)
    again = db.execute("SELECT 1 FROM links WHERE hour_ms = ? AND number < ? LIMIT 1", (link.hour_ms, found)).fetchone()
    key = chain.keys(db).get(link.day, b"")
    sql = "SELECT id, started_ms, target, round, CAST(walk AS BLOB) FROM walks WHERE id BETWEEN ? AND ? ORDER BY id"
    records = (Record(*row) for row in db.execute(sql, (link.ids[0], link.ids[-1])))
    committed = dict(zip(link.ids, _pieces(link), strict=True))
    lines = [_line(each, link.number, committed[each.id], key) for each in records if each.id in committed]
    return Segment(link.number, _name(link, identity, again=again is not None), gzip.compress(b"".join(lines), mtime=0))


def _line(record: Record, number: int, committed: bytes, key: bytes) -> bytes:
    opening = salt(key, record.id)
    return line(record, number, opening if commitment(opening, record.blob) == committed else None)


def _pieces(link: Link) -> list[bytes]:
    size = len(link.commitments) // len(link.ids)
    return [link.commitments[at : at + size] for at in range(0, len(link.commitments), size)]


def _name(link: Link, identity: Mapping[str, str], *, again: bool) -> str:
    who = [identity[key] or _NOWHERE for key in ("country", "network", "vantage")]
    hour = hour_name(link.hour_ms).removesuffix("Z")
    return "/".join((*who, f"{hour}-{link.number}.jsonl.gz" if again else f"{hour}.jsonl.gz"))
