"""Local time of a country, for the texts people read. Records, rules and baselines stay in UTC.

Tehran went from UTC+4:30 to +3:30 in the very night of 21 September 2022: the offset comes from the time zone database
for the instant in question, never from a constant.
"""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import zoneinfo


@functools.cache
def zone_of(country: str) -> zoneinfo.ZoneInfo | None:
    """The zone most people of a country live in: the first of tzdata's zone.tab. None for a country without one."""
    table = importlib.resources.files("tzdata") / "zoneinfo" / "zone.tab"
    for line in table.read_text(encoding="utf-8").splitlines():
        code, _, rest = line.partition("\t")
        if code == country:
            return zoneinfo.ZoneInfo(rest.split("\t")[1])
    return None


def utc_offset_s(country: str, at_ms: int) -> float | None:
    """Local time minus UTC in seconds at that instant."""
    zone = zone_of(country)
    if zone is None:
        return None
    offset = datetime.datetime.fromtimestamp(at_ms / 1000, zone).utcoffset()
    return offset.total_seconds() if offset is not None else None
