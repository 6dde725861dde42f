"""From when until when: dates, times and lengths as people type them, and times as evidence writes them. UTC."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from probes.doors.schema import seconds

LAST_MS = 253_402_300_799_999  # the end of the year 9999, the last that RFC 3339 can write


@dataclass(frozen=True, slots=True)
class Window:
    """From `since_ms` until just before `until_ms`."""

    since_ms: int
    until_ms: int

    @classmethod
    def of(cls, since: str, until: str | None, now_ms: int) -> Window:
        """Raises ValueError: one of the two is none, or the end is not after the beginning."""
        found = cls(moment(since, now_ms), moment(until, now_ms) if until is not None else now_ms)
        if found.until_ms <= found.since_ms:
            raise ValueError(f"--until ({rfc3339(found.until_ms)}) is not after --since ({rfc3339(found.since_ms)})")
        return found


def moment(given: str, now_ms: int) -> int:
    """`2026-11-21`, `2026-11-21T05:30:00Z`, or so long ago: `7d`. Without a zone it is UTC."""
    try:
        return max(0, now_ms - int(seconds(given) * 1000))
    except ValueError:
        pass
    return instant(given)


def instant(given: str) -> int:
    """`2026-11-21`, or `2026-11-21T05:30:00Z`, in milliseconds since 1970. Raises ValueError."""
    try:
        at = datetime.datetime.fromisoformat(given.strip().upper())
        at = at.replace(tzinfo=datetime.UTC) if at.tzinfo is None else at
        found = (at - datetime.datetime.fromtimestamp(0, datetime.UTC)) // datetime.timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise ValueError(f"{given!r} is no date (2026-11-21), no time (2026-11-21T05:30:00Z), no length (7d)") from None
    if not 0 <= found <= LAST_MS:
        raise ValueError(f"{given!r} is before 1970 or after 9999")
    return found


def rfc3339(at_ms: int, *, digits: int = 3) -> str:
    """`2026-11-21T05:30:00.000Z`; empty for a time no calendar has."""
    if not 0 <= at_ms <= LAST_MS:
        return ""
    whole = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{at_ms % 1000:03}Z" if digits else f"{whole}Z"
