"""An hour of the spool in one piece: its rows exactly as they lay on disk, with the names of the series they number.

A piece explains itself: the numbers of series in it are its own, whatever the spool numbers by them today. Pure.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from monitor.decoding import Undecodable, from_msgpack, inflated
from monitor.keeping.ticks import Kept, legible

HOUR_MS = 3_600_000
_FORMAT = 1
_MOST_BYTES = 256 * 1024 * 1024  # unpacked; whoever knows a box's public key can seal what it likes to it
_FAST = 3  # level 9 takes four times as long for a tenth less (measured on an hour of the default selection)

_Kind = type | tuple[type, ...]
# what is read of a piece: whoever knows the public key can make one, and what is in it is of his making
_READ: Mapping[str, Mapping[str, _Kind]] = {
    "walks": {"id": int, "started_ms": int, "target": str, "round": int, "walk": (bytes, str)},
    "accounts": {"mark": str, "started_ms": int, "account": (bytes, str)},
    "ticks": {"at_ms": int, "samples": bytes, "ended": bytes},
    "series": {"id": int, "name": str, "labels": str},
}

Row = tuple[int | str | bytes | float | None, ...]


class Unreadable(ValueError):
    """What was opened is no piece of a spool, or one of a newer Didban."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Of one table. `columns`: by name, so that a later format may have more."""

    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()

    def of(self, *names: str) -> Iterator[Row]:
        """Each row, these columns alone. Raises ValueError for one that is not there."""
        places = [self.columns.index(name) for name in names] if self.rows else []
        yield from (tuple(row[place] for place in places) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Hour:
    """`tables`: walks, accounts, ticks, and the series their ticks number."""

    hour_ms: int
    tables: Mapping[str, Rows]

    def rows(self, table: str) -> Rows:
        return self.tables.get(table, Rows())

    def __bool__(self) -> bool:
        return any(self.rows(table).rows for table in ("walks", "accounts", "ticks"))

    @property
    def ticks(self) -> Iterator[Kept]:
        rows = self.rows("ticks").of("at_ms", "samples", "ended")
        return (kept for row in rows if (kept := legible(row)) is not None)  # type: ignore[arg-type]


class _Packed(msgspec.Struct):
    format: int
    hour_ms: int
    tables: dict[str, tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]]  # msgspec wants no union of text and bytes


def pack(hour: Hour) -> bytes:
    """As it is sealed."""
    tables = {name: (each.columns, each.rows) for name, each in hour.tables.items()}
    return zlib.compress(msgspec.msgpack.encode(_Packed(_FORMAT, hour.hour_ms, tables)), _FAST)


def unpack(packed: bytes) -> Hour:
    """Raises Unreadable."""
    try:
        found = from_msgpack(inflated(packed, _MOST_BYTES), type=_Packed)
    except Undecodable:
        raise Unreadable("it is no piece of a spool") from None
    if found.format != _FORMAT:
        raise Unreadable("a newer Didban sealed it")
    for name, (columns, rows) in found.tables.items():
        if not _fits(_READ.get(name, {}), columns, rows):
            raise Unreadable("it is no hour of a spool")
    return Hour(found.hour_ms, {name: Rows(columns, rows) for name, (columns, rows) in found.tables.items()})


def _fits(wanted: Mapping[str, _Kind], columns: tuple[str, ...], rows: tuple[Row, ...]) -> bool:
    """Whether every row has a cell in each column, and what will be read of them is what it should be."""
    if rows and not wanted.keys() <= set(columns):
        return False
    places = [(columns.index(name), kind) for name, kind in wanted.items()] if rows else []
    return all(len(row) == len(columns) and all(isinstance(row[place], kind) for place, kind in places) for row in rows)
