"""Commitments to records, and the chain they hang in. Pure arithmetic; `verify.py` states the same for outsiders.

A commitment is `SHA-256(salt | record)`. A plain hash of so predictable a record can be inverted by trying times; so
the salt is `HMAC-SHA-256(key of the day, id of the walk)`: one record is opened by its salt, and no other with it.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

KEY_BYTES = SIZE = 32
HOUR_MS, DAY_MS = 3_600_000, 86_400_000

_GENESIS = b"didban chain 1\n"


@dataclass(frozen=True, slots=True)
class Link:
    """The walks of one hour, committed to when it was closed. `number` counts from 1 without a gap.

    Attributes:
        hour_ms: when that hour began, by the clock of the box.
        ids: of the walks, in the order of their commitments.
        previous: the head before it; `head` follows from it and all of this.
    """

    number: int
    hour_ms: int
    ids: tuple[int, ...]
    commitments: bytes
    previous: bytes
    head: bytes

    @property
    def day(self) -> int:
        """Since 1970, UTC."""
        return self.hour_ms // DAY_MS


def salt(key: bytes, id: int) -> bytes:
    return hmac.digest(key, str(id).encode(), "sha256")


def commitment(salt: bytes, record: bytes) -> bytes:
    return hashlib.sha256(salt + record).digest()


def genesis(vantage: str) -> bytes:
    """What stands before the first link of a vantage."""
    return hashlib.sha256(_GENESIS + vantage.encode()).digest()


def link(number: int, hour_ms: int, records: Sequence[tuple[int, bytes]], key: bytes, previous: bytes) -> Link:
    """`records`: id and bytes, in the order of their ids."""
    ids = tuple(id for id, _ in records)
    commitments = b"".join(commitment(salt(key, id), record) for id, record in records)
    return Link(number, hour_ms, ids, commitments, previous, head(previous, hour_ms, ids, commitments))


def head(previous: bytes, hour_ms: int, ids: Iterable[int], commitments: bytes) -> bytes:
    """`SHA-256(previous | "2026-11-21T05Z 1-5,7" newline | commitments)`."""
    label = f"{hour_name(hour_ms)} {ranges(ids)}\n".encode()
    return hashlib.sha256(previous + label + commitments).digest()


def hour_name(hour_ms: int) -> str:
    """`2026-11-21T05Z`; of a clock that is beyond every calendar, the number of the hour."""
    try:
        return f"{datetime.datetime.fromtimestamp(hour_ms / 1000, datetime.UTC):%Y-%m-%dT%HZ}"
    except (OverflowError, ValueError, OSError):
        return f"hour {hour_ms // HOUR_MS}"


def ranges(ids: Iterable[int]) -> str:
    """`1-5,7` of ascending ids."""
    runs = (
        [id for _, id in run] for _, run in itertools.groupby(enumerate(ids), key=lambda placed: placed[1] - placed[0])
    )
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def unranged(text: str) -> tuple[int, ...]:
    """And back. Raises ValueError for what is none."""
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return tuple(found)
