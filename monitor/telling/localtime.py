"""Local time of a country, for the texts people read. Records, rules and baselines stay in UTC.

Tehran went from UTC+4:30 to +3:30 in the very night of 21 September 2022: the offset comes from the time zone database
for the instant in question, never from a constant.
"""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import zoneinfo
from collections.abc import Iterator
from pathlib import Path


def country_here(localtime: Path = Path("/etc/localtime")) -> str:
    """The country of this machine's own time zone; ZZ where it has none, as most servers do (they keep UTC)."""
    zone = str(localtime.resolve()).partition("zoneinfo/")[2]
    return next((code for code, name in _zones() if name == zone), "ZZ")


def _zones() -> Iterator[tuple[str, str]]:
    """(country, zone) of tzdata's zone.tab, in its order: the zone most people of a country live in comes first."""
    table = importlib.resources.files("tzdata") / "zoneinfo" / "zone.tab"
    for line in table.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            code, _, name, *_ = line.split("\t")
            yield code, name


@functools.cache
def zone_of(country: str) -> zoneinfo.ZoneInfo | None:
    """The zone most people of a country live in. None for a country without one."""
    return next((zoneinfo.ZoneInfo(name) for code, name in _zones() if code == country), None)


def utc_offset_s(country: str, at_ms: int) -> float | None:
    """Local time minus UTC in seconds at that instant."""
    zone = zone_of(country)
    if zone is None:
        return None
    offset = datetime.datetime.fromtimestamp(at_ms / 1000, zone).utcoffset()
    return offset.total_seconds() if offset is not None else None
